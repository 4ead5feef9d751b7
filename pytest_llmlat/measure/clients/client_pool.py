"""The client processes of a load, as the process sees them that leads."""

from __future__ import annotations

import queue
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_llmlat.machine.sealed_values import packed, unpacked
from pytest_llmlat.measure.clients.client_orders import (
    FAILED,
    ORDER,
    PHASE,
    RESULT,
    TellTime,
)
from pytest_llmlat.values.errors import LLMLatError
from pytest_llmlat.values.timing import NS_PER_S

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmlat.machine.process_place import ProcessPlace
    from pytest_llmlat.values.clock import Clock

_MAIN = (
    "import sys; sys.path.append(sys.argv.pop(1));"
    " from pytest_llmlat.measure.clients.client_process import main; main()"
)
_END_S = 5.0
_QUESTIONS = 20
"""Times that a client is asked for its clock; the quickest answer counts."""
LOST = b"x"
"""Kind of a message that its process has ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientReport:
    """Something that a client told, or that is told of it."""

    place: int
    kind: bytes
    content: Any
    """Answer to an order, name of a phase, or the reason of an end."""


class LoadClient:
    """One client process."""

    def __init__(
        self,
        place: int,
        where: ProcessPlace,
        reports: queue.SimpleQueue[ClientReport],
    ) -> None:
        """Start it.

        Args:
            place: its number, from 0.
            where: the machine that it is to run on.
            reports: takes what it tells.
        """
        self._place, self._reports = place, reports
        self.host, self.own = where.host, where.own
        self._process = where.start(
            ["-P", "-c", _MAIN, str(Path(__file__).parents[3])],
            self._heard,
            self._ended,
            end_s=_END_S,
        )

    def send(self, order: object) -> None:
        """Give it an order; that it has ended is told by its reader.

        Raises:
            UsageError: it is on another machine, and a secret would leave this one.
        """
        self._process.send(ORDER, packed(order, leaves=not self.own))

    def end(self) -> None:
        """End it; it ends by itself when its input does."""
        self._process.end()

    def _heard(self, kind: bytes, content: bytes) -> None:
        self._tell(kind, unpacked(content) if kind == RESULT else content.decode())

    def _ended(self, status: int | None, last_words: str) -> None:
        if status is None:
            self._tell(LOST, f"its machine was lost: {last_words}")
            return
        how = f"signal {-status}" if status < 0 else f"status {status}"
        self._tell(LOST, f"its process ended with {how}{last_words}")

    def _tell(self, kind: bytes, content: object) -> None:
        self._reports.put(ClientReport(place=self._place, kind=kind, content=content))


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockOffset:
    """Offset of a client's clock from that of this process, and its error."""

    offset_ns: int
    error_ns: int

    def joined(self, later: ClockOffset) -> ClockOffset:
        """Return what held between two looks: clocks of two machines drift apart.

        It was between the two offsets, each known to its own error.
        """
        apart = abs(later.offset_ns - self.offset_ns)
        return ClockOffset(
            offset_ns=(self.offset_ns + later.offset_ns) // 2,
            error_ns=max(self.error_ns, later.error_ns) + (apart + 1) // 2,
        )

    @property
    def used_ns(self) -> int:
        """The offset by which spans are shifted: none that is within its error."""
        return self.offset_ns if abs(self.offset_ns) > self.error_ns else 0

    @property
    def told_s(self) -> tuple[float, float]:
        """Offset and error, in seconds."""
        return self.offset_ns / NS_PER_S, self.error_ns / NS_PER_S


class ClientPool:
    """All client processes of a load."""

    def __init__(self, places: Sequence[ProcessPlace]) -> None:
        """Start one at each place."""
        self._reports: queue.SimpleQueue[ClientReport] = queue.SimpleQueue()
        self.clients = [
            LoadClient(place, where, self._reports)
            for place, where in enumerate(places)
        ]
        self._lost: dict[int, str] = {}

    def __len__(self) -> int:
        """Return how many there are, lost ones included."""
        return len(self.clients)

    @property
    def lost(self) -> bool:
        """Whether one of them has ended, so that no other load can be offered."""
        return bool(self._lost)

    def send(self, order: object) -> None:
        """Send all of them the same."""
        for client in self.clients:
            client.send(order)

    def next(self, wait_s: float | None = None) -> ClientReport | None:
        """Return the next report; ``None`` if none comes in this time."""
        try:
            report = self._reports.get(timeout=wait_s)
        except queue.Empty:
            return None
        if report.kind == LOST:
            self._lost[report.place] = str(report.content)
        return report

    def ask(self, place: int, order: object) -> Any:  # noqa: ANN401 - the order's own
        """Return the answer of one client to an order.

        Raises:
            LLMLatError: it could not, or has ended.
        """
        self.clients[place].send(order)
        while True:
            report = self.next()
            if report is None or report.kind == PHASE:
                continue
            if report.kind == RESULT and report.place == place:
                return report.content
            if report.kind in (FAILED, LOST):
                raise LLMLatError(self.complaint(report))

    def ask_all(self, orders: Sequence[object]) -> list[Any]:
        """Return the answers of all clients, who follow their orders at once.

        Raises:
            LLMLatError: one could not, or has ended.
        """
        for client, order in zip(self.clients, orders, strict=True):
            client.send(order)
        found: dict[int, Any] = {}
        while len(found) < len(self):
            report = self.next()
            if report is not None and report.kind == RESULT:
                found[report.place] = report.content
            elif report is not None and report.kind in (FAILED, LOST):
                raise LLMLatError(self.complaint(report))
        return [found[place] for place in range(len(self))]

    def complaint(self, report: ClientReport) -> str:
        """Say which client something went wrong with."""
        return f"{self.name(report.place)}: {report.content:.400}"

    def name(self, place: int) -> str:
        """Return the name of a client: its number, and its machine if they differ."""
        told = f"client process {place + 1} of {len(self)}"
        hosts = {client.host for client in self.clients}
        return f"{told} on {self.clients[place].host}" if len(hosts) > 1 else told

    @property
    def elsewhere(self) -> bool:
        """Whether one of them is on another machine."""
        return not all(client.own for client in self.clients)

    def offset(self, place: int, clock: Clock) -> ClockOffset:
        """Measure how far a client's clock is from this one's.

        The client's instant lies somewhere between question and answer: of the quickest
        of some questions, half of what that took is the error.
        """
        best: ClockOffset | None = None
        for _ in range(_QUESTIONS):
            asked = clock.now_ns()
            told = self.ask(place, TellTime())
            answered = clock.now_ns()
            error = (answered - asked + 1) // 2
            if best is None or error < best.error_ns:
                best = ClockOffset(
                    offset_ns=told - (asked + answered) // 2, error_ns=error
                )
        assert best is not None  # noqa: S101 - it was asked
        return best

    def close(self) -> None:
        """End all of them, side by side."""
        threads = [threading.Thread(target=each.end) for each in self.clients]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
