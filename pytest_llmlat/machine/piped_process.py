"""A process of this interpreter that is talked to in messages over its pipes."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
import threading
from typing import IO, TYPE_CHECKING

from pytest_llmlat.machine import message_pipe

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_SHOWN = 500


class PipedProcess:
    """A process that was started here, what it tells, and what it prints."""

    def __init__(
        self,
        arguments: Sequence[str],
        heard: Callable[[bytes, bytes], None],
        ended: Callable[[int, str], None],
        *,
        end_s: float,
    ) -> None:
        """Start it.

        Args:
            arguments: of the interpreter.
            heard: takes kind and content of each message, in a thread of its own.
            ended: takes the status with which it ended, as ``subprocess`` has it, and
                the last line that it printed, behind a colon; in the same thread.
            end_s: how long it has to end in order.
        """
        self._heard, self._ended, self._end_s = heard, ended, end_s
        self._printed: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed at its end
        self._process = subprocess.Popen(  # noqa: S603 - this interpreter, our own words
            [sys.executable, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._printed,
            # Ctrl-C is for whoever started us, who tells it.
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        """Its number."""
        return self._process.pid

    def send(self, kind: bytes, content: bytes) -> None:
        """Send a message; that the process has ended is told by its reader."""
        with contextlib.suppress(BrokenPipeError, ValueError):
            message_pipe.write(self._stdin, kind, content)

    def end(self) -> None:
        """End it: by the end of its input, and if it does not heed that, at once."""
        with contextlib.suppress(OSError):
            self._stdin.close()
        try:
            self._process.wait(self._end_s)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join()
        self._printed.close()

    @property
    def _stdin(self) -> IO[bytes]:
        assert self._process.stdin is not None  # noqa: S101 - it was asked for
        return self._process.stdin

    def _read(self) -> None:
        """Pass on what it tells, until it ends."""
        assert self._process.stdout is not None  # noqa: S101 - it was asked for
        with self._process.stdout as stream:
            while (message := message_pipe.read(stream)) is not None:
                self._heard(*message)
        self._ended(self._process.wait(), self._last_words())

    def _last_words(self) -> str:
        """Return the end of what it printed."""
        with contextlib.suppress(OSError, ValueError):
            size = self._printed.seek(0, os.SEEK_END)
            self._printed.seek(max(0, size - _SHOWN))
            words = self._printed.read().decode("utf-8", "replace").split("\n")
            last = [line.strip() for line in words if line.strip()][-1:]
            return "".join(f": {line}" for line in last)
        return ""
