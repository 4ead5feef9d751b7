"""Many requests in flight at a server, from one event loop.

What counts lies in the middle: other requests of the same kind go before the measured
ones and after them, so that the first and the last of these meet the same load as the
rest. The throughput is counted over the window of the measured ones alone.
"""

from __future__ import annotations

import asyncio
import time
from functools import cached_property
from itertools import count, cycle
from typing import TYPE_CHECKING, Generic, TypeVar

from pytest_llmlat.measure.arrivals import Arrivals
from pytest_llmlat.measure.load_warm_up import WarmUp
from pytest_llmlat.measure.scenarios.alone import no_garbage
from pytest_llmlat.measure.scenarios.alongside import NOTHING_ALONG
from pytest_llmlat.measure.scenarios.chains import (
    ChainSource,
    one_request,
    step_after,
)
from pytest_llmlat.measure.scenarios.client_limits import why_limited
from pytest_llmlat.measure.scenarios.closed_window import (
    RequestSpan,
    closed_window_ns,
    spans_of,
)
from pytest_llmlat.values.cell_facts import LoadFacts
from pytest_llmlat.values.errors import Unsupported
from pytest_llmlat.values.percentiles import nearest_rank
from pytest_llmlat.values.protocols import ConversationServer, Exchange
from pytest_llmlat.values.timing import NS_PER_S

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence

    from pytest_llmlat.measure.scenarios.alongside import Alongside
    from pytest_llmlat.measure.scenarios.chains import Chain, ChainStanding, ChainStep
    from pytest_llmlat.values.clock import Clock
    from pytest_llmlat.values.protocols import Server
    from pytest_llmlat.values.records import Request
    from pytest_llmlat.values.scenario import Scenario

E = TypeVar("E", bound=Exchange)

TICK_S = 0.02
"""Interval, in seconds, at which the event loop's lateness is read."""


def offer(  # noqa: PLR0913 - all of it is one load
    scenario: Scenario,
    requests: Sequence[Request],
    server: Server[E],
    clock: Clock,
    *,
    seed: int,
    ramp_s: float,
    uncounted: Iterator[Request] | None = None,
    along: Alongside = NOTHING_ALONG,
) -> Offered[E]:
    """Offer independent requests; see :func:`offer_chains`."""
    around = cycle(requests) if uncounted is None else uncounted
    return offer_chains(
        scenario,
        [one_request(request, place) for place, request in enumerate(requests)],
        server,
        clock,
        places=len(requests),
        seed=seed,
        ramp_s=ramp_s,
        uncounted=(one_request(request, None) for request in around),
        along=along,
        ahead=requests,
    )


def offer_chains(  # noqa: PLR0913 - all of it is one load
    scenario: Scenario,
    chains: Sequence[Chain],
    server: Server[E],
    clock: Clock,
    *,
    places: int,
    seed: int,
    ramp_s: float,
    uncounted: Iterator[Chain],
    along: Alongside = NOTHING_ALONG,
    ahead: Sequence[Request] = (),
) -> Offered[E]:
    """Offer all chains and wait for their ends; after Ctrl-C the ended ones stay.

    Args:
        scenario: any but ``single``.
        chains: those that count, in order; they arrive, and their requests follow.
        server: takes them all at once; a :class:`ConversationServer` where a request
            holds the answer to one before it.
        clock: read at every stamp.
        places: how many requests count.
        seed: of the arrivals of an open loop.
        ramp_s: over how long the start of a closed loop is spread.
        uncounted: what goes before and after, without end.
        along: what goes along with it.
        ahead: requests that are known before the load begins.
    """
    source = ChainSource(iter(chains), uncounted)
    offered = Offered(
        source,
        server,
        clock,
        chains=len(chains),
        places=places,
        along=along,
        ahead=ahead,
    )
    warm_up = WarmUp(scenario, len(chains))
    plans: Mapping[str, Callable[[], Coroutine[object, object, None]]] = {
        "offline": offered.all_at_once,
        "concurrent": lambda: offered.closed(int(scenario.level or 1), ramp_s),
        "server": lambda: offered.open(Arrivals(scenario.level or 1.0, seed), warm_up),
    }
    with no_garbage():
        try:
            along.energy.open()
            server.run(offered.watched(plans[scenario.kind]()))
            along.energy.close()
        except KeyboardInterrupt:
            offered.interrupted = True
    return offered


class Offered(Generic[E]):
    """A load while it runs, and its exchanges."""

    def __init__(
        self,
        source: ChainSource,
        server: Server[E],
        clock: Clock,
        *,
        chains: int,
        places: int,
        along: Alongside,
        ahead: Sequence[Request],
    ) -> None:
        """Send nothing yet."""
        self._along = along
        self._ahead = ahead
        self.exchanges: list[E | None] = [None] * places
        self.interrupted = False
        self._source = source
        self._server = server
        self._clock = clock
        self._ended: list[RequestSpan | tuple[int, E]] = []
        """Spans of requests that do not count; starts and exchanges of those that do:
        whether one failed is looked up after the load, and not beside the clock."""
        self._left = self._chains = chains
        self._closed = self._stopped = False
        self._under_way = 0
        """Number of requests that were sent and have not ended."""
        self._cut_off_ns: list[int] = []
        """Starts of the requests that were under way at the end."""
        self._next_due_ns = 0
        """Arrival, in an open loop, of the first request that does not count."""
        self._fault: BaseException | None = None
        self._finished = asyncio.Event()
        self._counts = {"before": 0, "counted": 0, "after": 0}
        """Number of requests, by the standing of their chain."""
        self._uncounted_retries = self._uncounted_failed = 0
        self._lags_s: list[float] = []
        self._lateness_s: list[float] = []
        """Lateness of each sending beside its due instant."""
        self._scheduled = False
        self._warm_up: WarmUp | None = None
        """Warm-up of an open loop."""
        self._cpu_share: float | None = None

    async def watched(self, load: Coroutine[object, object, None]) -> None:
        """Run a load and watch this client while it does."""
        watch = asyncio.create_task(self._watch())
        begin_ns, busy_ns = self._clock.now_ns(), time.thread_time_ns()
        try:
            await load
        finally:
            spent = self._clock.now_ns() - begin_ns
            if spent > 0:
                self._cpu_share = (time.thread_time_ns() - busy_ns) / spent
            await _end(watch)

    async def all_at_once(self) -> None:
        """Send every request at the same instant; of a conversation its first one."""
        await self._server.connect(self._chains, self._ahead)
        now = self._clock.now_ns()
        taken = [self._source.take(may_count=True) for _ in range(self._chains)]
        await asyncio.gather(*(self._follow(*one, now) for one in taken))

    async def closed(self, level: int, ramp_s: float) -> None:
        """Keep ``level`` requests in flight until every measured one has ended.

        Of chains, so many are under way: a slot begins another where one has ended.

        Until all of them have had an answer, none counts: one that is turned away and
        waits to be sent again is not in flight, and the others would meet a smaller
        load.
        """
        await self._server.connect(level, self._ahead)
        answered = 0

        async def keep_one_in_flight(delay_s: float) -> None:
            nonlocal answered
            await asyncio.sleep(delay_s)
            first = self._source.take(may_count=False)
            await self._follow(*first, self._clock.now_ns())
            answered += 1
            while not (self._finished.is_set() or self._stopped):
                taken = self._source.take(may_count=answered == level)
                await self._follow(*taken, self._clock.now_ns())

        self._closed = True
        workers = [
            asyncio.create_task(keep_one_in_flight(ramp_s * number / level))
            for number in range(level)
        ]
        await self._until_finished(workers)

    async def open(
        self, arrivals: Arrivals, warm_up: WarmUp, begin_ns: int | None = None
    ) -> None:
        """Send as scheduled, whoever is ready, until every measured one has ended.

        Those that count begin when the load has become steady, or warm-up has an end.
        """
        await self._server.connect(1, self._ahead)
        self._scheduled = True
        self._warm_up = warm_up
        under_way: set[asyncio.Task[None]] = set()

        async def dispatch() -> None:
            begin = self._clock.now_ns() if begin_ns is None else begin_ns
            for sent in count():
                if self._stopped:
                    return
                due = begin + arrivals.next_ns()
                if self._source.exhausted and not self._next_due_ns:
                    self._next_due_ns = due
                await self._sleep_until(due)
                taken = self._source.take(may_count=warm_up.over(sent))
                task = asyncio.create_task(self._follow(*taken, due))
                under_way.add(task)
                task.add_done_callback(ended)

        def ended(task: asyncio.Task[None]) -> None:
            under_way.discard(task)
            if not task.cancelled() and task.exception() is not None:
                self._fault = task.exception()
                self._finished.set()

        dispatcher = asyncio.create_task(dispatch())
        try:
            await self._until_finished([dispatcher])
        finally:
            await _end(*under_way)
        if self._fault is not None:
            raise self._fault

    @cached_property
    def spans(self) -> tuple[list[RequestSpan], list[RequestSpan]]:
        """Spans of all requests and of those that count, once the load has ended."""
        return spans_of(self._ended)

    def facts(self) -> LoadFacts | None:
        """Describe the load; ``None`` if no measured request ended."""
        spans, measured = self.spans
        if not measured:
            return None
        begin = min(span.start_ns for span in measured)
        last = max(span.end_ns for span in measured)
        if self._closed:
            ended = measured
            window_ns = closed_window_ns(spans, measured, self._cut_off_ns, begin, last)
        else:
            # An idle server answers as many as arrive, and no more.
            end = max(last, self._next_due_ns)
            window_ns = end - begin
            ended = [span for span in spans if begin < span.end_ns <= end]
        lag = nearest_rank(self._lags_s, 99) if self._lags_s else None
        send_lag = nearest_rank(self._lateness_s, 99) if self._lateness_s else None
        return LoadFacts(
            window_s=window_ns / NS_PER_S,
            ended=len(ended),
            failed=sum(span.failed for span in ended),
            before=self._counts["before"],
            after=self._counts["after"],
            in_flight=self._server.most_in_flight(),
            send_lag_p99_s=send_lag,
            loop_lag_p99_s=lag,
            cpu_share=self._cpu_share,
            client_limited=why_limited(lag, send_lag, self._cpu_share),
            uncounted_retries=self._uncounted_retries,
            uncounted_failed=self._uncounted_failed,
            steady=self._warm_up.steady if self._warm_up else None,
        )

    async def _follow(
        self, chain: Chain, standing: ChainStanding, start_ns: int
    ) -> None:
        """Make the requests of a chain, each when the one before has ended.

        Args:
            chain: what they are.
            standing: whether they count.
            start_ns: from when the latency of the first one counts; of the others it
                does from their sending.
        """
        step = next(chain, None)
        if self._scheduled:
            self._lateness_s.append((self._clock.now_ns() - start_ns) / NS_PER_S)
        begin_ns = end_ns = start_ns
        while step is not None and self._may_send(step):
            self._counts[standing] += 1
            exchange = await self._exchange(step, start_ns)
            end_ns = exchange.end_ns
            # What no later request holds is read after the load.
            text = self._text_of(step.request, exchange) if step.read else None
            step = step_after(chain, text)
            start_ns = self._clock.now_ns()
        if self._warm_up is not None:
            self._warm_up.ended(end_ns - begin_ns)
        if standing == "counted":
            self._left -= 1
        if not self._left or (self._stopped and not self._under_way):
            self._finished.set()

    def _may_send(self, step: ChainStep) -> bool:
        """Whether the allowance lets a request be sent; after one it does not, none."""
        if not self._along.allowance.admit(step.request, step.place):
            self._stopped = True
        return not self._stopped

    def _text_of(self, request: Request, exchange: E) -> str | None:
        if not isinstance(self._server, ConversationServer):
            raise Unsupported("this server's answers cannot be read under a load")
        return self._server.text_of(request, exchange)

    async def _exchange(self, step: ChainStep, start_ns: int) -> E:
        """Make one exchange and keep it if it counts."""
        self._under_way += 1
        try:
            exchange = await self._server.exchange(step.request, start_ns)
        except asyncio.CancelledError:
            self._cut_off_ns.append(start_ns)
            raise
        finally:
            self._under_way -= 1
        if step.place is None:
            failed = exchange.failed
            self._uncounted_retries += exchange.retries
            self._uncounted_failed += failed
            self._ended.append(RequestSpan(start_ns, exchange.end_ns, failed))
        else:
            self.exchanges[step.place] = exchange
            self._along.sink.put(step.place, exchange)
            self._ended.append((start_ns, exchange))
        return exchange

    async def _until_finished(self, tasks: Sequence[asyncio.Task[None]]) -> None:
        """Wait for the last measured request, then end the tasks that go on."""
        finished = asyncio.create_task(self._finished.wait())
        try:
            await asyncio.wait([finished, *tasks], return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:
                if task.done() and not task.cancelled():
                    task.result()  # a fault of ours must not look like a quiet end
            await finished
        finally:
            await _end(finished, *tasks)

    async def _sleep_until(self, due_ns: int) -> None:
        """Sleep until an instant; an event loop may wake up a millisecond early."""
        while (left_ns := due_ns - self._clock.now_ns()) > 0:  # noqa: ASYNC110 - a time
            await asyncio.sleep(left_ns / NS_PER_S)

    async def _watch(self) -> None:
        """Note, again and again, how late this client wakes up."""
        while True:
            due = self._clock.now_ns() + round(TICK_S * NS_PER_S)
            await asyncio.sleep(TICK_S)
            self._lags_s.append(max(0, self._clock.now_ns() - due) / NS_PER_S)


async def _end(*tasks: asyncio.Task[object]) -> None:
    """Cancel tasks and wait until all of them have gone."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
