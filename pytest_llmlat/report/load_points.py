"""The points of load curves: their order, and notes on them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmlat.report.figures import MISSING, counted
from pytest_llmlat.values.figure_columns import noted_counts

if TYPE_CHECKING:
    from pytest_llmlat.values.records import LoadFacts
    from pytest_llmlat.values.results import Summary


def load_order(summary: Summary) -> tuple[str, float]:
    """Sort by kind of scenario, then by level."""
    kind, _, level = summary.cell.scenario.partition(":")
    return kind, float(level or 0)


def load_notes(summary: Summary) -> str:
    """Say what became of requests, and whose time was measured."""
    told = counted(noted_counts(summary, "loads"))
    more = _load_facts(summary.load) if summary.load is not None else []
    return ", ".join([*([] if told == MISSING and more else [told]), *more])


def _load_facts(load: LoadFacts) -> list[str]:
    """Say in which batches a load was answered, and whose time was measured."""
    notes = []
    if load.batch is not None and load.batching is not None:
        halved = f", halved {load.batch_halved} x" if load.batch_halved else ""
        notes.append(f"batch {load.batch} ({load.batching}{halved})")
    if load.batch_changed:
        notes.append(f"{load.batch_changed} of {load.batch_checked} answers changed")
    if load.client_limited:
        notes.append("client-limited")
    return notes
