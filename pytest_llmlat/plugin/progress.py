"""Progress of a long run where pytest writes.

On a terminal it is a line below pytest's own, drawn anew and taken away again without a
trace. In a file, in the log of a CI or on a dumb terminal it is a line each minute,
without any signs that move a cursor.
"""

from __future__ import annotations

import contextlib
import os
import time
from typing import TYPE_CHECKING, Any

from pytest_llmlat.report.progress_words import log_line, progress_line

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import pytest

    from pytest_llmlat.analysis.run_progress import RunProgress

_REDRAW_NS = 100_000_000
EVERY_NS = 60_000_000_000
"""Time between two lines of a log."""
_CLEAR = "\r\x1b[K"
_UP = "\x1b[A"


class Progress:
    """What a process that measures shows of its run."""

    def __init__(self, config: pytest.Config) -> None:
        """Find where to write; writes nothing yet."""
        self._reporter = config.pluginmanager.getplugin("terminalreporter")
        self._writer = config.get_terminal_writer() if self._reporter else None
        self._capture = config.pluginmanager.getplugin("capturemanager")
        self._redraws = drawable(self._reporter, os.environ)
        self._told_ns = time.perf_counter_ns()
        self._shown = False

    def show(self, so_far: Callable[[], RunProgress]) -> None:
        """Show how far the run is: ten times a second at most, or once a minute.

        Args:
            so_far: counts it, which is done only when something is to be shown.
        """
        if not self._is_time():
            return
        if self._redraws:
            self._draw(progress_line(so_far(), most=self._width))
        else:
            self._log(log_line(so_far()))

    def show_text(self, text: Callable[[], str]) -> None:
        """Show a line of another kind, as seldom as that.

        Args:
            text: words it, which is done only when something is to be shown.
        """
        if not self._is_time():
            return
        if self._redraws:
            self._draw(text()[: self._width])
        else:
            self._log(f"llmlat: {text()}")

    @property
    def _width(self) -> int | None:
        return self._writer.fullwidth - 1 if self._writer else None

    def _is_time(self) -> bool:
        """Whether something is to be shown now; it is not again for a while."""
        now = time.perf_counter_ns()
        wait = _REDRAW_NS if self._redraws else EVERY_NS
        if self._reporter is None or now - self._told_ns < wait:
            return False
        self._told_ns = now
        return True

    def clear(self) -> None:
        """Take the line away and put the cursor back where pytest left it."""
        if not self._shown or self._writer is None:
            return
        column = self._writer.width_of_current_line % self._writer.fullwidth
        back = f"\x1b[{column}C" if column else ""
        self._write(f"{_CLEAR}{_UP}\r{back}")
        self._shown = False

    def _draw(self, line: str) -> None:
        """Draw a line that never wraps: a wrapped line is not taken away."""
        self._write(("\r" if self._shown else "\n") + f"\x1b[K{line}")
        self._shown = True

    def _log(self, line: str) -> None:
        with self._uncaptured():
            self._reporter.ensure_newline()
            self._reporter.write_line(line)

    def _write(self, text: str) -> None:
        with self._uncaptured():
            self._reporter.write_raw(text, flush=True)

    def _uncaptured(self) -> Any:  # noqa: ANN401 - pytest's capture has no public type
        if self._capture is None:
            return contextlib.nullcontext()
        return self._capture.global_and_fixture_disabled()


def drawable(reporter: Any, environ: Mapping[str, str]) -> bool:  # noqa: ANN401 - pytest's reporter has no public type
    """Whether a line can be redrawn where pytest writes."""
    return (
        reporter is not None
        and reporter.isatty
        and environ.get("TERM", "dumb") != "dumb"
    )
