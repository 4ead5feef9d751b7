"""How far the mean of answers that wait for each other may be off."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np  # noqa: TID253 - a queue is simulated
import pytest

from pytest_llmlat.analysis.batch_means import (
    batch_counts,
    effective_requests,
    fewest_requests,
    shared_variance,
)
from pytest_llmlat.analysis.cell_bootstrap import bootstrap_cells, items_of
from pytest_llmlat.analysis.cell_estimates import estimates_of
from tests.unit.builders import a_cell, a_record, a_timing

if TYPE_CHECKING:
    from pytest_llmlat.values.records import Record

OPEN = "server:4"


def a_queue(requests: int, *, load: float, seed: int) -> list[float]:
    """Return 1 / (1 + e2e) of a queue of one server, warmed up."""
    source = np.random.default_rng(seed)
    services = source.exponential(1.0, requests + 500)
    gaps = source.exponential(1 / load, requests + 500)
    found, waited = [], 0.0
    for service, gap in zip(services, gaps, strict=True):
        found.append(1 / (1 + waited + service))
        waited = max(0.0, waited + service - gap)
    return found[500:]


def records_of(speeds: list[float], scenario: str) -> list[Record]:
    """Return answers of these speeds, all right, each of a sample of its own."""
    cell = a_cell(scenario=scenario)
    return [
        replace(
            a_record(f"s{n:04}", cell=cell), timing=a_timing(1 / speed - 1, start_s=n)
        )
        for n, speed in enumerate(speeds)
    ]


@pytest.mark.parametrize(
    ("scenario", "requests", "expected"),
    [
        ("single", 5, ()),
        ("offline", 5, ()),
        ("server:4", 127, None),
        ("server:4", 128, (3, 6, 20)),
        ("server:4", 511, (3, 6, 20)),
        ("server:0.5", 512, (4, 8, 20)),
        ("server:4", 2048, (5, 10, 20)),
        ("concurrent:4", 23, None),
        ("concurrent:4", 24, (3,)),
        ("concurrent:4", 64, (8,)),
        ("concurrent:1", 500, (20,)),
    ],
)
def test_how_many_batches_follows_from_load_and_requests(
    scenario: str, requests: int, expected: tuple[int, ...] | None
) -> None:
    """Never from what was seen: a short run has not seen its queue yet."""
    assert batch_counts(scenario, requests) == expected


@pytest.mark.parametrize("scenario", ["server:4", "concurrent:1", "concurrent:16"])
def test_the_fewest_requests_are_those_from_which_there_are_batches(
    scenario: str,
) -> None:
    """What a report says is too few is what is too few."""
    fewest = fewest_requests(scenario)

    assert batch_counts(scenario, fewest - 1) is None
    assert batch_counts(scenario, fewest) is not None


def test_what_is_measured_one_after_the_other_shares_nothing() -> None:
    """However it goes up and down."""
    assert shared_variance(a_queue(40, load=0.9, seed=1), "single") == 0.0


def test_too_few_requests_tell_nothing() -> None:
    """No variance is not a variance of 0."""
    assert shared_variance([0.5] * 60, OPEN) is None
    assert effective_requests([0.5] * 60, OPEN) is None


def test_equal_answers_share_no_variance() -> None:
    """And how many of them are independent nobody can tell."""
    assert shared_variance([0.5] * 200, OPEN) == 0.0
    assert effective_requests([0.5] * 200, OPEN) is None


def test_a_queue_tells_less_than_its_requests() -> None:
    """At a load of 0.8 a thousand answers are worth less than a hundred."""
    told = effective_requests(a_queue(1000, load=0.8, seed=3), OPEN)

    assert told is not None
    assert 3 < told < 100


@pytest.mark.slow
@pytest.mark.parametrize("load", [0.5, 0.8])
def test_the_interval_of_speed_covers_that_of_a_queue(load: float) -> None:
    """Where the resampling of requests alone covers it in 60 and 30 of 100 runs."""
    truth = float(np.mean(a_queue(400_000, load=load, seed=0)))
    hits = alone = 0
    for seed in range(1, 101):
        speeds = a_queue(600, load=load, seed=seed)
        error = (float(np.mean(speeds)) - truth) ** 2
        own = float(np.var(speeds, ddof=1)) / len(speeds)
        shared = shared_variance(speeds, OPEN)
        assert shared is not None
        hits += error <= 1.96**2 * (own + shared)
        alone += error <= 1.96**2 * own

    assert hits >= 90
    assert alone <= 75


@pytest.mark.slow
def test_a_cell_under_arrivals_has_the_wider_interval() -> None:
    """The same times measured one after the other would have the narrow one."""
    speeds = a_queue(200, load=0.8, seed=5)

    queued = records_of(speeds, OPEN)
    single = records_of(speeds, "single")

    (drawn,) = bootstrap_cells([items_of(queued)], seed=0)
    (alone,) = bootstrap_cells([items_of(single)], seed=0)
    wide = estimates_of(queued).speed.estimate
    narrow = estimates_of(single).speed.estimate
    assert wide.value == narrow.value
    assert wide.low is not None
    assert wide.high is not None
    assert narrow.low is not None
    assert narrow.high is not None
    assert 0 <= wide.low < narrow.low < narrow.high < wide.high <= 1
    assert drawn.speed_draws.std() > 1.5 * alone.speed_draws.std()
    np.testing.assert_array_equal(drawn.value_draws, alone.value_draws)


def test_a_short_run_under_arrivals_has_no_interval_of_speed() -> None:
    """One that covers nothing would be worse than none."""
    short = records_of(a_queue(64, load=0.3, seed=5), OPEN)

    (drawn,) = bootstrap_cells([items_of(short)], seed=0)

    told = estimates_of(short).speed.estimate
    assert np.isnan(drawn.speed_draws).all()
    assert told.value is not None
    assert (told.low, told.high) == (None, None)


@pytest.mark.slow
def test_two_cells_do_not_share_their_luck() -> None:
    """What one queue did, another did not do: their differences vary more."""
    cells = [
        items_of(records_of(a_queue(300, load=0.8, seed=seed), OPEN)) for seed in (1, 2)
    ]

    one, other = bootstrap_cells(cells, seed=0)

    together = np.corrcoef(one.speed_draws, other.speed_draws)[0, 1]
    assert abs(together) < 0.1
