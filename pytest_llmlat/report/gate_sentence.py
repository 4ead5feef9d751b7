"""The gate's sentence: how much worse, how sure, and the verdict."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pytest_llmlat.gate.changes import RATIOS
from pytest_llmlat.gate.hypotheses import ALL_CELLS
from pytest_llmlat.gate.pair_costs import COSTS
from pytest_llmlat.gate.pairing import LATENCIES
from pytest_llmlat.report.figures import MISSING
from pytest_llmlat.report.verdicts import figure_text, more_needed, short_name
from pytest_llmlat.values.results import OUTCOMES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pytest_llmlat.values.records import Cell
    from pytest_llmlat.values.results import Verdict

_FEW = 3
_PERCENT = 100.0
_WHOLE = 10.0
"""Per cent from which on no tenth is written."""
_NO_LIMITS = ("records", "rules", "tests", "tolerance", "yardstick")
"""Quantities of verdicts on what is there, and on the rules themselves."""
_LONG = 160
"""Letters at most of a note from elsewhere."""


@dataclass(frozen=True, slots=True)
class _Finding:
    """One half of a comparison: ``12 % [8, 16] slower``."""

    words: str
    link: str
    """Word before what it was compared with: ``than`` or ``as``."""
    tail: str = ""
    verb: str = "is"
    """Verb where it is not plainly so: ``may be`` of what could not be decided."""

    def beside(self, other: str) -> str:
        """Return the finding with what it was compared with."""
        return f"{self.verb} {self.words} {self.link} {other}{self.tail}"

    def after(self, first: _Finding) -> str:
        """Return the finding as it stands behind another one."""
        verb = "" if self.verb == first.verb else f"{self.verb} "
        return f"{verb}{self.words}{self.tail}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Compared:
    """The verdicts of one model beside one other."""

    model: str
    against: str
    verdicts: tuple[Verdict, ...]

    @property
    def cells(self) -> list[str]:
        """The cells that are compared, ``all cells`` left out."""
        own = (v.cell for v in self.verdicts if v.cell != ALL_CELLS)
        return list(dict.fromkeys(own))

    def half(self, names: Sequence[str]) -> list[Verdict]:
        """Return the worst verdict of each cell on one of some quantities."""
        found: dict[str, Verdict] = {}
        for verdict in sorted(self.verdicts, key=lambda v: _rank(v, names)):
            if verdict.quantity in names:
                found.setdefault(verdict.cell, verdict)
        return list(found.values())


def gate_sentence(verdicts: Sequence[Verdict], cells: Mapping[str, Cell]) -> str:
    """Return the sentence.

    Args:
        verdicts: at least one.
        cells: that they are about, by their ids.
    """
    groups = _groups(verdicts, cells)
    others = [v for v in verdicts if not _compares(v)]
    failing = any(v.failing for v in verdicts)
    open_ = [v for v in verdicts if v.outcome == "inconclusive"]
    parts = [_compared(each, failing=failing) for each in groups[:_FEW]]
    if len(groups) > _FEW:
        parts.append(f"and {len(groups) - _FEW} more")
    parts += _other_parts(others, alone=not groups)
    told = "; ".join(parts)
    if failing:
        return f"{told}: FAILED"
    if open_:
        return f"undecided: {told}"
    doubts = sum(v.outcome == "warned" for v in verdicts)
    return f"{told}: passed" + (f", {doubts} warned of" if doubts else "")


def _groups(verdicts: Iterable[Verdict], cells: Mapping[str, Cell]) -> list[_Compared]:
    """Return the verdicts by what was compared with what, the worst first."""
    found: dict[tuple[str, str], list[Verdict]] = defaultdict(list)
    whole: dict[str, list[Verdict]] = defaultdict(list)
    for verdict in filter(_compares, verdicts):
        if verdict.cell == ALL_CELLS:
            whole[verdict.against].append(verdict)
        else:
            name = _compared_name(verdict, cells.get(verdict.cell))
            found[name, verdict.against].append(verdict)
    several = len({model for model, _ in found}) > 1
    groups = [
        _Compared(
            model=model,
            against=short_name(against),
            verdicts=(*own, *(() if several else whole[against])),
        )
        for (model, against), own in found.items()
    ]
    if several:
        groups += [
            _Compared(model=ALL_CELLS, against=short_name(a), verdicts=tuple(own))
            for a, own in whole.items()
        ]
    return sorted(groups, key=lambda g: min(_rank(v, ()) for v in g.verdicts))


def _compared_name(verdict: Verdict, cell: Cell | None) -> str:
    """Return what is compared, as a person knows it: a model, or one of its prompts."""
    if cell is None:
        return verdict.cell
    prompt = cell.task.partition("#")[2]
    if prompt and verdict.against.startswith("prompt "):
        return f"prompt {prompt}"
    return short_name(cell.model)


def _compares(verdict: Verdict) -> bool:
    """Whether a verdict is on a change, and not on a limit or on what is missing."""
    return verdict.tolerance is not None


def _rank(verdict: Verdict, names: Sequence[str]) -> tuple[int, int, float]:
    """Sort the worst first; of equal ones as the names stand, the largest change."""
    place = names.index(verdict.quantity) if verdict.quantity in names else len(names)
    return OUTCOMES.index(verdict.outcome), place, -(verdict.change or 0.0)


def _compared(group: _Compared, *, failing: bool) -> str:
    """Say how a model compares."""
    halves = [
        _half(group, found)
        for names in (LATENCIES, ("quality",), COSTS)
        if (found := group.half(names))
    ]
    extra = _balance(group)
    open_ = [v for v in group.verdicts if v.outcome == "inconclusive"]
    if not halves:
        return f"{group.model} beside {group.against}: {extra or 'not compared'}"
    first, *rest = halves
    told = " and ".join([first.beside(group.against), *(r.after(first) for r in rest)])
    told = f"{group.model} {told}{extra}"
    if not open_:
        return told
    if failing:
        return f"{told} ({len(open_)} of {len(group.verdicts)} undecided)"
    needed = more_needed(open_)
    why = next((v.note for v in open_ if v.note), None)
    if needed is not None:
        return f"{needed} decide; {told}"
    return f"{told}" + (f" ({why[:_LONG]})" if why else "")


def _half(group: _Compared, found: Sequence[Verdict]) -> _Finding:
    """Say how one half compares, over all cells."""
    cells = [v for v in found if v.cell != ALL_CELLS]
    whole = next((v for v in found if v.cell == ALL_CELLS), None)
    count = len(group.cells)
    if len(cells) == 1 and count == 1:
        return _one(cells[0])
    bad = [v for v in found if v.outcome == found[0].outcome and not _good(v)]
    if whole is not None and (whole in bad or not bad):
        return _with(_one(whole), f" over all {count} cells")
    if not bad:
        apart = [v for v in cells if _certain(v)]
        if not apart:
            return _with(_even(cells[0]), f" in all {count} cells")
        bad = apart
    worst = bad[0]
    most = _one(worst)
    task = worst.cell.partition("|")[0]
    where = f" in {len(bad)} of {count} cells, most in {task}"
    return _with(most, where)


def _with(finding: _Finding, tail: str) -> _Finding:
    return replace(finding, tail=f"{finding.tail}{tail}")


def _good(verdict: Verdict) -> bool:
    return verdict.outcome == "pass"


def _certain(verdict: Verdict) -> bool:
    """Whether it passes and differs for certain, either way."""
    low, high = verdict.low, verdict.high
    return low is not None and high is not None and (low > 0 or high < 0)


def _one(verdict: Verdict) -> _Finding:
    """Say how one quantity of one cell compares."""
    if _good(verdict) and not _certain(verdict):
        return _even(verdict)
    better = (verdict.change or 0.0) < 0
    size = _size(verdict, better=better)
    tail = " (tolerated)" if _good(verdict) and not better else ""
    verb = "may be" if verdict.outcome == "inconclusive" else "is"
    if verdict.quantity in LATENCIES:
        name = "" if verdict.quantity == "e2e" else f" in {verdict.quantity}"
        words = f"{size} {'faster' if better else 'slower'}{name}"
        return _Finding(words, "than", tail, verb)
    if verdict.quantity in COSTS:
        of = " in joules" if verdict.quantity == "joules_per_correct" else ""
        words = f"{size} {'cheaper' if better else 'dearer'}{of} per right answer"
        return _Finding(words, "than", tail, verb)
    words = "better" if better else "worse"
    return _Finding(words, "than", f" by {size}{tail}", verb)


def _even(verdict: Verdict) -> _Finding:
    words = {**dict.fromkeys(LATENCIES, "as fast"), **dict.fromkeys(COSTS, "as cheap")}
    return _Finding(words.get(verdict.quantity, "as good"), "as")


def _size(verdict: Verdict, *, better: bool) -> str:
    """Write how much a change is, with its interval, counted in its direction."""
    sign = -1.0 if better else 1.0
    low, high = verdict.low, verdict.high
    ends = [high, low] if better else [low, high]
    timed = verdict.quantity in RATIOS
    value = _amount(sign * (verdict.change or 0.0), timed=timed)
    unit = " %" if timed else ""
    if None in ends:
        return f"{value}{unit}"
    shown = ", ".join(
        _amount(sign * end, timed=timed) for end in ends if end is not None
    )
    return f"{value}{unit} [{shown}]"


def _amount(value: float, *, timed: bool) -> str:
    if not timed:
        return f"{value + 0.0:.3f}"
    percent = value * _PERCENT
    return f"{percent + 0.0:.0f}" if abs(percent) >= _WHOLE else f"{percent + 0.0:.1f}"


def _balance(group: _Compared) -> str:
    """Say of the balance that it is worse where neither half is."""
    found = [v for v in group.half(("balanced",)) if not _good(v)]
    halves = [*group.half(LATENCIES), *group.half(("quality",))]
    if not found or not all(map(_good, halves)):
        return ""
    return f", with a balance worse by {_size(found[0], better=False)}"


def _other_parts(verdicts: Sequence[Verdict], *, alone: bool) -> Iterable[str]:
    """Say which limits are missed, and what is not there."""
    for outcome in ("failed", "inconclusive"):
        own = [v for v in verdicts if v.outcome == outcome]
        for verdict in own[:_FEW]:
            yield _other(verdict)
        if len(own) > _FEW:
            yield f"and {len(own) - _FEW} more"
    if alone and not any(v.outcome in ("failed", "inconclusive") for v in verdicts):
        limits = [v for v in verdicts if v.quantity not in _NO_LIMITS]
        kept = sum(v.outcome == "pass" for v in limits)
        warned = [v for v in verdicts if v.outcome == "warned"]
        if kept:
            yield f"{kept} of {len(limits)} limits kept for certain"
        elif warned:
            yield _other(warned[0])
        elif verdicts:
            yield _other(verdicts[0])
            if len(verdicts) > 1:
                yield f"and {len(verdicts) - 1} more"


def _other(verdict: Verdict) -> str:
    """Say what a limit, or what is not there, comes to."""
    where = "" if verdict.cell == MISSING else f" of {verdict.cell}"
    note = (verdict.note or "")[:_LONG]
    if verdict.candidate is None:
        return f"{verdict.quantity}{where} beside {short_name(verdict.against)}: {note}"
    figure = figure_text(verdict.quantity, verdict.candidate)
    verb = {"failed": "misses", "warned": "keeps, not for certain,"}
    told = verb.get(verdict.outcome, "misses, not for certain,")
    return f"{verdict.quantity}{where} is {figure} and {told} {verdict.against}"
