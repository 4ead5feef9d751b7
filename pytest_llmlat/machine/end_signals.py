"""SIGTERM and SIGHUP end what runs as Ctrl-C does: what was begun is tidied up.

``docker stop``, Slurm, ``timeout`` and a terminal that is closed send them, and their
default is to end the process at once.
"""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import FrameType
    from typing import TypeAlias

    _Handler: TypeAlias = object

_NAMES = ("SIGTERM", "SIGHUP", "SIGBREAK")
"""Names of the signals, on all systems; each has some of them."""


class EndSignals:
    """Turns the signals that ask a process to end into one Ctrl-C.

    A handler that somebody else has set is left alone, and so is a signal that is to be
    ignored, as ``nohup`` has it. Only the first signal counts: what comes while it is
    heeded would lose what it is about.
    """

    def __init__(self) -> None:
        """Change nothing yet."""
        self._before: dict[int, _Handler] = {}
        self._closed = False
        self.heard: signal.Signals | None = None
        """The signal that came."""

    def listen(self) -> None:
        """Take the signals from now on; only a process's first thread can."""
        if threading.current_thread() is not threading.main_thread():
            return
        for name in _NAMES:
            number = getattr(signal, name, None)
            if number is not None and signal.getsignal(number) is signal.SIG_DFL:
                self._before[number] = signal.signal(number, self._interrupt)

    def write_on(self) -> None:
        """Let nothing but SIGKILL and Ctrl-C break off what is now written."""
        self._closed = True

    def restore(self) -> None:
        """Give the signals back."""
        for number, before in self._before.items():
            signal.signal(number, before)  # type: ignore[arg-type] # as it was
        self._before.clear()

    def _interrupt(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002
        if not self._closed:
            self._closed = True
            self.heard = signal.Signals(number)
            if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
                # A shell makes what it runs in the background deaf to Ctrl-C.
                raise KeyboardInterrupt
            # As Ctrl-C comes: event loops have handlers of their own for that.
            signal.raise_signal(signal.SIGINT)
