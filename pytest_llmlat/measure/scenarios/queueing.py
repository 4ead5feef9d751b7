"""Requests that wait for a model of this process, which takes one at a time.

The queue is first come, first served. Its arrivals follow from the scenario alone, so
no second thread is needed to make them: a request that arrived while the model was
busy is timed from its arrival, and begun as soon as the model is free.
"""

from __future__ import annotations

import heapq
from collections import Counter
from dataclasses import dataclass, field, replace
from itertools import count
from typing import TYPE_CHECKING

from pytest_llmlat.measure.arrivals import Arrivals
from pytest_llmlat.measure.load_warm_up import WarmUp
from pytest_llmlat.measure.scenarios.alone import ask
from pytest_llmlat.measure.scenarios.alongside import NOTHING_ALONG
from pytest_llmlat.measure.scenarios.chains import (
    ChainSource,
    one_request,
    step_after,
)
from pytest_llmlat.values.cell_facts import LoadFacts
from pytest_llmlat.values.overlap import most_at_once
from pytest_llmlat.values.timing import NS_PER_S

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_llmlat.measure.scenarios.alongside import Alongside
    from pytest_llmlat.measure.scenarios.chains import Chain, ChainStanding, ChainStep
    from pytest_llmlat.values.clock import Clock
    from pytest_llmlat.values.protocols import Backend
    from pytest_llmlat.values.records import Request, Response
    from pytest_llmlat.values.scenario import Scenario


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """The responses and the facts of requests that waited in a queue."""

    responses: list[Response | None]
    facts: LoadFacts | None
    interrupted: bool


def take_turns(
    scenario: Scenario,
    requests: Sequence[Request],
    backend: Backend,
    clock: Clock,
    *,
    seed: int,
    along: Alongside = NOTHING_ALONG,
) -> Queue:
    """Queue independent requests; see :func:`chains_in_turn`.

    Those that go before, to fill the queue, are not told of. None need go after: in a
    queue nobody is slowed by who comes later.
    """
    before = (requests[-number % len(requests)] for number in count(1))
    return chains_in_turn(
        scenario,
        [one_request(request, place) for place, request in enumerate(requests)],
        backend,
        clock,
        places=len(requests),
        seed=seed,
        uncounted=(one_request(request, None) for request in before),
        along=along,
    )


def chains_in_turn(  # noqa: PLR0913 - all of it is one load
    scenario: Scenario,
    chains: Sequence[Chain],
    backend: Backend,
    clock: Clock,
    *,
    places: int,
    seed: int,
    uncounted: Iterator[Chain],
    along: Alongside = NOTHING_ALONG,
) -> Queue:
    """Let every chain arrive as the scenario says, and serve all requests in turn.

    A later request of a chain is due when the one before has ended, and waits behind
    all that were due before it. Until the last that counts has ended, other chains
    arrive as those before did.

    Args:
        scenario: any but ``single``.
        chains: those that count, in order.
        backend: answers one request after the other.
        clock: read at every stamp.
        places: how many requests count.
        seed: of the arrivals of an open loop.
        uncounted: what goes before and after, without end.
        along: what goes along with it.
    """
    along.energy.open()
    waiting = _Waiting(scenario, chains, clock, seed=seed, uncounted=uncounted)
    responses: list[Response | None] = [None] * places
    served: list[_Served] = []
    interrupted = False
    try:
        while waiting.counted_left:
            due = waiting.next()
            if not along.allowance.admit(due.step.request, due.step.place):
                break
            response = ask(due.step.request, backend, clock)
            timing, text = response.timing, _text_of(response)
            response = replace(
                response,
                timing=replace(timing, start_ns=due.at_ns, sent_ns=timing.start_ns),
            )
            served.append(_Served(response=response, standing=due.standing))
            if due.step.place is not None:
                responses[due.step.place] = response
                along.sink.put(due.step.place, response)
            waiting.ended(due, text, timing.end_ns)
        along.energy.close()
    except KeyboardInterrupt:
        interrupted = True
    # An idle model serves as many as arrive, and no more.
    following = waiting.next_arrival_ns if scenario.kind == "server" else 0
    return Queue(
        responses=responses,
        facts=_facts(
            served, scenario, following_ns=following, steady=waiting.warm_up.steady
        ),
        interrupted=interrupted,
    )


def _text_of(response: Response) -> str | None:
    """Return the text of an answer; ``None`` where there is none to go on from."""
    generation = response.generation
    if generation is None or generation.finish == "context":
        return None
    return generation.text


@dataclass(frozen=True, slots=True, order=True)
class _Due:
    """A due request in the queue, first come, first served."""

    at_ns: int
    number: int
    step: ChainStep = field(compare=False)
    chain: Chain = field(compare=False)
    standing: ChainStanding = field(compare=False)
    begin_ns: int = field(compare=False)
    """Arrival of its chain."""


@dataclass(frozen=True, slots=True)
class _Served:
    response: Response
    standing: ChainStanding


class _Waiting:
    """The queue before a model that takes one request at a time."""

    def __init__(
        self,
        scenario: Scenario,
        chains: Sequence[Chain],
        clock: Clock,
        *,
        seed: int,
        uncounted: Iterator[Chain],
    ) -> None:
        """Let come who comes at the beginning."""
        self.warm_up = WarmUp(scenario, len(chains))
        self.counted_left = len(chains)
        self._source = ChainSource(iter(chains), uncounted)
        self._clock = clock
        self._scenario = scenario
        self._arrivals = Arrivals(scenario.level or 1.0, seed)
        self._begin_ns = clock.now_ns()
        self._queue: list[_Due] = []
        self._came = self._numbered = 0
        self.next_arrival_ns = 0
        """Arrival, in an open loop, of the next chain."""
        if scenario.kind == "server":
            self._schedule()
        else:
            for _ in range(int(scenario.level or len(chains))):
                self._arrive(self._begin_ns)

    def next(self) -> _Due:
        """Return the request that is served next; waits where none is due yet."""
        while self.next_arrival_ns and (
            not self._queue or self.next_arrival_ns <= self._queue[0].at_ns
        ):
            due = self.next_arrival_ns
            self._clock.wait_until(due)
            self._schedule()
            self._arrive(due)
        return heapq.heappop(self._queue)

    def ended(self, due: _Due, text: str | None, end_ns: int) -> None:
        """Let come who follows a request that has ended.

        Args:
            due: the request.
            text: its answer, ``None`` if none came.
            end_ns: when it ended.
        """
        step = step_after(due.chain, text if due.step.read else None)
        if step is not None:
            self._wait(end_ns, due.begin_ns, step, due.chain, due.standing)
            return
        self.warm_up.ended(end_ns - due.begin_ns)
        self.counted_left -= due.standing == "counted"
        if self._scenario.kind == "concurrent":
            self._arrive(end_ns)

    def _schedule(self) -> None:
        self.next_arrival_ns = self._begin_ns + self._arrivals.next_ns()

    def _arrive(self, at_ns: int) -> None:
        """Let a chain come; one in which nothing can be asked comes and goes."""
        counts = self.warm_up.over(self._came)
        self._came += 1
        chain, standing = self._source.take(may_count=counts)
        step = next(chain, None)
        if step is None:
            self.counted_left -= standing == "counted"
        else:
            self._wait(at_ns, at_ns, step, chain, standing)

    def _wait(
        self,
        at_ns: int,
        begin_ns: int,
        step: ChainStep,
        chain: Chain,
        standing: ChainStanding,
    ) -> None:
        self._numbered += 1
        heapq.heappush(
            self._queue,
            _Due(at_ns, self._numbered, step, chain, standing, begin_ns),
        )


def _facts(
    served: Sequence[_Served],
    scenario: Scenario,
    *,
    following_ns: int,
    steady: bool | None,
) -> LoadFacts | None:
    """Describe the load.

    Args:
        served: all requests, in the order in which they were served.
        scenario: how they came.
        following_ns: when the next one would have arrived; 0 where that is no matter.
        steady: whether answers had become as slow as they were to be before.
    """
    timings = [one.response.timing for one in served]
    own = [one.response for one in served if one.standing == "counted"]
    counted = [response.timing for response in own]
    if not counted:
        return None
    begin = min(timing.start_ns for timing in counted)
    end = max(*(timing.end_ns for timing in counted), following_ns)
    ended = [
        one.response for one in served if begin < one.response.timing.end_ns <= end
    ]
    window_ns: float = end - begin
    if scenario.kind == "concurrent":
        ended = own
        slots = scenario.level or 1
        window_ns = sum(timing.end_ns - timing.start_ns for timing in counted) / slots
    standings = Counter(one.standing for one in served)
    return LoadFacts(
        window_s=window_ns / NS_PER_S,
        ended=len(ended),
        failed=sum(response.generation is None for response in ended),
        before=standings["before"],
        after=standings["after"],
        in_flight=most_at_once([(t.start_ns, t.end_ns) for t in timings]),
        send_lag_p99_s=None,
        loop_lag_p99_s=None,
        cpu_share=None,
        client_limited=None,
        batch=1,
        steady=steady,
    )
