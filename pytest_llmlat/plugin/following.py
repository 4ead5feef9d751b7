"""Pytest's listeners of a run: the hook for records, and its progress."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from pytest_llmlat.analysis.run_progress import ProgressTally
from pytest_llmlat.plugin.progress import Progress
from pytest_llmlat.report.progress_words import judging_line
from pytest_llmlat.values.timing import NS_PER_S

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    from pytest_llmlat.analysis.run_progress import RunProgress
    from pytest_llmlat.values.records import Cell, Record


class Follower:
    """A listener that shows each record to the hook, and how far the run is."""

    def __init__(
        self, config: pytest.Config, cells_planned: Callable[[], int] = lambda: 0
    ) -> None:
        """Follow the run of one pytest session.

        Args:
            config: of the session.
            cells_planned: tells how many cells it has; 0 while unknown.
        """
        self._config, self._cells_planned = config, cells_planned
        self._cell: Cell | None = None
        self._tally = ProgressTally()
        self._progress: Progress | None = None
        self._begin_ns = time.perf_counter_ns()

    def on_begin(self, cell: Cell, planned: int) -> None:
        """Begin to count a cell."""
        if self._progress is None:
            self._progress = Progress(self._config)
            self._begin_ns = time.perf_counter_ns()
        self._tally.cells_planned = self._cells_planned() or None
        self._cell = cell
        self._tally.begin(cell, planned)

    def on_record(self, record: Record) -> None:
        """Call the hook, and show how far the run is."""
        self._config.hook.pytest_llmlat_record(config=self._config, record=record)
        # A cell measured in turn does not begin, so the tally leaves its records aside.
        self._tally.add(record)
        if self._progress is not None and record.cell == self._cell:
            self._progress.show(self._so_far)

    def on_judging(self, judge: str, done: int, planned: int) -> None:
        """Show how far a judge is, and take the line away at its end."""
        if self._progress is None:
            self._progress = Progress(self._config)
        self._progress.show_text(lambda: judging_line(judge, done, planned))
        if done == planned:
            self._progress.clear()

    def on_end(self) -> None:
        """Take the line away."""
        if self._cell is not None:
            self._tally.end(self._cell)
        if self._progress is not None:
            self._progress.clear()

    def _so_far(self) -> RunProgress:
        since_ns = time.perf_counter_ns() - self._begin_ns
        return self._tally.so_far(since_ns / NS_PER_S)
