"""Progress of workers of pytest-xdist, told by their controller.

A worker has no terminal. What it measures is in the run's folder at once, so the
controller, which measures nothing, reads it there: a line each minute, on a terminal
too, where a line that is drawn anew would tangle with those of pytest.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from pytest_llmlat.plugin import progress
from pytest_llmlat.report.progress_words import log_line
from pytest_llmlat.values.timing import NS_PER_S

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_llmlat.analysis.watched_run import RunWatch


class WorkersProgress:
    """A thread that tells how far the workers are, until it is stopped."""

    def __init__(
        self,
        reporter: Any,  # noqa: ANN401 - pytest's reporter has no public type
        folder: Path,
    ) -> None:
        """Watch a run's folder, which need not be there yet.

        Args:
            reporter: pytest's, which writes the lines.
            folder: of the run.
        """
        self._reporter, self._folder = reporter, folder
        self._every_s = progress.EVERY_NS / NS_PER_S
        self._stopped = threading.Event()
        self._thread = threading.Thread(
            target=self._tell, name="llmlat-progress", daemon=True
        )

    def start(self) -> None:
        """Begin to tell."""
        self._thread.start()

    def stop(self) -> None:
        """Tell nothing more, and wait until a line that is being written is out."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join()

    def _tell(self) -> None:
        watch: RunWatch | None = None
        last = ""
        while not self._stopped.wait(self._every_s):
            if watch is None and self._folder.is_dir():
                # Not before: a project without models pays for none of it.
                from pytest_llmlat.analysis.watched_run import RunWatch  # noqa: PLC0415

                watch = RunWatch(self._folder)
            if watch is None:
                continue
            try:
                seen = watch.look().progress
            except OSError:
                # Nobody's result hangs on it: the run goes on, and tells more later.
                continue
            line = log_line(seen)
            if seen.cells and line != last and not self._stopped.is_set():
                self._reporter.ensure_newline()
                self._reporter.write_line(line)
            last = line
