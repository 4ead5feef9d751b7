"""Many requests in flight at a server, on an event loop whose time is by script."""

from __future__ import annotations

import asyncio
import gc
import selectors
import signal
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeVar

import pytest

from pytest_llmlat.measure.arrivals import Arrivals
from pytest_llmlat.measure.cell import LoadedModel, Tools, run_cell
from pytest_llmlat.measure.plan import Plan
from pytest_llmlat.measure.scenarios import under_load
from pytest_llmlat.measure.scenarios.load import Offered, offer
from pytest_llmlat.values.cell_facts import CellFacts, Instrument
from pytest_llmlat.values.clock import ManualClock
from pytest_llmlat.values.records import Generation, Record, Request, Response
from pytest_llmlat.values.scenario import Scenario
from pytest_llmlat.values.timing import NS_PER_S, Timing
from tests.unit.builders import a_cell, a_deployment, a_sample, a_task

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping, Sequence

    from pytest_llmlat.values.cell_facts import LoadFacts
    from pytest_llmlat.values.entities import Scalar

pytestmark = pytest.mark.slow

T = TypeVar("T")
BEGIN_NS = 5 * NS_PER_S
ENDLESS = 2_000
"""After so many requests a load that does not end is ended."""
OFFLINE = Scenario(kind="offline")
EVERY = [
    OFFLINE,
    Scenario(kind="concurrent", level=3),
    Scenario(kind="server", level=2),
]


class Selector(selectors.SelectSelector):
    """Moves a clock on where a real one would wait."""

    def __init__(self, clock: ManualClock) -> None:
        """Wait on ``clock``."""
        super().__init__()
        self._clock = clock

    def select(
        self, timeout: float | None = None
    ) -> list[tuple[selectors.SelectorKey, int]]:
        """Let the time pass at once."""
        ready = super().select(0)
        if not ready and timeout:
            now_ns = self._clock.now_ns()
            self._clock.wait_until(now_ns + max(1, round(timeout * NS_PER_S)))
        return ready


class Loop(asyncio.SelectorEventLoop):
    """An event loop that sleeps through hours in no time."""

    def __init__(self, clock: ManualClock) -> None:
        """Live on ``clock``."""
        super().__init__(Selector(clock))
        self._own_clock = clock

    def time(self) -> float:
        """Return the present instant of the clock."""
        return self._own_clock.now_ns() / NS_PER_S


@dataclass
class Ended:
    """An exchange of the server below."""

    prompt: str
    start_ns: int
    sent_ns: int
    end_ns: int = 0
    failed: bool = False
    retries: int = 0


def one_second(prompt: str) -> float:
    """Answer whatever it is in the same time."""
    del prompt
    return 1.0


@dataclass
class Slow:
    """A server that takes its time, and remembers who came when."""

    clock: ManualClock
    service_s: Callable[[str], float] = one_second
    failing: frozenset[str] = frozenset()
    broken_at: int | None = None
    """The request at which a fault of ours shows up, counted from 1."""
    stopped_at: int = ENDLESS
    """The request at which somebody presses Ctrl-C."""
    blocking_s: float = 0.0
    """How long the client's own thread is held up by each request."""
    connect_s: float = 0.0
    chat: bool = True
    facts: Mapping[str, Scalar | None] = field(default_factory=dict)
    sent: list[Ended] = field(default_factory=list)
    in_flight: list[int] = field(default_factory=list)
    """How many were under way when each was sent, itself included."""
    connected: list[int] = field(default_factory=list)
    ahead: list[Request] = field(default_factory=list)
    """Requests that were announced."""
    left_over: list[str] = field(default_factory=list)
    """What was still running when a load had ended."""
    collecting: set[bool] = field(default_factory=set)
    remote: Literal[True] = True
    _now: int = 0

    def run(self, main: Coroutine[object, object, T], *, alone: bool = False) -> T:
        """Run a coroutine on a loop of its own, as the HTTP client does."""
        del alone
        with asyncio.Runner(loop_factory=lambda: Loop(self.clock)) as runner:
            try:
                return runner.run(main)
            finally:
                tasks = asyncio.all_tasks(runner.get_loop())
                self.left_over += [repr(task) for task in tasks]

    async def connect(self, connections: int, ahead: Sequence[Request] = ()) -> None:
        """Remember how many were asked for."""
        self.ahead += ahead
        self.connected.append(connections)
        await asyncio.sleep(self.connect_s)

    async def exchange(self, request: Request, start_ns: int) -> Ended:
        """Take the time that the prompt takes."""
        ended = Ended(request.prompt, start_ns, self.clock.now_ns())
        self.sent.append(ended)
        self.collecting.add(gc.isenabled())
        self._now += 1
        self.in_flight.append(self._now)
        if len(self.sent) == self.stopped_at:
            signal.raise_signal(signal.SIGINT)
        try:
            if len(self.sent) == self.broken_at:
                raise LookupError("a fault of ours")
            self.clock.wait_until(ended.sent_ns + round(self.blocking_s * NS_PER_S))
            await asyncio.sleep(self.service_s(request.prompt))
        finally:
            self._now -= 1
        ended.end_ns = self.clock.now_ns()
        ended.failed = request.prompt in self.failing
        return ended

    def most_in_flight(self) -> int:
        """Return the most that were under way at once."""
        return max(self.in_flight, default=0)

    def read(self, request: Request, exchange: Ended) -> Response:
        """Say what came of an exchange."""
        assert exchange.prompt == request.prompt
        return Response(
            generation=Generation(
                text=exchange.prompt,
                finish="stop",
                prompt_tokens=1,
                output_tokens=1,
                token_source="usage",  # noqa: S106 - no secret
            ),
            timing=Timing(
                start_ns=exchange.start_ns,
                end_ns=exchange.end_ns,
                stamps_ns=(exchange.end_ns,),
                stamp_tokens=(1,),
                sent_ns=exchange.sent_ns,
            ),
            error=None,
        )

    def reset_device_peak(self) -> None:
        """There is no device."""

    def device_peak_bytes(self) -> int | None:
        """There is no device."""
        return None

    def close(self) -> None:
        """There is nothing to close."""


def some_requests(count: int) -> list[Request]:
    """Return requests whose prompts are their places."""
    return [
        Request(prompt=str(place), chat=True, max_new_tokens=4)
        for place in range(count)
    ]


def offered(
    scenario: Scenario, server: Slow, count: int, *, seed: int = 0, ramp_s: float = 0.0
) -> Offered[Ended]:
    """Offer so many requests that count."""
    return offer(
        scenario, some_requests(count), server, server.clock, seed=seed, ramp_s=ramp_s
    )


def closed(level: int) -> Scenario:
    """Return a closed loop."""
    return Scenario(kind="concurrent", level=level)


def opened(rate: float) -> Scenario:
    """Return an open loop."""
    return Scenario(kind="server", level=rate)


def a_server(**how: object) -> Slow:
    """Return a server on a clock of its own."""
    return Slow(ManualClock(BEGIN_NS), **how)  # type: ignore[arg-type]


def quick(prompt: str) -> float:
    """Answer whatever it is at once."""
    del prompt
    return 1e-5


def uneven(prompt: str) -> float:
    """Take longer for some than for others, so that later ones end before."""
    return 0.1 + (int(prompt) * 7 % 5) / 2


def kept(load: Offered[Ended]) -> list[Ended | None]:
    """Return what came of the requests that count."""
    return load.exchanges


def facts_of(load: Offered[Ended]) -> LoadFacts:
    """Return the facts of a load in which something ended."""
    facts = load.facts()
    assert facts is not None
    return facts


def since(instant_ns: int) -> float:
    """Return the seconds since the clock began, to the microsecond."""
    return round((instant_ns - BEGIN_NS) / NS_PER_S, 6)


@pytest.mark.parametrize("scenario", EVERY)
def test_every_request_is_answered_in_its_own_place(scenario: Scenario) -> None:
    """Whichever ended first, an answer stands where its request does."""
    server = a_server(service_s=uneven)

    load = offered(scenario, server, 20)

    assert [e.prompt for e in kept(load) if e] == [str(place) for place in range(20)]
    ends = [e.end_ns for e in kept(load) if e]
    assert ends != sorted(ends)
    assert not load.interrupted
    assert server.left_over == []


@pytest.mark.parametrize("scenario", EVERY)
def test_each_counted_request_is_sent_once(scenario: Scenario) -> None:
    """What goes before and after are other requests, and none is in the answers."""
    server = a_server(service_s=uneven)

    load = offered(scenario, server, 20)

    facts = facts_of(load)
    places = {id(ended) for ended in kept(load)}
    assert len(places) == 20
    assert len(server.sent) == facts.before + 20 + facts.after
    before = {id(ended) for ended in server.sent[: facts.before]}
    assert not before & places
    assert Counter(e.prompt for e in server.sent if id(e) in places) == Counter(
        str(place) for place in range(20)
    )


@pytest.mark.parametrize("level", [1, 2, 5])
def test_a_closed_loop_keeps_its_level(level: int) -> None:
    """Once it is warm there are never more nor fewer when a request is sent."""
    server = a_server(service_s=uneven)

    load = offered(closed(level), server, 20)

    assert server.in_flight[:level] == list(range(1, level + 1))
    assert set(server.in_flight[level:]) == {level}
    assert facts_of(load).in_flight == level


@pytest.mark.parametrize("ramp_s", [0.0, 0.5, 1.0, 3.0, 60.0])
def test_no_request_counts_before_the_loop_is_full(ramp_s: float) -> None:
    """However slow the first request was, over whose time the start is spread."""
    server = a_server()

    load = offered(closed(4), server, 12, ramp_s=ramp_s)

    measured = {id(ended) for ended in kept(load)}
    found = {
        number
        for ended, number in zip(server.sent, server.in_flight, strict=True)
        if id(ended) in measured
    }
    assert found == {4}


def test_the_start_of_a_closed_loop_is_spread() -> None:
    """Its requests do not move in step, which no users do."""
    server = a_server()

    offered(closed(4), server, 4, ramp_s=1.0)

    assert [since(e.sent_ns) for e in server.sent[:4]] == [0, 0.25, 0.5, 0.75]


def test_a_closed_loop_sends_the_next_when_one_has_ended() -> None:
    """Its requests have no queue: they count from when they are sent."""
    server = a_server(service_s=uneven)

    offered(closed(2), server, 10)

    for ended in server.sent:
        assert ended.start_ns == ended.sent_ns
    ends = {e.end_ns for e in server.sent}
    assert all(e.sent_ns in ends for e in server.sent[2:])


def test_the_window_of_a_closed_loop() -> None:
    """Two in flight, a second each and half a second apart, of which four count."""
    server = a_server()

    facts = facts_of(offered(closed(2), server, 4, ramp_s=1.0))

    # Both have had an answer at 1.5; the last that counts ends at 4.0.
    assert facts.window_s == pytest.approx(2.0)
    assert (facts.ended, facts.failed) == (4, 0)
    assert (facts.before, facts.after, facts.in_flight) == (3, 1, 2)
    assert facts.send_lag_p99_s is None
    assert facts.client_limited is None


def in_step(prompt: str) -> float:
    """Answer all together, as a server does that works in batches: nearly."""
    return 1.0 + int(prompt) * 1e-6


@pytest.mark.slow
@pytest.mark.parametrize("level", [1, 4, 8])
@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 8, 13, 16])
def test_the_rate_of_a_closed_loop_obeys_little_s_law(level: int, count: int) -> None:
    """So many in flight for a second each: as many end in every second."""
    facts = facts_of(offered(closed(level), a_server(service_s=in_step), count))

    assert facts.ended / facts.window_s == pytest.approx(level, rel=0.01)


def test_fewer_requests_than_are_in_flight() -> None:
    """One that counts is measured among three others."""
    server = a_server()

    load = offered(closed(4), server, 1, ramp_s=1.0)

    assert kept(load)[0] is not None
    facts = facts_of(load)
    # Who has had an answer goes on with others until all have had one.
    assert (facts.before, facts.in_flight) == (7, 4)


def test_a_closed_loop_ends_with_its_last_counted_request() -> None:
    """Whoever came after is not waited for."""
    server = a_server(service_s=lambda prompt: 1.0 if int(prompt) else 30.0)

    load = offered(closed(2), server, 5)

    ends = [e.end_ns for e in kept(load) if e]
    assert max(ends) <= server.clock.now_ns() < max(ends) + NS_PER_S // 100
    assert facts_of(load).after > 0
    assert server.left_over == []


def test_offline_sends_all_at_once() -> None:
    """Each counts from the same instant, and none goes before or after."""
    server = a_server(service_s=uneven, connect_s=3.0)

    load = offered(OFFLINE, server, 20)

    assert server.connected == [20]
    assert {(since(e.start_ns), since(e.sent_ns)) for e in server.sent} == {(3.0, 3.0)}
    facts = facts_of(load)
    assert (facts.before, facts.after, facts.in_flight) == (0, 0, 20)
    assert (facts.ended, facts.failed) == (20, 0)
    assert facts.window_s == pytest.approx(2.1)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("service_s", "before", "steady"),
    [(0.01, 4, True), (1.0, 6, True), (40.0, 30, False)],
)
def test_an_open_loop_arrives_as_scheduled(
    service_s: float, before: int, *, steady: bool
) -> None:
    """Whether answers come at once or not at all for long, others go on arriving."""
    server = a_server(service_s=lambda _: service_s, connect_s=2.0)

    load = offered(opened(3.0), server, 30, seed=9)

    arrivals = Arrivals(3.0, 9)
    scheduled = [2 * NS_PER_S + BEGIN_NS + arrivals.next_ns() for _ in server.sent]
    assert [e.start_ns for e in server.sent] == scheduled
    late = [e.sent_ns - e.start_ns for e in server.sent]
    assert min(late) >= 0
    assert max(late) <= 1_000
    facts = facts_of(load)
    # Four answers have crossed their mean three times; of the slow ones none has come.
    assert (facts.before, facts.steady) == (before, steady)
    last = max(e.end_ns for e in kept(load) if e)
    assert facts.after == sum(due < last for due in scheduled) - before - 30
    assert facts.in_flight == max(server.in_flight)
    assert server.connected == [1]
    assert server.left_over == []


@pytest.mark.parametrize("scenario", [closed(2), opened(2.0), OFFLINE])
def test_a_server_is_told_beforehand_what_will_be_asked(scenario: Scenario) -> None:
    """So that it writes nothing beside the clock; what does not count is not told."""
    server = Slow(ManualClock())

    offered(scenario, server, 4)

    assert [request.prompt for request in server.ahead] == ["0", "1", "2", "3"]


@pytest.mark.slow
def test_an_open_loop_has_as_many_in_flight_as_have_arrived() -> None:
    """Nobody who arrives waits for one who came before."""
    server = a_server(service_s=lambda _: 1000.0)

    facts = facts_of(offered(opened(2.0), server, 10))

    first = min(e.end_ns for e in server.sent if e.end_ns)
    early = sum(e.sent_ns < first for e in server.sent)
    assert server.in_flight[:early] == list(range(1, early + 1))
    assert facts.in_flight == max(server.in_flight) >= early > 1000


def test_an_open_loop_counts_from_the_schedule_where_this_client_is_late() -> None:
    """Coordinated omission: what we held up ourselves is in the latency, and told."""
    server = a_server(service_s=lambda _: 0.5, blocking_s=0.4)

    load = offered(opened(4.0), server, 20, seed=2)

    arrivals = Arrivals(4.0, 2)
    assert [e.start_ns for e in server.sent] == [
        BEGIN_NS + arrivals.next_ns() for _ in server.sent
    ]
    assert max(e.sent_ns - e.start_ns for e in server.sent) > 0.4 * NS_PER_S
    assert facts_of(load).client_limited is not None


def test_how_late_an_open_loop_sends_is_of_the_sending_itself() -> None:
    """Of fewer than a hundred the 99th percentile is the one that was sent latest."""
    server = a_server(service_s=lambda _: 0.5, blocking_s=0.4)

    load = offered(opened(4.0), server, 20, seed=2)

    late_s = [(e.sent_ns - e.start_ns) / NS_PER_S for e in server.sent]
    assert len(late_s) < 100
    assert facts_of(load).send_lag_p99_s == pytest.approx(max(late_s))


def test_the_window_of_an_open_loop() -> None:
    """From the first counted arrival to the last counted end."""
    server = a_server(service_s=lambda _: 2.0)

    load = offered(opened(2.0), server, 20, seed=4)

    facts = facts_of(load)
    begin = server.sent[facts.before].start_ns
    end = max(e.end_ns for e in kept(load) if e)
    assert facts.before == 7
    assert facts.window_s == pytest.approx((end - begin) / NS_PER_S)
    assert facts.ended == sum(begin < e.end_ns <= end for e in server.sent)
    assert facts.ended > 20


@pytest.mark.slow
@pytest.mark.parametrize("count", [1, 20])
def test_an_idle_server_answers_no_more_than_arrive(count: int) -> None:
    """The rate of an open loop that keeps up is that of its arrivals."""
    found = [
        facts_of(offered(opened(20.0), a_server(service_s=quick), count, seed=seed))
        for seed in range(15)
    ]

    told = sum(f.ended for f in found) / sum(f.window_s for f in found)
    assert told == pytest.approx(20.0, rel=0.6)


def test_what_did_not_end_has_no_response() -> None:
    """Neither an answer nor a failure: it was not measured."""
    server = a_server(stopped_at=6)

    load = under_load(
        closed(2), some_requests(9), server, server.clock, seed=0, ramp_s=0.0
    )

    assert load.interrupted
    assert None in load.responses
    assert len(load.responses) == 9
    assert load.responses[0] is not None


def test_a_cell_on_a_server_is_measured_under_a_load() -> None:
    """Its memory is not ours to tell; how true the clock was goes with it."""
    server, facts, records = a_server(), list[CellFacts](), list[Record]()
    instrument = Instrument(streams=2, requests=20, bias_s=0.0, jitter_p99_s=1e-3)
    plan = Plan(
        cell=a_cell(device="endpoint", scenario="concurrent:2"),
        task=a_task(),
        samples=(a_sample("s1"), a_sample("s2")),
        seed=0,
        revision="abc",
        scenario=closed(2),
        requests=5,
        instrument=instrument,
    )

    run_cell(
        plan,
        LoadedModel(
            deployment=a_deployment(device="endpoint"), backend=server, load_s=None
        ),
        Tools(
            clock=server.clock,
            sandbox=None,
            on_facts=facts.append,
            on_record=records.append,
        ),
    )

    assert [(r.sample, r.round) for r in records] == [
        ("s1", 0),
        ("s2", 0),
        ("s1", 1),
        ("s2", 1),
        ("s1", 2),
    ]
    last = facts[-1]
    assert (last.warmup_s, last.load_s, last.peak_rss_bytes) == (1.0, None, None)
    assert last.instrument == instrument
    assert last.load is not None
    assert (last.load.before, last.load.in_flight) == (3, 2)
    # One for the warm-up of the cell, three until both slots have had an answer.
    assert len(server.sent) == 1 + 3 + 5 + last.load.after
