"""Changes of the rules by a change that is held to those of its base.

Where the rules come from the base branch, those of the change are not followed; they
are compared cell by cell and reported, so that whoever merges it sees what later
changes will be held to.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from pytest_llmlat.gate.changes import BALANCED, QUALITY
from pytest_llmlat.gate.tolerances import NEW_CELLS, UNSURE
from pytest_llmlat.values.results import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pytest_llmlat.gate.tolerances import GateRules, Limit, Sign
    from pytest_llmlat.values.records import Cell

RULES = "rules"
"""Quantity of a verdict on the rules themselves."""
_STRICTNESS = {"fail": 2, "warn": 1, "pass": 0}


def rule_changes(
    base: GateRules, head: GateRules, cells: Iterable[Cell], *, name: str
) -> tuple[Verdict, ...]:
    """Return verdicts on changed tolerances, and on undecided and new cells.

    Args:
        base: the rules that are followed.
        head: those that the change brings.
        cells: that are measured, as far as rules are about cells.
        name: of the base, as it was typed.
    """
    found: dict[str, list[str]] = defaultdict(list)
    for cell in cells:
        ours, theirs = head.tolerated(cell), base.tolerated(cell)
        for quantity in dict.fromkeys((*theirs, *ours)):
            told = _tolerance(quantity, theirs.get(quantity), ours.get(quantity))
            if told is not None:
                found[told].append(cell.id)
        now, then = head.least_answered(cell), base.least_answered(cell)
        if now != then:
            told = f"requests to be answered {100 * then:g} % → {100 * now:g} %"
            found[f"{_verb(looser=now < then)}: {told}"].append(cell.id)
    pairs = (
        ("inconclusive", UNSURE, base.unsure, head.unsure),
        ("new cells", NEW_CELLS, base.new_cells, head.new_cells),
    )
    for what, _, before, after in pairs:
        if after != before:
            looser = _STRICTNESS[after] < _STRICTNESS[before]
            found[f"{_verb(looser=looser)}: {what} {before} → {after}"] = []
    return _told(found, name)


def limit_changes(
    base: Sequence[Limit], head: Sequence[Limit], cells: Iterable[Cell], *, name: str
) -> tuple[Verdict, ...]:
    """Return verdicts on changed absolute limits."""
    found: dict[str, list[str]] = defaultdict(list)
    for cell in cells:
        ours, theirs = _strictest(head, cell), _strictest(base, cell)
        for key in dict.fromkeys((*theirs, *ours)):
            told = _limit(theirs.get(key), ours.get(key))
            if told is not None:
                found[told].append(cell.id)
    return _told(found, name)


def _tolerance(quantity: str, then: float | None, now: float | None) -> str | None:
    if then == now:
        return None
    if now is None:
        return f"loosens: {quantity} is gated no more"
    if then is None:
        return f"tightens: {quantity} is gated, {_shown(quantity, now)}"
    verb = _verb(looser=now > then)
    return f"{verb}: {quantity} {_shown(quantity, then)} → {_shown(quantity, now)}"


def _limit(then: Limit | None, now: Limit | None) -> str | None:
    if now is None:
        return None if then is None else f"loosens: limit {then.text} is gone"
    if then is None:
        return f"tightens: limit {now.text} is new"
    if then.bound == now.bound:
        return None
    looser = now.bound > then.bound if now.sign == "<=" else now.bound < then.bound
    return f"{_verb(looser=looser)}: limit {then.text} → {now.text}"


def _strictest(limits: Iterable[Limit], cell: Cell) -> Mapping[tuple[str, Sign], Limit]:
    """Return the strictest bound of each figure."""
    found: dict[tuple[str, Sign], Limit] = {}
    for limit in limits:
        if limit.scope.holds(cell):
            key = (limit.quantity, limit.sign)
            strict = min if limit.sign == "<=" else max
            known = found.get(key, limit)
            found[key] = strict(known, limit, key=lambda each: each.bound)
    return found


def _verb(*, looser: bool) -> str:
    return "loosens" if looser else "tightens"


def _shown(quantity: str, tolerance: float) -> str:
    if quantity in (QUALITY, BALANCED):
        return f"{tolerance:g}"
    return f"{100 * tolerance:g} %"


def _told(found: Mapping[str, Sequence[str]], name: str) -> tuple[Verdict, ...]:
    return tuple(
        Verdict(
            cell=cells[0] if len(cells) == 1 else "-",
            quantity=RULES,
            outcome="warned" if told.startswith("loosens") else "pass",
            against=name,
            note=f"this change {told}"
            f"{f' ({len(cells)} cells)' if len(cells) > 1 else ''}; not followed here,"
            f" the rules are those of {name}",
        )
        for told, cells in found.items()
    )
