"""Whether a server keeps up with what arrives, and when that cannot be told."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np  # noqa: TID253 - queues are simulated
import pytest

from pytest_llmlat.analysis.queue_growth import growth
from pytest_llmlat.analysis.request_times import request_times
from pytest_llmlat.analysis.scoreboard import scoreboard
from pytest_llmlat.analysis.steadiness import steadiness
from pytest_llmlat.analysis.summary import summarise
from pytest_llmlat.values.cell_facts import LoadFacts
from pytest_llmlat.values.keeping_up import WhyBehind
from tests.unit.builders import a_cell, a_record, a_timing, an_error, some_facts

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_llmlat.values.cell_facts import CellFacts
    from pytest_llmlat.values.keeping_up import Steadiness
    from pytest_llmlat.values.records import Record

OPEN = "server:40"


def a_load(*, steady: bool | None = True, **changes: object) -> LoadFacts:
    """Return a load in which 25 a second were answered."""
    plain = LoadFacts(
        window_s=4.0,
        ended=100,
        failed=0,
        before=10,
        after=9,
        in_flight=40,
        send_lag_p99_s=None,
        loop_lag_p99_s=None,
        cpu_share=None,
        client_limited=None,
        steady=steady,
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def facts_of(load: LoadFacts | None, scenario: str = OPEN) -> CellFacts:
    """Return the facts of a cell under a load."""
    return replace(some_facts(a_cell(scenario=scenario)), load=load)


def answers(
    due_s: Sequence[float], took_s: Sequence[float], scenario: str = OPEN
) -> list[Record]:
    """Return answers that arrived and took so long."""
    cell = a_cell(scenario=scenario)
    return [
        replace(a_record(f"s{n}", cell=cell), timing=a_timing(took, start_s=due))
        for n, (due, took) in enumerate(zip(due_s, took_s, strict=True))
    ]


def evenly(
    took: Callable[[int], float], count: int = 100, rate: float = 40.0
) -> list[Record]:
    """Return answers to requests that arrive at equal distances."""
    return answers([n / rate for n in range(count)], [took(n) for n in range(count)])


def queued(load: float, requests: int, seed: int) -> list[Record]:
    """Return answers of one server that takes a second each on average."""
    source = np.random.default_rng(seed)
    due = source.exponential(1 / load, requests + 20).cumsum()
    free, took = 0.0, []
    for arrival, service in zip(due, source.exponential(1, requests + 20), strict=True):
        free = max(free, arrival) + service
        took.append(free - arrival)
    return answers(due[20:].tolist(), took[20:])


def told_of(facts: CellFacts, records: list[Record]) -> Steadiness | None:
    """Return the steadiness of records with these facts."""
    return steadiness(facts, records, request_times(records).speeds)


def state_of(records: list[Record], load: LoadFacts | None = None) -> Steadiness:
    """Return what a load was like."""
    found = told_of(facts_of(load or a_load()), records)
    assert found is not None
    return found


def test_a_server_that_serves_25_of_40_does_not_keep_up() -> None:
    """Each second answers become 0.6 s slower: the offered over the served, less 1."""
    found = state_of(evenly(lambda n: 0.04 + n / 25 - n / 40))

    assert (found.keeps_up, found.behind) == (False, WhyBehind.GROWING)
    assert found.offered_per_s == pytest.approx(40.0)
    assert found.growth == pytest.approx(0.6)
    assert found.growth_low is not None
    assert found.growth_low > 0.5


def test_a_server_that_is_even_keeps_up() -> None:
    """However slow it is."""
    found = state_of(evenly(lambda _: 30.0))

    assert (found.keeps_up, found.behind, found.growth) == (True, None, 0.0)


def test_times_that_go_up_and_down_keep_up() -> None:
    """They undo each other in the differences."""
    found = state_of(evenly(lambda n: 0.2 + 0.05 * (n % 7)))

    assert found.keeps_up is True


def test_a_machine_that_becomes_warm_keeps_up() -> None:
    """A hundredth of a second in each second is growth, and no queue."""
    found = state_of(evenly(lambda n: 1.0 + 0.01 * n / 40))

    assert (found.keeps_up, found.behind) == (True, None)
    assert found.growth == pytest.approx(0.01)


@pytest.mark.parametrize("count", [1, 2, 15])
def test_too_few_requests_tell_nothing(count: int) -> None:
    """No batch is made of one."""
    found = state_of(evenly(lambda n: 1.0 + n, count=count))

    assert (found.keeps_up, found.growth, found.growth_high) == (None, None, None)
    assert found.short_of == 128


def test_a_short_run_of_a_busy_queue_cannot_be_told() -> None:
    """It may grow or not: neither is said."""
    found = state_of(queued(0.9, 40, seed=2))

    assert found.keeps_up is None
    assert found.growth_high is not None
    assert found.growth_high > 0.1


def test_who_counts_before_a_load_is_steady_is_not_known_to_keep_up() -> None:
    """Answers of a server that is still filling are too fast."""
    records = evenly(lambda _: 1.0)

    assert state_of(records, a_load(steady=False)).keeps_up is None
    assert state_of(records, a_load(steady=None)).keeps_up is True


@pytest.mark.parametrize(
    ("failed", "keeps_up"), [(0, True), (1, True), (4, True), (5, False), (40, False)]
)
def test_a_server_that_turns_requests_away_does_not_keep_up(
    failed: int,
    keeps_up: bool,  # noqa: FBT001 - a parameter
) -> None:
    """From one in twenty on; what it answers may be as fast as ever."""
    records = evenly(lambda _: 1.0)
    for n in range(failed):
        place = n * 100 // failed
        due = n / 40
        records[place] = replace(
            an_error(f"e{n}", cell=a_cell(scenario=OPEN)),
            timing=a_timing(end_s=0.001, start_s=due),
        )

    found = state_of(records)

    assert found.keeps_up is keeps_up
    assert found.behind == (None if keeps_up else WhyBehind.FAILED)


def test_one_failure_of_few_is_not_a_load_that_is_too_much() -> None:
    """It is told as an error."""
    records = evenly(lambda _: 1.0, count=16)
    records[3] = an_error(cell=a_cell(scenario=OPEN))

    assert state_of(records).behind is None


def test_time_outs_are_as_long_as_their_limit() -> None:
    """Also those whose last token came long before it."""
    records = evenly(lambda n: 0.1 + n / 25 - n / 40)
    cut = []
    for record in records:
        timing = record.timing
        assert timing is not None
        early = replace(timing, stamps_ns=(timing.start_ns + 1,))
        cut.append(replace(record, finish="timeout", timing=early))

    assert growth(cut) == growth(records)
    assert state_of(cut).behind is WhyBehind.GROWING


@pytest.mark.parametrize("scenario", ["offline", "concurrent:4"])
def test_other_loads_have_nothing_to_keep_up_with(scenario: str) -> None:
    """All at once take longer and longer by nature."""
    records = answers([0.0] * 64, [0.1 * n for n in range(64)], scenario)

    found = told_of(facts_of(a_load(steady=None), scenario), records)

    assert found is not None
    assert (found.keeps_up, found.behind) == (None, None)
    assert (found.offered_per_s, found.growth) == (None, None)


def test_without_a_load_there_is_nothing_to_tell() -> None:
    """One after the other there is no queue."""
    assert told_of(facts_of(None, "single"), evenly(lambda _: 1.0)) is None
    assert told_of(facts_of(a_load()), []) is None


@pytest.mark.slow
@pytest.mark.parametrize("requests", [64, 200])
def test_a_queue_at_a_load_of_four_fifths_is_seldom_called_too_much(
    requests: int,
) -> None:
    """In at most 3 of 100 runs, while one that is offered 1.6 times as much is."""
    stable = [growth(queued(0.8, requests, seed)) for seed in range(100)]
    too_much = [growth(queued(1.6, requests, seed)) for seed in range(100)]

    assert sum(g is not None and g.low > 0 for g in stable) <= 3
    assert sum(g is not None and g.low > 0 for g in too_much) >= 60


def test_a_comparison_says_that_a_row_did_not_keep_up() -> None:
    """Its times are not to be set beside others without a word."""
    growing = evenly(lambda n: 0.04 + n / 25 - n / 40)

    board = scoreboard([facts_of(a_load())], growing, balance="geometric", seed=0)

    assert [comparison.behind for comparison in board.comparisons] == [True]
    (summary,) = board.summaries
    assert summary.steadiness is not None
    assert summary.steadiness.keeps_up is False


def test_the_speed_of_a_queue_that_grows_has_no_interval() -> None:
    """It would be another one in a longer run, and so would the score of its row."""
    records = evenly(lambda n: 0.04 + n / 25 - n / 40, count=300)

    board = scoreboard([facts_of(a_load())], records, balance="geometric", seed=0)

    (summary,), (row,) = board.summaries, board.standings
    for figure in (summary.speed, summary.balanced, row.speed, row.balanced):
        assert figure.value is not None
        assert (figure.low, figure.high) == (None, None)
    assert summary.quality.low is not None
    assert summary.steadiness is not None
    assert summary.steadiness.effective_requests is None
    assert summary.steadiness.short_of is None


def test_effective_requests_are_fewer_where_answers_wait() -> None:
    """A fact of the cell, told beside how many were asked."""
    records = queued(0.8, 500, seed=1)

    summary = summarise(facts_of(a_load()), records, balance="geometric")

    assert summary.steadiness is not None
    assert summary.steadiness.effective_requests is not None
    assert summary.steadiness.effective_requests < 100
    assert summary.steadiness.short_of is None


@pytest.mark.slow
def test_a_busy_queue_says_how_many_requests_its_interval_takes() -> None:
    """A queue with little to do forgets soon, and nothing is to be said of it."""
    told = {
        (load, count): state_of(queued(load, count, seed=5)).forgets_after
        for load, count in ((0.3, 200), (0.9, 200), (0.3, 4000))
    }

    assert told[0.3, 200] is None
    assert told[0.3, 4000] is None
    needed = told[0.9, 200]
    assert needed is not None
    assert needed > 200
