"""SIGTERM and SIGHUP end a run as Ctrl-C does: what was measured is written."""

from __future__ import annotations

from importlib import import_module

from pytest_llmlat.machine.end_signals import EndSignals


class StopSignals:
    """The signals that end a run, whose figures are still to be written then."""

    def __init__(self) -> None:
        """Change nothing yet."""
        self._signals = EndSignals()
        self.write_on = self._signals.write_on
        self.restore = self._signals.restore

    @property
    def heard(self) -> str | None:
        """The name of the signal that ended the run."""
        return None if self._signals.heard is None else self._signals.heard.name

    def listen(self) -> None:
        """Take the signals from now on; only a process's first thread can."""
        # The figures at the end need numpy, and an import of it that a signal breaks
        # off cannot be made again in the same process.
        import_module("numpy.random")
        self._signals.listen()
