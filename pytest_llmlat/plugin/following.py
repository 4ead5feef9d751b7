"""Pytest's listeners of a run: the hook for records, and a line of progress."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmlat.plugin.progress import Progress

if TYPE_CHECKING:
    import pytest

    from pytest_llmlat.values.records import Cell, Record


class Follower:
    """A listener that shows each record to the hook, and the progress of the cell."""

    def __init__(self, config: pytest.Config) -> None:
        """Follow the run of one pytest session."""
        self._config = config
        self._cell: Cell | None = None
        self._progress: Progress | None = None
        self._count = 0

    def on_begin(self, cell: Cell, planned: int) -> None:
        """Begin a line of progress."""
        self._cell, self._count = cell, 0
        self._progress = Progress(self._config, cell.id, planned)

    def on_record(self, record: Record) -> None:
        """Call the hook, and draw the line anew."""
        self._config.hook.pytest_llmlat_record(config=self._config, record=record)
        # Of a model measured in turn nothing is counted, and 0 of many tells no time.
        if self._progress is not None and record.cell == self._cell:
            self._count += 1
            self._progress.step(self._count)

    def on_end(self) -> None:
        """Take the line away."""
        if self._progress is not None:
            self._progress.clear()
