"""A run that is watched from outside: its folder is read, its progress counted."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_llmlat.analysis.run_progress import ProgressTally
from pytest_llmlat.store.run_tail import (
    RunTail,
    planned_cells,
    seconds_since_start,
    state_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pytest_llmlat.analysis.run_progress import RunProgress
    from pytest_llmlat.store.run_tail import RunState
    from pytest_llmlat.values.cell_facts import CellFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchedRun:
    """What is known of a run at one moment."""

    told: Mapping[str, Any]
    """Content of ``run.json``; empty while there is none."""
    state: RunState
    progress: RunProgress
    elapsed_s: float
    """Time since its last sitting began."""
    broken: int
    """Lines of its files that could not be read."""


class RunWatch:
    """A watch on one run, which reads only what is new."""

    def __init__(self, folder: Path) -> None:
        """Watch a run's folder, which need not be there yet."""
        self._tail = RunTail(folder)
        self._tally = ProgressTally()
        self._since: dict[str, int] = {}
        self._doubted = False

    def look(self, now: dt.datetime | None = None) -> WatchedRun:
        """Read what is new, and return all that is known.

        Raises:
            OSError: a file of the run cannot be read.
        """
        told = self._tail.told()
        news = self._tail.news()
        for facts in (*news.facts, *news.begun):
            self._begin(facts)
        for record in news.records:
            if record.sitting >= self._since.get(record.cell.id, 1):
                self._tally.add(record)
        for facts in news.facts:
            # Of one that was cut off no more is written, but how busy the machine was.
            if facts.finished or facts.contention is not None:
                self._tally.end(facts.cell)
        self._tally.cells_planned = planned_cells(told)
        elapsed = seconds_since_start(told, now or dt.datetime.now(dt.UTC))
        return WatchedRun(
            told=told,
            state=self._state(told),
            progress=self._tally.so_far(elapsed),
            elapsed_s=elapsed,
            broken=news.broken,
        )

    def _begin(self, facts: CellFacts) -> None:
        """Begin a cell, or begin it anew where a later sitting measures it again."""
        known = self._since.get(facts.cell.id)
        if known is None or facts.since > known:
            self._since[facts.cell.id] = facts.since
            self._tally.begin(facts.cell, facts.planned)

    def _state(self, told: dict[str, Any]) -> RunState:
        """Return the run's state; that it was cut off is believed when seen twice."""
        state = state_of(self._tail.folder, told) if told else "running"
        doubted, self._doubted = self._doubted, state == "cut off"
        return "running" if self._doubted and not doubted else state
