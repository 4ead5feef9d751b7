"""Worker processes of this machine, each on a card or another thing of its own."""

from __future__ import annotations

import contextlib
import os
import pickle
import platform
import queue
import subprocess
import sys
import tempfile
import threading
from functools import cached_property
from typing import IO, TYPE_CHECKING

from pytest_llmlat.machine import message_pipe
from pytest_llmlat.spread import worker_process
from pytest_llmlat.spread.nodes_here import node_here
from pytest_llmlat.spread.spread_kinds import SpreadKind
from pytest_llmlat.spread.worker_pool import Report

if TYPE_CHECKING:
    from pytest_llmlat.spread.worker_pool import Launch, Node, ReportKind, Seat

_MAIN = "from pytest_llmlat.spread.worker_process import main; main()"
_KINDS: dict[bytes, ReportKind] = {
    worker_process.TOLD: "told",
    worker_process.ENDED: "ended",
    worker_process.FAILED: "failed",
}
_END_S = 30.0
_SHOWN = 500


class _WorkerProcess:
    """A worker, and what it prints."""

    def __init__(self, seat: Seat, reports: queue.SimpleQueue[Report]) -> None:
        self._seat, self._reports = seat, reports
        self._printed: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed at its end
        self._ending = False
        self._process = subprocess.Popen(  # noqa: S603 - this interpreter, our own words
            [sys.executable, "-c", _MAIN],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._printed,
            # Ctrl-C is for whoever started us, who ends us in order.
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def send(self, kind: bytes, content: bytes) -> None:
        """Send a message; a process that has ended is told by its reader."""
        with contextlib.suppress(BrokenPipeError, ValueError):
            message_pipe.write(self._stdin, kind, content)

    def end(self) -> None:
        """End it: in order, and if it does not heed that, at once."""
        self._ending = True
        with contextlib.suppress(BrokenPipeError):
            self._stdin.close()
        try:
            self._process.wait(_END_S)
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
                kind, content = message
                told = _KINDS[kind]
                why = content.decode("utf-8", "replace") if told == "failed" else ""
                self._reports.put(
                    Report(seat=self._seat, kind=told, content=content, why=why)
                )
        status = self._process.wait()
        if not self._ending:
            why = f"the process ended with status {status}{self._last_words()}"
            self._reports.put(Report(seat=self._seat, kind="lost", why=why))

    def _last_words(self) -> str:
        """Return the end of what it printed."""
        with contextlib.suppress(OSError, ValueError):
            self._printed.seek(0, os.SEEK_END)
            self._printed.seek(max(0, self._printed.tell() - _SHOWN))
            words = self._printed.read().decode("utf-8", "replace").split("\n")
            last = [line.strip() for line in words if line.strip()][-1:]
            return "".join(f": {line}" for line in last)
        return ""


class ProcessPool:
    """A pool of worker processes of this machine."""

    left_out: tuple[str, ...] = ()

    def __init__(self) -> None:
        """Start none yet."""
        self._workers: dict[Seat, _WorkerProcess] = {}
        self._reports: queue.SimpleQueue[Report] = queue.SimpleQueue()

    @cached_property
    def nodes(self) -> tuple[Node, ...]:
        """This machine."""
        return (node_here(platform.node() or "here", own=True),)

    def start(self, seat: Seat, launch: Launch) -> None:
        """Start a process."""
        self._workers[seat] = _WorkerProcess(seat, self._reports)
        self._workers[seat].send(worker_process.LAUNCH, pickle.dumps(launch))

    def give(self, seat: Seat, order: bytes) -> None:
        """Give a process a job."""
        self._workers[seat].send(worker_process.ORDER, order)

    def end(self, seat: Seat) -> None:
        """End a process."""
        worker = self._workers.pop(seat, None)
        if worker is not None:
            worker.end()

    def reports(self, wait_s: float) -> list[Report]:
        """Return what was told since."""
        found = []
        with contextlib.suppress(queue.Empty):
            found.append(self._reports.get(timeout=wait_s))
            while True:
                found.append(self._reports.get_nowait())
        for report in found:
            if report.kind == "lost":
                self.end(report.seat)
        return found

    def close(self) -> None:
        """End all processes, side by side."""
        threads = [
            threading.Thread(target=worker.end) for worker in self._workers.values()
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self._workers.clear()


AUTO = SpreadKind(
    name="auto",
    meaning="processes of this machine, each on a card of its own",
    open=lambda _: ProcessPool(),
)
"""All cards of this machine side by side."""
NUMA = SpreadKind(
    name="numa",
    meaning="as auto, one cell at a time on the cards of each NUMA node",
    open=lambda _: ProcessPool(),
    apart=True,
)
"""Cards side by side that share no memory."""
