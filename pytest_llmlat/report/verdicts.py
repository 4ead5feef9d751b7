"""Verdicts for people: worst first, changes in their natural direction."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llmlat.report.figures import MISSING, ratio, seconds
from pytest_llmlat.values.figure_table import FIGURES
from pytest_llmlat.values.results import OUTCOMES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pytest_llmlat.values.results import Outcome, Verdict

COLUMNS = (
    "gate",
    "cell",
    "quantity",
    "against",
    "baseline → candidate",
    "change [90 %]",
    "tolerance",
)
"""Columns of a verdict's line before its notes."""
_LATENCIES = {
    figure.short
    for figure in FIGURES.values()
    if figure.unit == "s" and figure.shape == "distribution"
}
_COSTS = {figure.short for figure in FIGURES.values() if figure.unit in ("money", "J")}
_POINTS = {figure.short for figure in FIGURES.values() if figure.unit == "ratio"}
_PERCENT = 100.0
_OPEN: Mapping[Outcome, str] = {"inconclusive": "undecided", "warned": "warned of"}
"""Words for what is no pass and fails nothing."""
_SHOUTED: Mapping[Outcome, str] = {"regression": "REGRESSION", "failed": "FAILED"}


@dataclass(frozen=True, slots=True)
class _Scale:
    """The scale on which changes of a quantity are written."""

    factor: float
    """Factor from a change of which positive is worse to one that people expect."""
    places: int
    unit: str


_SHARE = _Scale(_PERCENT, 1, " %")
_DROP = _Scale(-1.0, 3, "")
# Nobody has told which way such a quantity is good, so the word stands beside it.
_OTHER = _Scale(1.0, 3, " worse")


def short_name(text: str) -> str:
    """Return the last part of a path or an address, by which a person knows it.

    A limit as it was typed is no path and stays.
    """
    if "<" in text or ">" in text:
        return text
    return (
        text.rstrip("/").replace("\\", "/").rpartition("/")[2].rpartition("#")[2]
        or text
    )


def ordered(verdicts: Iterable[Verdict]) -> list[Verdict]:
    """Sort verdicts: worst first, then passes that are worse, then all other passes.

    What is equal in this keeps its order.
    """
    return sorted(
        verdicts, key=lambda v: (OUTCOMES.index(v.outcome), not _tolerated(v))
    )


def columns(verdict: Verdict) -> tuple[str, ...]:
    """Return the texts of a verdict under ``COLUMNS``."""
    return (
        _SHOUTED.get(verdict.outcome, verdict.outcome),
        verdict.cell,
        verdict.quantity,
        verdict.against,
        _figures(verdict),
        _change(verdict),
        _tolerance(verdict),
    )


def own_notes(verdict: Verdict) -> str:
    """Return notes from the figures, where the gate's own note does not say it."""
    told = []
    if _tolerated(verdict) and "worse" not in (verdict.note or ""):
        told.append("worse, within the tolerance")
    told += _needed(verdict)
    return "; ".join(told)


def _needed(verdict: Verdict) -> Iterable[str]:
    """Say how many samples or baseline runs would decide, as a range."""
    least, runs = verdict.needed_at_least, verdict.needed_runs
    if runs is not None:
        word = "run" if runs == 1 else "runs"
        yield f"about {_range(least, runs)} more baseline {word} would decide"
    elif verdict.needed_samples is not None:
        if verdict.samples is not None:
            yield f"{verdict.samples} pairs"
        yield f"about {_range(least, verdict.needed_samples)} samples would decide"
    elif least is not None:
        word = "run" if least == 1 else "runs"
        yield (
            f"about {least} more baseline {word} would decide every second time, and"
            " no number nearly always: measure more samples too"
        )


def more_needed(verdicts: Iterable[Verdict]) -> str | None:
    """Say how many more samples, or baseline runs, would decide all of them.

    ``None`` where nobody can tell.
    """
    open_ = list(verdicts)
    runs = [v for v in open_ if v.needed_runs is not None]
    if runs:
        enough = max(v.needed_runs or 0 for v in runs)
        least = max(v.needed_at_least or 0 for v in runs) or None
        word = "run" if enough == 1 else "runs"
        return f"about {_range(least, enough)} more baseline {word}"
    counted = [v for v in open_ if v.needed_samples is not None and v.samples]
    if not counted:
        return None
    enough = max((v.needed_samples or 0) - (v.samples or 0) for v in counted)
    at_least = [
        v.needed_at_least - (v.samples or 0) for v in counted if v.needed_at_least
    ]
    least = max(1, *at_least) if at_least else None
    return f"about {_range(least, enough)} more samples"


def _range(least: int | None, enough: int) -> str:
    return f"{enough}" if least in (None, enough) else f"{least} to {enough}"


def outcome_counts(verdicts: Iterable[Verdict]) -> str:
    """Count outcomes, worst first: ``1 regression, 2 inconclusive, 23 pass``."""
    found = Counter(v.outcome for v in verdicts)
    return ", ".join(
        f"{found[outcome]} {outcome}"
        + ("s" if outcome == "regression" and found[outcome] > 1 else "")
        for outcome in OUTCOMES
        if found[outcome]
    )


def gate_summary(verdicts: Sequence[Verdict]) -> str:
    """Return the sum of all verdicts and how the gate ended.

    What nobody could decide, and what was warned of, is not said to have passed without
    a word; a warning is not undecided.
    """
    counts = outcome_counts(verdicts)
    if any(v.failing for v in verdicts):
        return f"{counts}: FAILED"
    outcomes = Counter(v.outcome for v in verdicts)
    told = [f"{outcomes[o]} {word}" for o, word in _OPEN.items() if outcomes[o]]
    return ", ".join([f"{counts}: passed", *told])


def summed_passes(passed: Sequence[Verdict]) -> str:
    """Count what passes, and how much of it is worse all the same."""
    worse = sum(_tolerated(v) for v in passed)
    told = f" ({worse} of them worse, within the tolerance)" if worse else ""
    return f"{len(passed)} pass{told}"


def _tolerated(verdict: Verdict) -> bool:
    """Whether it passes although it is certainly worse."""
    low = verdict.low
    return verdict.outcome == "pass" and low is not None and low > 0


def all_notes(verdict: Verdict) -> str:
    """Return the gate's own note and what follows from the figures."""
    told = (verdict.note, own_notes(verdict))
    return "; ".join(note for note in told if note) or MISSING


def _kind(quantity: str) -> str:
    """Return a quantity without its percentile: ``ttft`` of ``ttft_p95``."""
    return quantity.partition("_")[0]


def _scale(quantity: str) -> _Scale:
    if _kind(quantity) in _LATENCIES or quantity in _COSTS:
        return _SHARE
    return _DROP if quantity in _POINTS else _OTHER


def _figures(verdict: Verdict) -> str:
    if verdict.baseline is None and verdict.candidate is None:
        return MISSING
    before, after = (
        figure_text(verdict.quantity, value)
        for value in (verdict.baseline, verdict.candidate)
    )
    return f"{before} → {after}"


def figure_text(quantity: str, value: float | None) -> str:
    """Write a figure of a quantity."""
    if value is None:
        return MISSING
    if _kind(quantity) in _LATENCIES:
        return seconds(value)
    return ratio(value) if quantity in _POINTS else f"{value:.4g}"


def _change(verdict: Verdict) -> str:
    """Write a change with its interval, low end first in the direction shown."""
    scale = _scale(verdict.quantity)
    ends = [verdict.low, verdict.high]
    if scale.factor < 0:
        ends.reverse()
    if verdict.change is None and ends == [None, None]:
        return MISSING
    low, high = (_signed(end, scale) for end in ends)
    interval = "[no interval]" if ends == [None, None] else f"[{low}, {high}]"
    value = _signed(verdict.change, scale)
    return f"{value}{'' if value == MISSING else scale.unit} {interval}"


def _signed(value: float | None, scale: _Scale) -> str:
    """Write a change with its sign; no change at all has a plus."""
    if value is None or math.isnan(value):
        return MISSING
    return f"{value * scale.factor + 0.0:+.{scale.places}f}"


def _tolerance(verdict: Verdict) -> str:
    """Write what was allowed, in the direction of the change and as it was typed.

    It is not rounded as changes are: a change is judged by its exact value.
    """
    if verdict.tolerance is None:
        return MISSING
    scale = _scale(verdict.quantity)
    return f"{verdict.tolerance * scale.factor + 0.0:+.10g}{scale.unit}"
