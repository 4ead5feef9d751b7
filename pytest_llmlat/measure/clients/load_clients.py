"""A load that client processes offer, in the place of this one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pytest_llmlat.measure.clients.client_orders import (
    AskOnce,
    CheckClock,
    ForgetLoad,
    OfferPart,
    OpenPulse,
    OpenServer,
    TryClock,
)
from pytest_llmlat.measure.clients.client_pool import ClientPool
from pytest_llmlat.measure.clients.dealt_load import LoadDeal, LoadPart
from pytest_llmlat.measure.clients.joined_load import OfferedPart, joined_facts
from pytest_llmlat.measure.clients.led_load import LedLoad
from pytest_llmlat.measure.clock_check import LEAST_REQUESTS
from pytest_llmlat.measure.instrument.calibration import (
    ClosedLoop,
    accuracy,
    pulse_server,
)
from pytest_llmlat.measure.instrument.comparison import compared
from pytest_llmlat.measure.scenarios import Load
from pytest_llmlat.measure.scenarios.alongside import NOTHING_ALONG, Alongside
from pytest_llmlat.measure.uncounted import Uncounted
from pytest_llmlat.values.cell_facts import Instrument
from pytest_llmlat.values.errors import LLMLatError, ServerUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from types import TracebackType
    from typing import Self

    from pytest_llmlat.machine.process_place import ProcessPlace
    from pytest_llmlat.measure.clients.client_pool import ClockOffset
    from pytest_llmlat.measure.scenarios import BatchSettings
    from pytest_llmlat.measure.spooling import OpenSpool
    from pytest_llmlat.store.spooled_answers import SpooledLoad
    from pytest_llmlat.values.clock import Clock
    from pytest_llmlat.values.entities import Deployment
    from pytest_llmlat.values.protocols import Backend, Server
    from pytest_llmlat.values.raw_answers import RawAnswer
    from pytest_llmlat.values.records import Request, Response
    from pytest_llmlat.values.scenario import Scenario


class LoadClients:
    """Client processes that know one server."""

    def __init__(
        self,
        places: Sequence[ProcessPlace],
        deployment: Deployment,
        clock: Clock,
        *,
        open_spool: OpenSpool | None,
    ) -> None:
        """Start the processes.

        Args:
            places: where each of them is to run, at least 2.
            deployment: the server.
            clock: of this process.
            open_spool: opens the file that keeps the answers of one that is on this
                machine; others keep none.
        """
        self._deployment, self._clock, self._open_spool = deployment, clock, open_spool
        self._pool = ClientPool(places)
        self._clocks: list[ClockOffset] = []
        self._instruments: list[Instrument | None] = [None] * len(places)
        self._spooled: SpooledLoad | None = None
        self._fault: str | None = None
        self._load = 0
        """Number of the last load."""

    def open(self) -> None:
        """Let each know the server, one after the other, and look at their clocks.

        Raises:
            LLMLatError: one cannot reach the server.
        """
        for place in range(len(self._pool)):
            self._pool.ask(place, OpenServer(deployment=self._deployment))
        self._clocks = self._looked_at_clocks()

    def _looked_at_clocks(self) -> list[ClockOffset]:
        """Return how far each clock is from this one now."""
        return [
            self._pool.offset(place, self._clock) for place in range(len(self._pool))
        ]

    def try_clocks(self, streams: int, *, awake: bool) -> Instrument | None:
        """Try all clocks at once on a server that logs its writes.

        Args:
            streams: requests in flight, of all clients together.
            awake: as for ``check_clock``.

        Returns:
            The worst of what was found; ``None`` where the server did not start here.
        """
        if self._pool.elsewhere:
            return self._try_clocks_apart(streams, awake=awake)
        number = len(self._pool)
        pace = ClosedLoop(
            streams=-(-streams // number),
            requests=max(LEAST_REQUESTS, 2 * -(-streams // number)),
        )
        try:
            with pulse_server() as pulse:
                for place in range(number):
                    self._pool.ask(place, OpenPulse(url=pulse.url, awake=awake))
                pulse.log()  # what came before is none of ours
                order = TryClock(tokens=pulse.schedule.tokens, pace=pace)
                found: list[list[Response]] = self._pool.ask_all([order] * number)
                log = pulse.log()
        except (ServerUnavailable, OSError):
            return None
        pairs = compared([one for each in found for one in each], log)
        begin = 0
        for place, each in enumerate(found):
            own = pairs[begin + pace.streams : begin + pace.streams + pace.requests]
            self._instruments[place] = accuracy(own, pace.streams)
            begin += len(each)
        return _worst_of(self._instruments, streams)

    def _try_clocks_apart(self, streams: int, *, awake: bool) -> Instrument | None:
        """Try all clocks at once, each on a server of its own machine.

        The instrument's server is reached without a network, which would be in what
        it says of a clock.
        """
        order = CheckClock(streams=-(-streams // len(self._pool)), awake=awake)
        self._instruments = self._pool.ask_all([order] * len(self._pool))
        return _worst_of(self._instruments, streams)

    def spool(
        self,
        load: SpooledLoad,
        raw: Callable[[Any], RawAnswer | None],  # noqa: ARG002 - each client has its own
    ) -> Self:
        """Return what keeps the answers of the next load: its clients do."""
        self._spooled = replace(load, asked=tuple(load.asked))
        return self

    def put(self, place: int, answer: Any) -> None:  # noqa: ANN401 - of any backend
        """Do nothing: who has an answer keeps it."""

    def forget(self) -> None:
        """Do nothing: nothing is measured anew."""

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let the answers go, once they are written down.

        Raises:
            LLMLatError: a client was lost; what had ended is written down or kept.
        """
        self._spooled = None
        if kind is not None:
            return
        fault, self._fault = self._fault, None
        if fault is not None:
            raise LLMLatError(fault)
        self._pool.ask_all([ForgetLoad()] * len(self._pool))

    def under_load(  # noqa: PLR0913 - as of the function whose place it takes
        self,
        scenario: Scenario,
        requests: Sequence[Request],
        backend: Backend | Server[Any],
        clock: Clock,  # noqa: ARG002 - each client has its own
        *,
        seed: int,
        ramp_s: float,
        uncounted: Iterator[Request] | None = None,
        batches: BatchSettings | None = None,  # noqa: ARG002 - of models of a process
        along: Alongside = NOTHING_ALONG,
    ) -> Load:
        """Offer requests as ``scenarios.under_load`` does, dealt out to the clients.

        The slots of a closed loop are shared out, and of an open loop the arrivals of
        the one schedule.

        Raises:
            LLMLatError: a client sees another server than this process.
        """
        number = len(self._pool)
        self._load += 1
        self._warm_up(uncounted, requests, backend)
        base = LoadDeal(
            scenario=scenario, place=0, among=number, seed=seed, ramp_s=ramp_s
        )
        orders = [
            OfferPart(
                load=self._load,
                deal=replace(base, place=place),
                requests=tuple(requests[place::number]),
                uncounted=_dealt(uncounted, place, number),
                spool=self._spool_of(place),
            )
            for place in range(number)
        ]
        self._clocks = self._looked_at_clocks()
        along.energy.open()
        ends, interrupted = self._led(orders)
        along.energy.close()
        parts = self._parts(ends)
        if self._fault is not None and self._spooled is None:
            raise LLMLatError(self._fault)
        return Load(
            responses=_in_places(parts, number, len(requests)),
            facts=joined_facts(scenario, parts),
            interrupted=interrupted,
            dealt=True,
        )

    def _parts(self, ends: Mapping[int, LoadPart]) -> list[OfferedPart]:
        """Return the parts of a load, with what is known of who offered them."""
        clocks = self._clocks_since()
        return [
            OfferedPart(
                number=place + 1,
                host=self._pool.clients[place].host,
                name=self._pool.name(place),
                part=part,
                clock=clocks[place],
                instrument=self._instruments[place],
            )
            for place, part in sorted(ends.items())
        ]

    def _clocks_since(self) -> list[ClockOffset]:
        """Return how far each clock was during the load, by looks before and after."""
        try:
            later = [] if self.lost else self._looked_at_clocks()
        except LLMLatError:
            # One has ended since: the load is whole, and the next order tells it.
            later = []
        if not later:
            return self._clocks
        return [
            before.joined(after)
            for before, after in zip(self._clocks, later, strict=True)
        ]

    def _warm_up(
        self,
        uncounted: Iterator[Request] | None,
        requests: Sequence[Request],
        backend: Backend | Server[Any],
    ) -> None:
        """Let each client make a request, and see that all know the same server."""
        for place in range(len(self._pool)):
            request = requests[0]
            if isinstance(uncounted, Uncounted):
                request = uncounted.shortest()
            facts = self._pool.ask(place, AskOnce(request=request))
            other = [
                f"{name}: {facts.get(name)!r:.80}, and {value!r:.80} here"
                for name, value in backend.facts.items()
                if facts.get(name) != value
            ]
            if other:
                raise LLMLatError(
                    f"{self._pool.name(place)} sees another"
                    f" server than this process ({'; '.join(other)}): is there one"
                    " server behind its address?"
                )

    def _led(self, orders: Sequence[OfferPart]) -> tuple[dict[int, LoadPart], bool]:
        """Lead all clients through a load.

        Returns:
            The parts of those that came to an end, by their places, and whether Ctrl-C
            stopped it.
        """
        led = LedLoad(self._load, self._pool, self._clock, self._clocks)
        for client, order in zip(self._pool.clients, orders, strict=True):
            client.send(order)
        interrupted = False
        while led.waits:
            try:
                report = self._pool.next()
                if report is not None:
                    led.take(report)
            except KeyboardInterrupt:
                if interrupted:
                    raise
                interrupted = True
                led.stop()
        self._fault = led.fault
        return led.ends, interrupted

    def _spool_of(self, place: int) -> tuple[OpenSpool, SpooledLoad] | None:
        """Return what a client keeps its answers with."""
        load, open_spool = self._spooled, self._open_spool
        if load is None or open_spool is None or not self._pool.clients[place].own:
            return None
        return open_spool, load.dealt(place, len(self._pool))

    @property
    def lost(self) -> bool:
        """Whether one of them has ended, so that no other load can be offered."""
        return self._pool.lost

    def close(self) -> None:
        """End the processes."""
        self._pool.close()


def _worst_of(found: Sequence[Instrument | None], streams: int) -> Instrument | None:
    """Return the worst of several clocks; ``None`` where one could not be tried."""
    tried = [each for each in found if each is not None]
    if len(tried) < len(found):
        return None
    return Instrument(
        streams=streams,
        requests=sum(each.requests for each in tried),
        bias_s=max((each.bias_s for each in tried), key=abs),
        jitter_p99_s=max(each.jitter_p99_s for each in tried),
    )


def _in_places(
    parts: Sequence[OfferedPart], clients: int, requests: int
) -> tuple[Response | None, ...]:
    """Return the responses of all parts in the order of their requests."""
    found: list[Response | None] = [None] * requests
    for each in parts:
        found[each.number - 1 :: clients] = each.responses
    return tuple(found)


def _dealt(
    uncounted: Iterator[Request] | None, place: int, among: int
) -> Uncounted | None:
    """Return a client's share of what does not count."""
    if isinstance(uncounted, Uncounted):
        return uncounted.dealt(place, among)
    return None
