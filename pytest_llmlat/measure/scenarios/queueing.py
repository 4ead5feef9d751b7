"""Requests that wait for a model of this process, which takes one at a time.

The queue is first come, first served. Its arrivals follow from the scenario alone, so
no second thread is needed to make them: a request that arrived while the model was
busy is timed from its arrival, and begun as soon as the model is free.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import count
from typing import TYPE_CHECKING

from pytest_llmlat.measure.arrivals import Arrivals, WarmUp
from pytest_llmlat.measure.scenarios.alone import ask
from pytest_llmlat.values.cell_facts import LoadFacts
from pytest_llmlat.values.timing import NS_PER_S

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmlat.values.clock import Clock
    from pytest_llmlat.values.protocols import Backend
    from pytest_llmlat.values.records import Request, Response
    from pytest_llmlat.values.scenario import Scenario


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """What came of the requests that waited."""

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
) -> Queue:
    """Let every request arrive as the scenario says, and serve them in turn.

    Those that go before, to fill the queue, are not told of. None need go after: in a
    queue nobody is slowed by who comes later.
    """
    warm_up = WarmUp(scenario, len(requests))
    arrivals = Arrivals(scenario.level or 1.0, seed)
    begin = clock.now_ns()
    before = 0
    ends: list[int] = []
    responses: list[Response] = []
    interrupted = False
    try:
        for number in count():
            if len(responses) - before == len(requests):
                break
            due = begin
            if scenario.kind == "server":
                due = begin + arrivals.next_ns()
                clock.wait_until(due)
            elif scenario.kind == "concurrent":
                # Its place in the loop is that of the request which has left it.
                others = int(scenario.level or 1)
                due = ends[number - others] if number >= others else begin
            if warm_up.over(number):
                place = number - before
            else:
                before += 1
                place = -before % len(requests)
            response = ask(requests[place], backend, clock)
            timing = response.timing
            ends.append(timing.end_ns)
            warm_up.ended(timing.end_ns - due)
            responses.append(
                replace(
                    response,
                    timing=replace(timing, start_ns=due, sent_ns=timing.start_ns),
                )
            )
    except KeyboardInterrupt:
        interrupted = True
    measured: list[Response | None] = list(responses[before:])
    missing = len(requests) - len(measured)
    # An idle model serves as many as arrive, and no more.
    following = begin + arrivals.next_ns() if scenario.kind == "server" else 0
    return Queue(
        responses=measured + [None] * missing,
        facts=_facts(
            responses, before, scenario, following_ns=following, steady=warm_up.steady
        ),
        interrupted=interrupted,
    )


def _facts(
    responses: Sequence[Response],
    before: int,
    scenario: Scenario,
    *,
    following_ns: int,
    steady: bool | None,
) -> LoadFacts | None:
    """Describe the load.

    Args:
        responses: of all requests, in the order in which they came.
        before: how many of them do not count.
        scenario: how they came.
        following_ns: when the next one would have arrived; 0 where that is no matter.
        steady: whether answers had become as slow as they were to be before.
    """
    timings = [response.timing for response in responses]
    counted = timings[before:]
    if not counted:
        return None
    begin, end = counted[0].start_ns, max(counted[-1].end_ns, following_ns)
    ended = [
        response for response in responses if begin < response.timing.end_ns <= end
    ]
    window_ns: float = end - begin
    if scenario.kind == "concurrent":
        ended = list(responses[before:])
        slots = scenario.level or 1
        window_ns = sum(timing.end_ns - timing.start_ns for timing in counted) / slots
    return LoadFacts(
        window_s=window_ns / NS_PER_S,
        ended=len(ended),
        failed=sum(response.generation is None for response in ended),
        before=before,
        after=0,
        in_flight=_most_at_once([(t.start_ns, t.end_ns) for t in timings]),
        send_lag_p99_s=None,
        loop_lag_p99_s=None,
        cpu_share=None,
        client_limited=None,
        batch=1,
        steady=steady,
    )


def _most_at_once(spans: Sequence[tuple[int, int]]) -> int:
    """Return the most spans that overlap at any instant."""
    # At the same instant one leaves before another comes.
    changes = sorted(
        [(start, 1) for start, _ in spans] + [(end, -1) for _, end in spans]
    )
    most = now = 0
    for _, change in changes:
        now += change
        most = max(most, now)
    return most
