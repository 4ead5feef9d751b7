"""The process of an engine: started behind a watchdog, looked at, and ended.

What it prints goes into a file that has no name, and not through a pipe: nobody here
needs to wake up for it while answers are timed.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_llmlat.values.confidential import Secret
from pytest_llmlat.values.errors import ServerUnavailable, Unsupported
from pytest_llmlat.values.process_ends import signal_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LAST_LINES = 40
"""So many of what a server printed are shown when it went wrong."""
_LAST_BYTES = 64 * 1024
_MORE_S = 10.0
"""Beyond its own patience, what a watchdog may take to end an engine."""
_WATCHDOG = Path(__file__).with_name("watchdog.py")


class ServerProcess:
    """An engine that runs, or did."""

    def __init__(
        self,
        command: Sequence[str],
        variables: Mapping[str, str],
        *,
        patience_s: float,
    ) -> None:
        """Start it.

        Args:
            command: the program and its arguments.
            variables: its whole environment.
            patience_s: how long it may take to end when it is asked to.

        Raises:
            FileNotFoundError: there is no such program.
            ServerUnavailable: it cannot be started; says why.
            Unsupported: there are no process groups on this system.
        """
        if not hasattr(os, "killpg"):
            raise Unsupported(
                "engines are started on Linux and macOS; start the server yourself and"
                ' measure it as one: backend = "http"'
            )
        self._patience_s = patience_s
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - closed by stop
        self._told = b""
        self._end: str | None = None
        self._dog = subprocess.Popen(  # noqa: S603 - our own interpreter and file
            [sys.executable, "-I", "-S", str(_WATCHDOG)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            pass_fds=(self._log.fileno(),),
            start_new_session=True,
            bufsize=0,
        )
        try:
            self.pid = self._started(command, variables)
        except BaseException:
            self._forget()
            raise

    def _started(self, command: Sequence[str], variables: Mapping[str, str]) -> int:
        """Give the order; returns the number of the engine's process."""
        order = Secret(
            json.dumps(
                {
                    "command": list(command),
                    "variables": dict(variables),
                    "log": self._log.fileno(),
                    "patience_s": self._patience_s,
                }
            )
        )
        self._say(order.reveal().encode() + b"\n")
        while b"\n" not in self._told:
            piece = os.read(self._out, 4096)
            if not piece:
                raise ServerUnavailable("its watchdog ended before it was started")
            self._told += piece
        line, _, self._told = self._told.partition(b"\n")
        told = json.loads(line)
        if "started" not in told:
            why = str(told.get("failed"))
            if why.startswith("FileNotFoundError"):
                raise FileNotFoundError(command[0])
            raise ServerUnavailable(f"cannot be started: {why}")
        return int(told["started"])

    @property
    def _out(self) -> int:
        if self._dog.stdout is None:
            raise ServerUnavailable("its watchdog has no output")
        return self._dog.stdout.fileno()

    def _say(self, words: bytes) -> None:
        with suppress(BrokenPipeError):
            if self._dog.stdin is not None:
                self._dog.stdin.write(words)

    @property
    def end(self) -> str | None:
        """How it ended, such as ``was killed by SIGKILL``; ``None`` while it runs."""
        return self.end_within(0.0)

    def end_within(self, seconds: float) -> str | None:
        """Wait for its end, no longer than that; returns what :attr:`end` does."""
        if self._end is None and select.select([self._out], [], [], seconds)[0]:
            self._end = self._read_end()
        return self._end

    def _read_end(self) -> str:
        """Read to the end what the watchdog tells, and say how the engine ended."""
        while piece := os.read(self._out, 4096):
            self._told += piece
        told = json.loads(self._told) if self._told.strip() else {}
        status = told.get("ended")
        if status is None:
            # The watchdog was killed: nobody else ends what it had started.
            self._kill()
            return "lost its watchdog and was ended"
        return _words(int(status))

    def last_lines(self) -> str:
        """Return the last lines that it printed; empty if there are none."""
        descriptor = self._log.fileno()
        size = os.fstat(descriptor).st_size
        start = max(0, size - _LAST_BYTES)
        text = os.pread(descriptor, size - start, start).decode("utf-8", "replace")
        return "\n".join(text.splitlines()[-LAST_LINES:])

    def stop(self) -> None:
        """End it and all that it started, and wait for that; safe to call again."""
        if self._log.closed:
            return
        self._say(b"stop\n")
        if self._dog.stdin is not None:
            self._dog.stdin.close()
        try:
            self._dog.wait(self._patience_s + _MORE_S)
        except subprocess.TimeoutExpired:
            self._dog.kill()
            self._dog.wait()
            self._kill()
        if self._end is None:
            self._end = self._read_end()
        self._forget()

    def _kill(self) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)

    def _forget(self) -> None:
        """Let go of the watchdog's pipes and of the log."""
        for pipe in (self._dog.stdin, self._dog.stdout):
            if pipe is not None:
                pipe.close()
        self._dog.wait()
        self._log.close()


def _words(status: int) -> str:
    """Say how a process ended."""
    if status >= 0:
        return f"ended with status {status}"
    return f"was killed by {signal_name(status)}"
