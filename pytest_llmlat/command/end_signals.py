"""SIGTERM and SIGHUP end a command as Ctrl-C does: what it had begun is tidied up.

Their default is to end the process at once, and a scratch folder would stay behind.
"""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

_NAMES = ("SIGTERM", "SIGHUP")
_SHELL = 128
"""What a shell adds to the number of the signal that ended a program."""


class EndSignals:
    """Turns the first signal that asks a command to end into Ctrl-C."""

    def __init__(self) -> None:
        """Heed nothing yet."""
        self._heard: int | None = None

    @contextmanager
    def heeded(self) -> Iterator[None]:
        """Take the signals; one that somebody else handles or ignores is left alone."""
        before = {}
        if threading.current_thread() is threading.main_thread():
            for name in _NAMES:
                number = getattr(signal, name, None)
                if number is not None and signal.getsignal(number) is signal.SIG_DFL:
                    before[number] = signal.signal(number, self._interrupt)
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def status(self, own: int) -> int:
        """Return the exit status of a command.

        Args:
            own: the one that it has where no signal but Ctrl-C came.
        """
        return own if self._heard is None else _SHELL + self._heard

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        del frame
        if self._heard is None:
            self._heard = number
            if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
                # A shell makes what it runs in the background deaf to Ctrl-C.
                raise KeyboardInterrupt
            # As Ctrl-C comes: event loops have handlers of their own for that.
            signal.raise_signal(signal.SIGINT)
