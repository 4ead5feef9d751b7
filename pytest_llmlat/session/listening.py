"""Listeners of a run, told of progress and records outside of timed regions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

from pytest_llmlat.analysis.run_progress import ProgressTally
from pytest_llmlat.report.figures import printable
from pytest_llmlat.report.progress_words import judging_line, progress_line
from pytest_llmlat.values.timing import NS_PER_S

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TextIO

    from pytest_llmlat.values.records import Cell, Record

_REDRAW_NS = 200_000_000
_LOG_NS = 60_000_000_000
_LINE = 79


class Listener(Protocol):
    """A listener of a run. What it raises ends the cell."""

    def on_begin(self, cell: Cell, planned: int) -> None:
        """Learn that a cell begins.

        Args:
            cell: the one that was asked for; one that is measured in turn with it
                does not begin apart.
            planned: how many of its records there are to be.
        """
        ...

    def on_record(self, record: Record) -> None:
        """Take note of one measured sample, which is on the disk already."""
        ...

    def on_end(self) -> None:
        """Learn that the cell has ended, be it whole or cut off."""
        ...


@runtime_checkable
class JudgingListener(Protocol):
    """A listener that follows the judging at the end of a run too."""

    def on_judging(self, judge: str, done: int, planned: int) -> None:
        """Learn how many of its questions a judge has answered, and of how many."""
        ...


class Silent:
    """A listener that nobody hears: it does nothing."""

    def on_begin(self, cell: Cell, planned: int) -> None:
        """Do nothing."""

    def on_record(self, record: Record) -> None:
        """Do nothing."""

    def on_end(self) -> None:
        """Do nothing."""


class Several:
    """A listener that tells several others, one after the other."""

    def __init__(self, *listeners: Listener) -> None:
        """Tell ``listeners``."""
        self._listeners = listeners

    def on_begin(self, cell: Cell, planned: int) -> None:
        """Tell all of them."""
        for listener in self._listeners:
            listener.on_begin(cell, planned)

    def on_record(self, record: Record) -> None:
        """Tell all of them."""
        for listener in self._listeners:
            listener.on_record(record)

    def on_end(self) -> None:
        """Tell all of them."""
        for listener in self._listeners:
            listener.on_end()

    def on_judging(self, judge: str, done: int, planned: int) -> None:
        """Tell those who follow it."""
        for listener in self._listeners:
            if isinstance(listener, JudgingListener):
                listener.on_judging(judge, done, planned)


class Handed(Silent):
    """A listener that hands each record to a function."""

    def __init__(self, take: Callable[[Record], object]) -> None:
        """Hand records to ``take``."""
        self._take = take

    def on_record(self, record: Record) -> None:
        """Hand it on."""
        self._take(record)


class TextProgress:
    """A listener that writes how far a run is, for a script.

    On a terminal it draws one line for each cell, again and again, with how fast and
    how good its answers are so far; elsewhere, as in a notebook or a log, a line when a
    cell begins, one each minute, and one when it ends.
    """

    def __init__(self, stream: TextIO, now_ns: Callable[[], int]) -> None:
        """Write to ``stream``; the clock tells when to draw again."""
        self._stream, self._now_ns = stream, now_ns
        self._redraws = stream.isatty()
        self._cell: Cell | None = None
        self._planned = self._done = self._begin_ns = self._drawn_ns = 0
        self._tally, self._drawn = ProgressTally(), 0

    def on_begin(self, cell: Cell, planned: int) -> None:
        """Name the cell."""
        self._cell, self._planned, self._done = cell, planned, 0
        self._begin_ns = self._drawn_ns = self._now_ns()
        self._tally, self._drawn = ProgressTally(), 0
        self._tally.begin(cell, planned)
        self._tally.cells_planned = 1
        if not self._redraws:
            self._write(f"{self._name}: {planned} requests\n")

    def on_record(self, record: Record) -> None:
        """Count it, and draw the line at most five times a second."""
        if record.cell != self._cell:
            # Of the model that is measured in turn; the count is of one cell.
            return
        self._done += 1
        self._tally.add(record)
        now = self._now_ns()
        if now - self._drawn_ns < (_REDRAW_NS if self._redraws else _LOG_NS):
            return
        self._drawn_ns = now
        so_far = self._tally.so_far((now - self._begin_ns) / NS_PER_S)
        if self._redraws:
            self._redraw(progress_line(so_far, most=_LINE))
        else:
            self._write(f"{progress_line(so_far)}\n")

    def on_end(self) -> None:
        """Say how many there were, and how long they took."""
        seconds = (self._now_ns() - self._begin_ns) / NS_PER_S
        told = f"{self._done} of {self._planned} in {seconds:.1f} s"
        if self._redraws:
            self._redraw(f"{self._name}: {told}")
            self._write("\n")
        else:
            self._write(f"{self._name}: {told}\n")

    def _redraw(self, line: str) -> None:
        """Write over the line before; what was longer there is wiped out."""
        self._write(f"\r{line.ljust(self._drawn)}")
        self._drawn = len(line)

    def on_judging(self, judge: str, done: int, planned: int) -> None:
        """Write how far a judge is."""
        now = self._now_ns()
        due = now - self._drawn_ns >= (_REDRAW_NS if self._redraws else _LOG_NS)
        if not due and done < planned:
            return
        self._drawn_ns = now
        line = judging_line(judge, done, planned)
        if self._redraws:
            self._redraw(line)
        if done == planned or not self._redraws:
            self._write("\n" if self._redraws else f"{line}\n")

    @property
    def _name(self) -> str:
        return printable(self._cell.id) if self._cell else ""

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()
