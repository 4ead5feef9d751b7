"""The lead of a load that several clients offer: when it begins, counts and ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmlat.measure.clients.client_orders import (
    FAILED,
    PHASE,
    RESULT,
    BeginLoad,
    CountLoad,
    StopLoad,
)
from pytest_llmlat.measure.clients.client_pool import LOST
from pytest_llmlat.measure.clients.dealt_load import LoadPart
from pytest_llmlat.values.timing import NS_PER_S

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmlat.measure.clients.client_pool import (
        ClientPool,
        ClientReport,
        ClockOffset,
    )
    from pytest_llmlat.values.clock import Clock

_AHEAD_S = 0.05
"""How long before the begin of a load its clients are told of it."""


class LedLoad:
    """A load that several clients offer, as far as it has come."""

    def __init__(
        self,
        load: int,
        pool: ClientPool,
        clock: Clock,
        clocks: Sequence[ClockOffset],
    ) -> None:
        """Begin with nothing told.

        Args:
            load: its number.
            pool: the clients.
            clock: of this process.
            clocks: how far the clients' are from it.
        """
        self._load = load
        self._pool, self._clock, self._clocks = pool, clock, clocks
        self._left = set(range(len(pool)))
        self._reached: dict[str, set[int]] = {}
        self.ends: dict[int, LoadPart] = {}
        self.fault: str | None = None

    @property
    def waits(self) -> bool:
        """Whether a client has not told yet what came of its part."""
        return bool(self._left)

    def take(self, report: ClientReport) -> None:
        """Take what a client told."""
        place = report.place
        if report.kind == PHASE:
            self._reach(report.content, place)
        elif report.kind == RESULT and isinstance(report.content, LoadPart):
            self._left.discard(place)
            self.ends[place] = report.content
        elif report.kind in (FAILED, LOST):
            self._left.discard(place)
            if self.fault is None:
                self.fault = (
                    f"{self._pool.complaint(report)}; the load was stopped, for the"
                    " others offer a smaller one: what had ended by then is kept, and"
                    " the cell has no figures"
                )
            self.stop()

    def stop(self) -> None:
        """Let all clients stop."""
        self._pool.send(StopLoad(load=self._load))

    def _reach(self, phase: str, place: int) -> None:
        """Note how far a client is; where all are, they go on together."""
        reached = self._reached.setdefault(phase, set())
        reached.add(place)
        if len(reached) < len(self._pool):
            return
        if phase == "ready":
            at_ns = self._clock.now_ns() + round(_AHEAD_S * NS_PER_S)
            for client, clock in zip(self._pool.clients, self._clocks, strict=True):
                order = BeginLoad(load=self._load, at_ns=at_ns + clock.used_ns)
                client.send(order)
        elif phase == "filled":
            self._pool.send(CountLoad(load=self._load))
        else:
            self.stop()
