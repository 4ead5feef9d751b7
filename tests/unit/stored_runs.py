"""Small runs on a disk, written as a session writes them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pytest_llmlat.store.journal import Journal
from tests.unit.builders import a_cell, a_record, a_timing, an_error, some_facts

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pytest_llmlat.values.cell_facts import CellFacts
    from pytest_llmlat.values.records import Cell, Record

HERE: Mapping[str, Any] = {
    "cpu": "this one",
    "cores": 2,
    "python": "3.11.7",
    "pytest-llmlat": "0",
}
COUNT = 24
STARTED = "2026-01-01T00:00:00+00:00"
ODD = "hf:org/🦉 \"owl\" & 'co' $x_1$"
"""A model's name with a slash, quotes and what is no letter."""
HOSTILE = "\x1b[2J\u202eevil\r\nsecond \x07<script>line"


def answers(
    model: str = "parrot",
    *,
    right: int = COUNT,
    seconds: float = 1.0,
    device: str = "cpu",
    task: str = "reasoning/sums",
    count: int = COUNT,
) -> list[Record]:
    """Return answers of a cell, the first ones right, with a little spread."""
    return [
        a_record(
            f"s{number:02}",
            cell=a_cell(model, device, task),
            value=float(number < right),
            timing=a_timing(0.1, seconds * (1 + 0.001 * (number % 5))),
        )
        for number in range(count)
    ]


def failures(model: str = "parrot", count: int = 3) -> list[Record]:
    """Return a cell in which nothing was ever answered: half broke, half timed out."""
    return [
        an_error(f"s{number}", cell=a_cell(model))
        if number % 2
        else replace(
            a_record(f"s{number}", cell=a_cell(model), value=0.0, finish="timeout"),
            timing=a_timing(end_s=9.0),
            answer=None,
            extracted=None,
        )
        for number in range(count)
    ]


def facts_of(cell: Cell, planned: int, **changes: Any) -> CellFacts:  # noqa: ANN401 - any fact
    """Return the facts of a whole cell."""
    return replace(some_facts(cell, planned=planned), **changes)


def a_stored_run(
    folder: Path,
    *cells: list[Record],
    facts: Mapping[str, Any] | None = None,
    **told: Any,  # noqa: ANN401 - whatever run.json says
) -> Path:
    """Write a run into ``folder``, whose name is its id.

    Args:
        folder: at least two below one that is the test's own.
        cells: the records of each.
        facts: what differs in the facts of all cells.
        told: what differs in ``run.json``.
    """
    journal = Journal(folder)
    known = {"id": folder.name, "started": STARTED, "environment": dict(HERE)}
    journal.open(
        {**known, "commit": "1a2b3c4d5e6f", "settings": {}, "seconds": 9, **told}
    )
    for records in cells:
        journal.add(
            facts_of(records[0].cell, **{"planned": len(records), **(facts or {})})
        )
        for record in records:
            journal.add(record)
    return folder
