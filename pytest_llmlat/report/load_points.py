"""The points of load curves: their order, and notes on them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmlat.report.figures import MISSING, counted
from pytest_llmlat.values.figure_columns import noted_counts

if TYPE_CHECKING:
    from pytest_llmlat.values.cell_facts import LoadFacts
    from pytest_llmlat.values.results import Summary


def load_order(summary: Summary) -> tuple[str, float]:
    """Sort by kind of scenario, then by level."""
    kind, _, level = summary.cell.scenario.partition(":")
    return kind, float(level or 0)


def load_notes(summary: Summary) -> str:
    """Return the notes of a load: failed requests, and whose time was measured."""
    told = counted(noted_counts(summary, "loads"))
    load, more = summary.load, list[str]()
    if load is not None:
        more = [
            *keeping_notes(summary),
            *_turned_away(summary.cell.scenario, load),
            *_load_facts(load),
        ]
    if summary.unjudged:
        more.append(f"no goodput: tokens of {summary.unjudged} answers untimed")
    return ", ".join([*([] if told == MISSING and more else [told]), *more])


def keeping_notes(summary: Summary) -> list[str]:
    """Return notes on whether a load was kept up and steady."""
    found, load = summary.steadiness, summary.load
    if found is None or load is None:
        return []
    notes = []
    if found.keeps_up is False:
        notes.append("NOT KEEPING UP")
    elif load.steady is False:
        notes.append("not steady")
    elif found.keeps_up is None and found.offered_per_s is not None:
        notes.append("too few to tell if it keeps up")
    return notes


def _turned_away(scenario: str, load: LoadFacts) -> list[str]:
    """Say how many requests were in flight of a closed loop, and what did not count."""
    kind, _, level = scenario.partition(":")
    notes = []
    if kind == "concurrent" and load.batch is None and load.in_flight < int(level):
        notes.append(f"at most {load.in_flight} of {level} in flight")
    uncounted = {
        "retries": load.uncounted_retries,
        "errors": load.uncounted_failed,
    }
    if any(uncounted.values()):
        notes.append(f"{counted(uncounted)} of uncounted requests")
    return notes


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
