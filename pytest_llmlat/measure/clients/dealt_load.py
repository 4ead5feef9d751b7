"""One client's part of a load that several offer: in step with the others.

The process that leads says when to begin, from when on requests count, and when to
stop. So nothing counts before the load is whole, and none of the clients stops before
the last request of any of them has ended. Each client stamps by its own clock.
"""

from __future__ import annotations

import asyncio
from array import array
from dataclasses import dataclass
from itertools import cycle
from typing import TYPE_CHECKING, TypeVar

from pytest_llmlat.measure.arrivals import DealtArrivals
from pytest_llmlat.measure.load_warm_up import WarmUp
from pytest_llmlat.measure.scenarios.alone import no_garbage
from pytest_llmlat.measure.scenarios.chains import ChainSource, one_request
from pytest_llmlat.measure.scenarios.load import Offered
from pytest_llmlat.values.errors import LLMLatError
from pytest_llmlat.values.protocols import Exchange
from pytest_llmlat.values.timing import NS_PER_S

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence

    from pytest_llmlat.measure.arrivals import Arrivals
    from pytest_llmlat.measure.scenarios.alongside import Alongside
    from pytest_llmlat.measure.scenarios.chains import Chain, ChainStanding
    from pytest_llmlat.measure.scenarios.closed_window import RequestSpan
    from pytest_llmlat.values.cell_facts import LoadFacts
    from pytest_llmlat.values.clock import Clock
    from pytest_llmlat.values.protocols import Server
    from pytest_llmlat.values.records import Request, Response
    from pytest_llmlat.values.scenario import Scenario

E = TypeVar("E", bound=Exchange)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadDeal:
    """The deal of a load to one client."""

    scenario: Scenario
    """Scenario of the whole load."""
    place: int
    """Place of the client, from 0."""
    among: int
    """Number of clients."""
    seed: int
    """Seed of the arrivals of the whole load."""
    ramp_s: float
    """Over how long the start of the whole closed loop is spread."""

    @property
    def level(self) -> int:
        """Its share of the requests in flight of a closed loop."""
        whole = int(self.scenario.level or 1)
        return whole // self.among + (self.place < whole % self.among)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spans:
    """Spans of requests, as they go from one process to another."""

    start_ns: array[int]
    end_ns: array[int]
    failed: bytes

    @classmethod
    def of(cls, spans: Sequence[RequestSpan]) -> Spans:
        """Return the spans of requests."""
        return cls(
            start_ns=array("q", [span.start_ns for span in spans]),
            end_ns=array("q", [span.end_ns for span in spans]),
            failed=bytes(span.failed for span in spans),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadPart:
    """One client's part of a load that has ended; all instants are of its clock."""

    responses: tuple[Response | None, ...]
    """Response of each of its requests, ``None`` where the load was stopped before."""
    spans: Spans
    """Spans of all its requests."""
    measured: Spans
    """Spans of those that count."""
    cut_off_ns: array[int]
    """Starts of the requests that were under way at the end."""
    next_due_ns: int
    """Arrival, in an open loop, of its first request that does not count; 0 if none."""
    facts: LoadFacts | None
    """Facts of its own load; ``None`` where none of its requests that count ended."""


class LoadSignals:
    """What one client tells the process that leads, and is told, during a load."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        """Begin with nothing told.

        Args:
            tell: takes ``ready``, ``filled`` and ``done``.
        """
        self.tell = tell
        self.counting = False
        """Whether requests count: the load is whole, in every client."""
        self.end = AgreedEnd(lambda: tell("done"))
        self._begin_ns = 0
        self._may_begin = asyncio.Event()

    async def begun(self) -> int:
        """Say that all is ready, and return the instant at which the load begins.

        Raises:
            LLMLatError: it was stopped before.
        """
        self.tell("ready")
        await self._may_begin.wait()
        if self.end.is_set():
            raise LLMLatError("the load was stopped before it began")
        return self._begin_ns

    def begin(self, at_ns: int) -> None:
        """Learn when the load begins, by this process's clock."""
        self._begin_ns = at_ns
        self._may_begin.set()

    def count(self) -> None:
        """Learn that the load is whole in every client."""
        self.counting = True

    def stop(self) -> None:
        """Learn that every client has done its part, or that it is of no use now."""
        self.end.agree()
        self._may_begin.set()


class AgreedEnd(asyncio.Event):
    """An end that is set by agreement; until then, setting it only tells."""

    def __init__(self, tell: Callable[[], None]) -> None:
        """Begin before the end."""
        super().__init__()
        self._tell, self._told = tell, False

    def set(self) -> None:
        """Say once that this client has done its part."""
        if not self._told:
            self._told = True
            self._tell()

    def agree(self) -> None:
        """End it."""
        super().set()


class _AgreedSource(ChainSource):
    """A source of which nothing counts before all clients are as far."""

    def __init__(
        self, counted: Iterator[Chain], uncounted: Iterator[Chain], signals: LoadSignals
    ) -> None:
        super().__init__(counted, uncounted)
        self._signals, self._told = signals, False

    def take(self, *, may_count: bool) -> tuple[Chain, ChainStanding]:
        """Return the next chain; says once that one might count."""
        if may_count and not self._told:
            self._told = True
            self._signals.tell("filled")
        return super().take(may_count=may_count and self._signals.counting)


class DealtLoad(Offered[E]):
    """One client's part of a load while it runs."""

    def __init__(
        self,
        deal: LoadDeal,
        requests: Sequence[Request],
        server: Server[E],
        clock: Clock,
        *,
        uncounted: Iterator[Request] | None,
        along: Alongside,
        signals: LoadSignals,
    ) -> None:
        """Send nothing yet.

        Args:
            deal: what of the load is this client's.
            requests: those of its requests that count, at least one.
            server: takes them all at once.
            clock: this process's.
            uncounted: what goes before and after; ``None`` for the same once more.
            along: what goes along with it.
            signals: join it to the other clients.
        """
        around = cycle(requests) if uncounted is None else uncounted
        counted = [
            one_request(request, place) for place, request in enumerate(requests)
        ]
        source = _AgreedSource(
            iter(counted), (one_request(each, None) for each in around), signals
        )
        size = len(requests)
        super().__init__(
            source,
            server,
            clock,
            chains=size,
            places=size,
            along=along,
            ahead=requests,
        )
        self._deal, self._signals = deal, signals
        self._requests = requests
        self._finished = signals.end

    def run(self) -> None:
        """Offer it, and wait until every client has done its part."""
        deal, scenario = self._deal, self._deal.scenario
        arrivals = DealtArrivals(
            scenario.level or 1.0, deal.seed, place=deal.place, among=deal.among
        )
        warm_up = WarmUp(scenario, len(self._requests))
        plans: Mapping[str, Callable[[], Coroutine[object, object, None]]] = {
            "offline": self.all_at_once,
            "concurrent": lambda: self.closed(deal.level, deal.ramp_s),
            "server": lambda: self.open(arrivals, warm_up),
        }
        with no_garbage():
            self._server.run(self.watched(plans[scenario.kind]()))

    async def all_at_once(self) -> None:
        """Send every request at the instant at which all clients do."""
        await self._server.connect(self._chains, self._ahead)
        now = await self._signals.begun()
        await self._sleep_until(now)
        self._signals.counting = True
        taken = [self._source.take(may_count=True) for _ in range(self._chains)]
        await self._until_finished([asyncio.create_task(self._all_of(taken, now))])

    async def _all_of(
        self, taken: Sequence[tuple[Chain, ChainStanding]], start_ns: int
    ) -> None:
        await asyncio.gather(*(self._follow(*one, start_ns) for one in taken))

    async def closed(self, level: int, ramp_s: float) -> None:
        """Keep its share in flight; clients begin as far apart as their slots do."""
        await self._server.connect(level, self._ahead)
        begin = await self._signals.begun()
        whole = self._deal.scenario.level or 1
        apart_ns = round(ramp_s * self._deal.place / whole * NS_PER_S)
        await self._sleep_until(begin + apart_ns)
        await super().closed(level, ramp_s)

    async def open(
        self, arrivals: Arrivals, warm_up: WarmUp, begin_ns: int | None = None
    ) -> None:
        """Send those arrivals of the one schedule that are its own."""
        await self._server.connect(1, self._ahead)
        begin_ns = await self._signals.begun()
        await super().open(arrivals, warm_up, begin_ns)

    def part(self) -> LoadPart:
        """Return its part, once it has ended."""
        spans, measured = self.spans
        return LoadPart(
            responses=tuple(
                None if exchange is None else self._server.read(request, exchange)
                for request, exchange in zip(
                    self._requests, self.exchanges, strict=True
                )
            ),
            spans=Spans.of(spans),
            measured=Spans.of(measured),
            cut_off_ns=array("q", self._cut_off_ns),
            next_due_ns=self._next_due_ns,
            facts=self.facts(),
        )
