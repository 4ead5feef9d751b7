"""A line that shows where a long run is, and leaves no trace.

It is drawn below pytest's own line and taken away again, on a real terminal only: in
a file, in CI or on a dumb terminal nothing is written at all.
"""

from __future__ import annotations

import contextlib
import os
import time
from typing import TYPE_CHECKING, Any

from pytest_llmlat.report.figures import printable

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pytest

_REDRAW_NS = 100_000_000
_CLEAR = "\r\x1b[K"
_UP = "\x1b[A"
_MINUTE_S = 60


class Progress:
    """The line of progress of one cell."""

    def __init__(self, config: pytest.Config, cell: str, total: int) -> None:
        """Prepare to count to ``total`` samples of ``cell``; draws nothing yet."""
        self._reporter = config.pluginmanager.getplugin("terminalreporter")
        self._writer = config.get_terminal_writer() if self._reporter else None
        self._capture = config.pluginmanager.getplugin("capturemanager")
        self._enabled = drawable(self._reporter, os.environ)
        self._cell = printable(cell)
        self._total = total
        self._start_ns = self._drawn_ns = time.perf_counter_ns()
        self._shown = False

    def step(self, done: int) -> None:
        """Show that ``done`` samples are finished, at most ten times a second."""
        now = time.perf_counter_ns()
        if not self._enabled or now - self._drawn_ns < _REDRAW_NS:
            return
        self._drawn_ns = now
        # A cell that looks slower is measured again.
        self._total = max(self._total, done)
        left_s = (now - self._start_ns) / 1e9 / done * (self._total - done)
        text = f"{self._cell}  sample {done} of {self._total}, {span(left_s)} left"
        self._write(("\r" if self._shown else "\n") + self._line(text))
        self._shown = True

    def clear(self) -> None:
        """Take the line away and put the cursor back where pytest left it."""
        if not self._shown or self._writer is None:
            return
        column = self._writer.width_of_current_line % self._writer.fullwidth
        back = f"\x1b[{column}C" if column else ""
        self._write(f"{_CLEAR}{_UP}\r{back}")
        self._shown = False

    def _line(self, text: str) -> str:
        """Cut the text so that it never wraps: a wrapped line is not taken away."""
        width = self._writer.fullwidth - 1 if self._writer else len(text)
        return f"\x1b[K{text[:width]}"

    def _write(self, text: str) -> None:
        paused = (
            self._capture.global_and_fixture_disabled()
            if self._capture
            else contextlib.nullcontext()
        )
        with paused:
            self._reporter.write_raw(text, flush=True)


def drawable(reporter: Any, environ: Mapping[str, str]) -> bool:  # noqa: ANN401 - pytest's reporter has no public type
    """Whether a line can be redrawn where pytest writes."""
    return (
        reporter is not None
        and reporter.isatty
        and environ.get("TERM", "dumb") != "dumb"
    )


def span(seconds: float) -> str:
    """Write a time that is left, in seconds or minutes."""
    if seconds < _MINUTE_S:
        return f"{seconds:.0f} s"
    return f"{seconds / _MINUTE_S:.0f} min"
