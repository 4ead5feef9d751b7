"""Loads that end early, or are the client's own: lateness, Ctrl-C, faults."""

from __future__ import annotations

import gc
import time
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.measure.scenarios import under_load
from pytest_llmlat.measure.scenarios.client_limits import LATE_S
from tests.unit.measure.test_load import (
    EVERY,
    OFFLINE,
    a_server,
    closed,
    facts_of,
    kept,
    offered,
    opened,
    since,
    some_requests,
    uneven,
)

if TYPE_CHECKING:
    from pytest_llmlat.values.scenario import Scenario

pytestmark = pytest.mark.slow


def test_a_client_that_wakes_up_late_is_told() -> None:
    """What held up this client may be taken for the server's slowness."""
    server = a_server(blocking_s=0.03)

    facts = facts_of(offered(closed(2), server, 30))

    assert facts.loop_lag_p99_s is not None
    assert facts.loop_lag_p99_s > LATE_S
    assert facts.client_limited is not None
    assert "woke up" in facts.client_limited


def test_a_client_that_wakes_up_in_time_is_not_told() -> None:
    """Its lateness was looked at all the same."""
    facts = facts_of(offered(closed(2), a_server(), 30))

    assert facts.loop_lag_p99_s == pytest.approx(0, abs=1e-6)
    assert facts.cpu_share is not None
    assert facts.client_limited is None


def test_a_client_that_has_no_time_left_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A core that is busy throughout could not have kept up with more."""
    server = a_server()
    monkeypatch.setattr(time, "thread_time_ns", server.clock.now_ns)

    facts = facts_of(offered(closed(2), server, 5))

    assert facts.cpu_share == pytest.approx(1.0)
    assert facts.client_limited == "the client used 100% of its core"


@pytest.mark.parametrize("scenario", EVERY)
def test_what_has_ended_is_kept_when_somebody_stops_the_load(
    scenario: Scenario,
) -> None:
    """Ctrl-C leaves an answer or nothing in every place, and nothing running."""
    server = a_server(service_s=uneven, stopped_at=15)
    requests = 15 if scenario == OFFLINE else 20

    load = offered(scenario, server, requests)

    assert load.interrupted
    assert server.left_over == []
    assert len(load.exchanges) == requests
    ended = [e for e in kept(load) if e is not None]
    assert len(ended) < requests
    assert all(e.end_ns > 0 for e in ended)
    if scenario == OFFLINE:
        assert load.facts() is None
    else:
        assert [e.prompt for e in ended]
        assert facts_of(load).window_s > 0


def test_a_load_that_is_stopped_before_it_counts_has_no_facts() -> None:
    """Warm-up is no measurement."""
    server = a_server(stopped_at=2)

    load = offered(closed(3), server, 5)

    assert load.interrupted
    assert load.facts() is None
    assert load.exchanges == [None] * 5


@pytest.mark.parametrize("scenario", EVERY)
@pytest.mark.parametrize("broken_at", [1, 10])
def test_a_fault_of_ours_is_no_quiet_end(scenario: Scenario, broken_at: int) -> None:
    """An exchange raises nothing but cancellation; if it does, everybody is told."""
    server = a_server(service_s=uneven, broken_at=broken_at)

    with pytest.raises(LookupError, match="a fault of ours"):
        offered(scenario, server, 20)

    assert len(server.sent) < 100


@pytest.mark.parametrize("scenario", EVERY)
def test_no_garbage_is_collected_under_a_load(scenario: Scenario) -> None:
    """The collector is off while requests are in flight, and as it was after."""
    server = a_server()

    offered(scenario, server, 5)

    assert server.collecting == {False}
    assert gc.isenabled()


def test_the_collector_is_as_it_was_after_a_fault() -> None:
    """However a load ends."""
    with pytest.raises(LookupError):
        offered(OFFLINE, a_server(broken_at=1), 5)

    assert gc.isenabled()


def test_the_same_load_goes_the_same_way() -> None:
    """On a clock by script nothing else decides."""
    runs = []
    for _ in range(2):
        server = a_server(service_s=uneven)
        load = offered(opened(3.0), server, 20, seed=1)
        runs.append(([since(e.end_ns) for e in kept(load) if e], load.facts().ended))  # type: ignore[union-attr]

    assert runs[0] == runs[1]


def test_answers_are_read_after_the_load() -> None:
    """A response for each request, in its place, with its facts beside."""
    server = a_server(service_s=uneven)

    load = under_load(
        closed(2), some_requests(6), server, server.clock, seed=0, ramp_s=0.0
    )

    assert not load.interrupted
    assert load.facts is not None
    texts = [r.generation.text for r in load.responses if r and r.generation]
    assert texts == ["0", "1", "2", "3", "4", "5"]
