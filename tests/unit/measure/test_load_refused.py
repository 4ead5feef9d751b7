"""Requests that a server turns away, or that fail, under a load."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.values.clock import ManualClock
from pytest_llmlat.values.timing import NS_PER_S

if TYPE_CHECKING:
    from pytest_llmlat.values.records import Request
    from pytest_llmlat.values.scenario import Scenario
from tests.unit.measure.test_load import (
    BEGIN_NS,
    OFFLINE,
    Ended,
    Slow,
    a_server,
    closed,
    facts_of,
    kept,
    offered,
    opened,
    quick,
)

pytestmark = pytest.mark.slow


@dataclass
class TurningAway(Slow):
    """A server that takes four at once; whom it turns away, asks thrice again."""

    taken: int = 0
    ends: list[int] = field(default_factory=list)
    all_ended: list[Ended] = field(default_factory=list)
    waits: random.Random = field(default_factory=lambda: random.Random(5))  # noqa: S311 - no secret

    async def exchange(self, request: Request, start_ns: int) -> Ended:
        """Wait in growing steps for room, and then for the answer."""
        retries = 0
        for wait_s in (0.5, 1.0, 2.0):
            if self.taken < 4:
                break
            await asyncio.sleep(wait_s * self.waits.uniform(1, 2))
            retries += 1
        if self.taken == 4:
            now_ns = self.clock.now_ns()
            refused = Ended(request.prompt, start_ns, start_ns, now_ns, failed=True)
            refused.retries = retries
            self.all_ended.append(refused)
            return refused
        self.taken += 1
        try:
            ended = await super().exchange(request, start_ns)
        finally:
            self.taken -= 1
        self.ends.append(ended.end_ns)
        ended.retries = retries
        self.all_ended.append(ended)
        return ended


@pytest.mark.parametrize("level", [1, 3])
def test_failures_of_a_closed_loop_are_counted(level: int) -> None:
    """Two of those that count; what else failed is not told of."""
    server = a_server(failing=frozenset({"0", "3"}))

    facts = facts_of(offered(closed(level), server, 4, ramp_s=1.0))

    assert (facts.ended, facts.failed) == (4, 2)


@pytest.mark.parametrize("scenario", [OFFLINE, opened(0.5)])
def test_failures_of_other_loads_are_counted(scenario: Scenario) -> None:
    """Those in the window, since each of them was work."""
    server = a_server(failing=frozenset({"0", "3"}), service_s=quick)

    facts = facts_of(offered(scenario, server, 4))

    assert facts.failed == 2


@pytest.mark.parametrize("level", [4, 8, 16, 32])
def test_a_server_that_turns_requests_away_is_no_faster_for_it(level: int) -> None:
    """The rate is that of the server's own count, however many wait to be let in."""
    server = TurningAway(ManualClock(BEGIN_NS), service_s=lambda _: 0.2)

    load = offered(closed(level), server, 400)

    counted = [ended for ended in kept(load) if ended]
    begin = min(ended.start_ns for ended in counted)
    end = max(ended.end_ns for ended in counted)
    own = sum(begin < instant <= end for instant in server.ends)
    facts = facts_of(load)
    answered = facts.ended - facts.failed
    assert answered / facts.window_s == pytest.approx(
        own / (end - begin) * NS_PER_S, rel=0.03
    )


def test_requests_that_do_not_count_tell_how_often_they_were_turned_away() -> None:
    """Who waits to be let in is not in flight, and its retries are told."""
    server = TurningAway(ManualClock(BEGIN_NS), service_s=lambda _: 0.2)

    load = offered(closed(16), server, 40)

    facts = facts_of(load)
    counted = [ended for ended in kept(load) if ended]
    others = [e for e in server.all_ended if not any(e is own for own in counted)]
    assert facts.in_flight == 4
    assert facts.uncounted_retries == sum(ended.retries for ended in others) > 0
    assert facts.uncounted_failed == sum(ended.failed for ended in others)
