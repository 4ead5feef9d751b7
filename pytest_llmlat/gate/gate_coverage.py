"""Coverage of the gate: what it would let pass unseen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmlat.gate.matching import disturbed
from pytest_llmlat.gate.pairing import LATENCIES
from pytest_llmlat.values.results import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_llmlat.gate.tolerances import Tolerance
    from pytest_llmlat.store.baselines import Baseline
    from pytest_llmlat.values.cell_facts import CellFacts
    from pytest_llmlat.values.records import Cell

_SHOWN = 3


def nothing_in_common(
    baseline: Baseline, facts: Sequence[CellFacts]
) -> tuple[Verdict, ...]:
    """Fail a run that shares no cell with its baseline.

    Each of its cells would be called new, and a renamed model would take the gate away.
    """
    stored = [cell.cell.id for cell in baseline.cells]
    if not facts or any(fact.cell.id in stored for fact in facts):
        return ()
    note = (
        f"no cell of this run is in it: it has {_some(stored)}, this run"
        f" {_some([fact.cell.id for fact in facts])}; after a change of names store it"
        " anew"
    )
    return (_verdict(baseline.name, "failed", note),)


def idle_tolerances(
    tolerances: Iterable[Tolerance], cells: Iterable[Cell]
) -> tuple[Verdict, ...]:
    """Warn of tolerances that no measured cell is held to, such as a typing error."""
    measured = tuple(cells)
    return tuple(
        Verdict(
            cell="-",
            quantity="tolerance",
            outcome="warned",
            against=tolerance.scope.text,
            note="no such cell was measured",
        )
        for tolerance in tolerances
        if not any(tolerance.scope.holds(cell) for cell in measured)
    )


def never_gated(path: str, facts: Iterable[CellFacts]) -> tuple[Verdict, ...]:
    """Warn of cells that are stored and whose times will never be gated."""
    found = [(fact.cell.id, why) for fact in facts if (why := disturbed(fact))]
    if not found:
        return ()
    cell, why = found[0]
    others = f" and {len(found) - 1} more" if len(found) > 1 else ""
    note = (
        f"stored, but times of {cell}{others} will not be gated beside it ({why});"
        " store a run of a quiet machine too"
    )
    return (_verdict(path, "warned", note),)


def faster_than_runs(
    path: str, verdicts: Iterable[Verdict], *, stored: int
) -> tuple[Verdict, ...]:
    """Warn of a run that is stored and is faster than runs differ.

    Args:
        path: of the baseline.
        verdicts: on this run beside those that are there.
        stored: how many these are.
    """
    faster = [
        v
        for v in verdicts
        if v.quantity in LATENCIES and v.high is not None and v.high < 0
    ]
    if not faster:
        return ()
    most = min(faster, key=lambda v: v.change or 0.0)
    note = (
        f"stored, but {most.quantity} of {most.cell} is {-(most.change or 0):.0%} less"
        f" than in the {stored} before it, more than runs differ; if it is a change,"
        " leave out the older runs, if it was luck this one: llmlat baseline prune"
        f" {path}"
    )
    return (_verdict(path, "warned", note),)


def _some(names: Sequence[str]) -> str:
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _verdict(against: str, outcome: str, note: str) -> Verdict:
    return Verdict(
        cell="-",
        quantity="records",
        outcome="failed" if outcome == "failed" else "warned",
        against=against,
        note=note,
    )
