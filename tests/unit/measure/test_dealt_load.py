"""A load that is dealt to several clients, and joined again."""

from __future__ import annotations

from array import array

import pytest

from pytest_llmlat.measure.arrivals import Arrivals, DealtArrivals
from pytest_llmlat.measure.clients.client_pool import ClockOffset
from pytest_llmlat.measure.clients.dealt_load import LoadDeal, LoadPart, Spans
from pytest_llmlat.measure.clients.joined_load import OfferedPart, joined_facts
from pytest_llmlat.measure.scenarios.closed_window import RequestSpan, closed_window_ns
from pytest_llmlat.values.cell_facts import Instrument, LoadFacts
from pytest_llmlat.values.records import Response
from pytest_llmlat.values.scenario import Scenario
from pytest_llmlat.values.timing import NS_PER_S, Timing

CLOSED = Scenario(kind="concurrent", level=4)
OPEN = Scenario(kind="server", level=10)
NO_OFFSET = ClockOffset(offset_ns=5, error_ns=10)


def facts(limited: str | None = None) -> LoadFacts:
    """Return facts of one client's load."""
    return LoadFacts(
        window_s=1.0,
        ended=2,
        failed=0,
        before=3,
        after=1,
        in_flight=2,
        send_lag_p99_s=0.001,
        loop_lag_p99_s=0.002,
        cpu_share=0.5,
        client_limited=limited,
        steady=True,
    )


def response(start_ns: int, end_ns: int) -> Response:
    """Return a response with its times and no answer."""
    timing = Timing(
        start_ns=start_ns, end_ns=end_ns, stamps_ns=(end_ns,), stamp_tokens=(1,)
    )
    return Response(generation=None, timing=timing, error="none")


def part(
    number: int,
    *spans: tuple[int, int],
    others: tuple[tuple[int, int], ...] = (),
    clock: ClockOffset = NO_OFFSET,
    next_due_ns: int = 0,
    limited: str | None = None,
) -> OfferedPart:
    """Return a client's part, of spans in seconds on its own clock."""

    def own(each: tuple[int, int]) -> RequestSpan:
        return RequestSpan(each[0] * NS_PER_S, each[1] * NS_PER_S, failed=False)

    measured = [own(each) for each in spans]
    return OfferedPart(
        number=number,
        host="box",
        name=f"client process {number} of 2",
        part=LoadPart(
            responses=tuple(response(s.start_ns, s.end_ns) for s in measured),
            spans=Spans.of([*measured, *map(own, others)]),
            measured=Spans.of(measured),
            cut_off_ns=array("q"),
            next_due_ns=next_due_ns,
            facts=facts(limited),
        ),
        clock=clock,
        instrument=Instrument(streams=2, requests=20, bias_s=0.1, jitter_p99_s=0.2),
    )


@pytest.mark.parametrize("among", [1, 2, 3, 7])
def test_arrivals_of_all_clients_are_one_schedule(among: int) -> None:
    """Dealt out and put together again, they are what one client would have sent."""
    whole = Arrivals(20.0, 3)
    expected = [whole.next_ns() for _ in range(among * 5)]
    dealt = [DealtArrivals(20.0, 3, place=n, among=among) for n in range(among)]

    found = [arrivals.next_ns() for _ in range(5) for arrivals in dealt]

    assert found == expected


@pytest.mark.parametrize("level", [2, 3, 8, 9])
@pytest.mark.parametrize("among", [2, 3])
def test_slots_of_all_clients_are_the_level(level: int, among: int) -> None:
    """None is lost and none is there twice, and no client has two more than another."""
    scenario = Scenario(kind="concurrent", level=level)
    shares = [
        LoadDeal(scenario=scenario, place=n, among=among, seed=0, ramp_s=0.0).level
        for n in range(among)
    ]

    assert sum(shares) == level
    assert max(shares) - min(shares) <= 1


def test_throughput_is_over_the_window_of_all_clients() -> None:
    """Clients that were busy at different times are no faster together than that."""
    early, late = part(1, (0, 2), (2, 4)), part(2, (4, 6), (6, 8))
    spans = [
        RequestSpan(at * NS_PER_S, (at + 2) * NS_PER_S, failed=False)
        for at in (0, 2, 4, 6)
    ]

    found = joined_facts(CLOSED, [early, late])

    assert found is not None
    assert found.window_s * NS_PER_S == closed_window_ns(
        spans, spans, [], 0, 8 * NS_PER_S
    )
    assert found.window_s == 8.0
    assert found.ended == 4
    assert found.in_flight == 1


def test_spans_are_joined_on_one_clock() -> None:
    """A client whose clock is ahead is moved back by as much, outside of the error."""
    ahead = ClockOffset(offset_ns=100 * NS_PER_S, error_ns=NS_PER_S)
    one, other = part(1, (0, 2)), part(2, (100, 102), clock=ahead)

    found = joined_facts(CLOSED, [one, other])

    assert found is not None
    assert found.window_s == 2.0
    (moved,) = other.responses
    assert moved is not None
    assert moved.timing.start_ns == 0
    assert moved.timing.e2e_s == 2.0
    assert other.facts.clock_offset_s == 100.0
    assert other.facts.clock_offset_error_s == 1.0


def test_an_offset_within_its_error_moves_nothing() -> None:
    """Two processes of one machine have one clock, whatever the questions took."""
    assert NO_OFFSET.used_ns == 0
    (kept,) = part(1, (1, 2)).responses
    assert kept is not None
    assert kept.timing.start_ns == NS_PER_S


def test_who_was_at_its_end_is_told_by_process() -> None:
    """A client that could do no more does not hide behind one that could."""
    found = joined_facts(
        CLOSED, [part(1, (0, 2)), part(2, (0, 2), limited="it was busy")]
    )

    assert found is not None
    assert found.client_limited == "client process 2 of 2: it was busy"
    assert [each.client_limited for each in found.clients] == [None, "it was busy"]
    assert [each.number for each in found.clients] == [1, 2]


def test_an_open_window_ends_at_the_next_arrival_of_any_client() -> None:
    """An idle server answers as many as arrive: the window waits for the next one."""
    one = part(1, (0, 1), others=((4, 5),), next_due_ns=2 * NS_PER_S)
    other = part(2, (3, 4), next_due_ns=9 * NS_PER_S)

    found = joined_facts(OPEN, [one, other])

    assert found is not None
    assert found.window_s == 4.0
    assert found.ended == 2


def test_counts_of_all_clients_are_added() -> None:
    """What went before and after is what all of them sent."""
    found = joined_facts(OPEN, [part(1, (0, 1)), part(2, (0, 1))])

    assert found is not None
    assert (found.before, found.after, found.steady) == (6, 2, True)
    assert found.cpu_share == 0.5


def test_no_facts_without_an_answer() -> None:
    """Where no request that counts ended, there is no window."""
    assert joined_facts(CLOSED, [part(1), part(2)]) is None


def test_a_moved_timing_has_the_same_latencies() -> None:
    """All of its stamps go to another clock by as much."""
    timing = Timing(
        start_ns=100,
        end_ns=900,
        stamps_ns=(300, 800),
        stamp_tokens=(1, 2),
        reasoning_ns=200,
        sent_ns=150,
        thought_end_ns=250,
    )

    moved = timing.moved(-50)

    assert moved.start_ns == 50
    assert (moved.ttft_s, moved.e2e_s, moved.tpot_s, moved.queue_s) == (
        timing.ttft_s,
        timing.e2e_s,
        timing.tpot_s,
        timing.queue_s,
    )
    assert moved.reasoning_ns == 150
    assert moved.thought_end_ns == 200


def test_a_clock_that_drifts_during_a_load_has_that_in_its_error() -> None:
    """What it was in between lies between both looks, each with its own error."""
    before = ClockOffset(offset_ns=1_000, error_ns=50)
    after = ClockOffset(offset_ns=1_400, error_ns=80)

    found = before.joined(after)

    assert (found.offset_ns, found.error_ns) == (1_200, 280)
