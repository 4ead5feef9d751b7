"""Changes between runs in which requests wait for each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np  # noqa: TID253 - queues are simulated
import pytest

from pytest_llmlat.gate.changes import changes
from pytest_llmlat.gate.judging import judge
from pytest_llmlat.gate.match import Match
from pytest_llmlat.gate.neighbours import SPEED, shared_changes
from pytest_llmlat.gate.pairing import LATENCIES, pair
from pytest_llmlat.gate.stored_runs import stored_times
from pytest_llmlat.gate.tolerances import GateRules
from tests.unit.builders import a_cell, a_record, a_timing, some_facts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmlat.values.records import Record


def a_run(
    due: Sequence[float], services: Sequence[float], scenario: str = "server:1"
) -> tuple[Record, ...]:
    """Return what one server answers, first come, first served."""
    free, records = 0.0, []
    for place, (arrival, service) in enumerate(zip(due, services, strict=True)):
        free = max(free, arrival) + service
        records.append(
            a_record(
                f"s{place:04}",
                cell=a_cell(scenario=scenario),
                timing=a_timing(free - arrival, start_s=arrival),
            )
        )
    return tuple(records)


def equal_runs(
    seed: int, count: int = 150, scenario: str = "server:1"
) -> tuple[tuple[Record, ...], tuple[Record, ...]]:
    """Return two runs of the same arrivals at a load of 0.8, with nothing changed."""
    source = np.random.default_rng(seed)
    due = source.exponential(1 / 0.8, count).cumsum().tolist()
    usual = np.exp(source.normal(-0.2, 0.6, count))
    first, second = (
        a_run(due, (usual * np.exp(source.normal(0, 0.2, count))).tolist(), scenario)
        for _ in range(2)
    )
    return first, second


def regression(ours: tuple[Record, ...], theirs: tuple[Record, ...]) -> bool:
    """Say whether the gate calls the first run worse than the second."""
    match = Match(
        facts=some_facts(ours[0].cell, planned=len(ours)),
        records=ours,
        against="main",
        reference=theirs,
    )
    found = judge([match], GateRules(), balance="geometric")
    return any(verdict.outcome == "regression" for verdict in found)


@pytest.mark.slow
def test_one_after_the_other_nothing_is_shared() -> None:
    """However much the two runs differ."""
    ours, theirs = equal_runs(1, scenario="single")

    assert set(shared_changes(ours, (theirs,)).values()) == {0.0}


def test_requests_that_wait_for_each_other_change_together() -> None:
    """Their times and speeds; of what they do not have there is nothing."""
    ours, theirs = equal_runs(1)
    found = shared_changes(ours, (theirs,))

    assert set(found) == {SPEED, *LATENCIES}
    assert found["e2e"] > 0
    assert found[SPEED] > 0
    assert found["tpot"] == 0


def test_a_run_without_records_shares_nothing() -> None:
    """Nor does one whose samples the other has not."""
    ours, theirs = equal_runs(1)

    assert shared_changes((), (theirs,)) == {}
    assert set(shared_changes(ours, ((),)).values()) == {0.0}


def test_each_stored_run_counts_for_what_is_shared() -> None:
    """What is compared is their mean, in which the wait of one run counts by half."""
    ours, first = equal_runs(1)
    second, _ = equal_runs(1)

    both = shared_changes(ours, (first, second))

    assert second == ours
    assert both["e2e"] == pytest.approx(shared_changes(ours, (first,))["e2e"] / 4)


def test_what_is_shared_is_counted_once_beside_stored_runs() -> None:
    """The error of a change under a load has it; a drift of neighbours is no more."""
    ours, theirs = equal_runs(1)
    pairs = pair(ours, theirs)
    shared = shared_changes(ours, (theirs,))
    change = changes(pairs, ["e2e"], balance="geometric", shared=shared)["e2e"]
    alone = changes(pairs, ["e2e"], balance="geometric")["e2e"]

    found = stored_times(ours, {"r0": theirs}, "e2e", change)

    assert change.error > 1.2 * alone.error
    assert found is not None
    assert found.drift.variance == 0
    assert found.cell.noise == pytest.approx(change.error**2 / 2)


@pytest.mark.slow
@pytest.mark.parametrize("count", [60, 150])
def test_equal_runs_under_a_load_are_seldom_a_regression(count: int) -> None:
    """At most 5 in 60 at a load of 0.8, where requests alone made it every fourth."""
    wrong = sum(regression(*equal_runs(seed, count)) for seed in range(60))

    assert wrong <= 5


@pytest.mark.slow
def test_a_server_that_takes_twice_as_long_is_a_regression_in_a_short_run() -> None:
    """Sixty requests at a small load are enough for that."""
    source = np.random.default_rng(4)
    due = source.exponential(4.0, 60).cumsum().tolist()
    usual = np.exp(source.normal(-0.2, 0.3, 60))

    slow = a_run(due, (2 * usual).tolist())

    assert regression(slow, a_run(due, usual.tolist()))
