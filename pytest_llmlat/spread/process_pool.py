"""Worker processes of this machine, each on a card or another thing of its own."""

from __future__ import annotations

import contextlib
import pickle
import platform
import queue
import threading
from functools import cached_property
from typing import TYPE_CHECKING

from pytest_llmlat.machine.piped_process import PipedProcess
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


class _WorkerProcess:
    """A worker, and what it tells."""

    def __init__(self, seat: Seat, reports: queue.SimpleQueue[Report]) -> None:
        self._seat, self._reports = seat, reports
        self._ending = False
        self._process = PipedProcess(
            ["-c", _MAIN], self._heard, self._ended, end_s=_END_S
        )

    def send(self, kind: bytes, content: bytes) -> None:
        """Send a message; a process that has ended is told by its reader."""
        self._process.send(kind, content)

    def end(self) -> None:
        """End it: in order, and if it does not heed that, at once."""
        self._ending = True
        self._process.end()

    def _heard(self, kind: bytes, content: bytes) -> None:
        told = _KINDS[kind]
        why = content.decode("utf-8", "replace") if told == "failed" else ""
        self._reports.put(Report(seat=self._seat, kind=told, content=content, why=why))

    def _ended(self, status: int, last_words: str) -> None:
        if not self._ending:
            why = f"the process ended with status {status}{last_words}"
            self._reports.put(Report(seat=self._seat, kind="lost", why=why))


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
