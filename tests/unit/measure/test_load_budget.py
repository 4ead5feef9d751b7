"""Loads that stop at a budget: nothing new is sent, and what is under way ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.backends.scripted import Scripted
from pytest_llmlat.measure.scenarios.alongside import Alongside
from pytest_llmlat.measure.scenarios.load import offer
from pytest_llmlat.measure.scenarios.queueing import take_turns
from pytest_llmlat.values.clock import ManualClock
from tests.unit.measure.test_load import BEGIN_NS, EVERY, Slow, some_requests

if TYPE_CHECKING:
    from pytest_llmlat.values.records import Record, Request
    from pytest_llmlat.values.scenario import Scenario

pytestmark = pytest.mark.slow


class SomeRequests:
    """An allowance of so many requests."""

    def __init__(self, most: int) -> None:
        """Let ``most`` requests be made."""
        self.left = most
        self.refused: str | None = None

    def admit(self, request: Request, place: int | None) -> bool:
        """Count it."""
        del request, place
        if not self.left or self.refused:
            self.refused = "not measured: budget"
            return False
        self.left -= 1
        return True

    def settle(self, place: int, record: Record) -> None:
        """Do nothing."""

    def end(self) -> None:
        """Do nothing."""


@pytest.mark.parametrize("scenario", EVERY)
@pytest.mark.parametrize("most", [0, 1, 5, 9])
def test_a_server_is_sent_no_more_than_is_allowed(
    scenario: Scenario, most: int
) -> None:
    """And the load ends as soon as all that was sent has ended: none is cut off."""
    clock = ManualClock(BEGIN_NS)
    server = Slow(clock)
    load = offer(
        scenario,
        some_requests(20),
        server,
        clock,
        seed=1,
        ramp_s=0.5,
        along=Alongside(allowance=SomeRequests(most)),
    )

    assert len(server.sent) == most
    assert all(exchange.end_ns for exchange in server.sent)
    assert not load.interrupted
    assert server.left_over == []


@pytest.mark.parametrize("scenario", EVERY)
def test_a_model_of_this_process_is_asked_no_more_either(scenario: Scenario) -> None:
    """Those that ended are kept."""
    most = 25 if scenario.kind == "server" else 6
    clock = ManualClock(BEGIN_NS)
    backend = Scripted({"": "yes"}, clock=clock, ttft_s=0.5, tpot_s=0.1)
    queue = take_turns(
        scenario,
        some_requests(20),
        backend,
        clock,
        seed=1,
        along=Alongside(allowance=SomeRequests(most)),
    )
    made = sum(response is not None for response in queue.responses)

    assert 0 < made < 20
    assert not queue.interrupted
