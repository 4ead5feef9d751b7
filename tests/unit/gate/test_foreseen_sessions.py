"""Sessions to come: which slowdown the gate's own model sees in four of five."""

from __future__ import annotations

import math
from statistics import NormalDist

import pytest

from pytest_llmlat.analysis import student_t as student
from pytest_llmlat.gate.between_runs import CELL_SPREAD, CELL_WEIGHT, RUN_SPREAD
from pytest_llmlat.gate.foreseen_sessions import SeenAt, seen_slowdowns
from pytest_llmlat.gate.future_cells import FutureCell, FutureTimes
from pytest_llmlat.gate.seen_loss import POWER

TOLERATED = math.log1p(0.05)
LEVEL = 0.05 / 3
STILL = {"r0": 0.0, "r1": 0.0, "r2": 0.0}


def times(noise: float = 0.1, alike: float = 0.0, **runs: float) -> FutureTimes:
    """Return a latency whose stored runs of 24 samples came out so."""
    return FutureTimes(
        runs=runs or STILL,
        samples=24,
        noise=noise**2,
        alike=alike,
        tolerance=TOLERATED,
    )


def a_cell(
    e2e: FutureTimes, ttft: FutureTimes | None = None, *, looks: int = 1
) -> FutureCell:
    """Return a cell; what its latencies have for themselves is independent."""
    import numpy as np

    own = {"e2e": e2e} if ttft is None else {"e2e": e2e, "ttft": ttft}
    return FutureCell(times=own, correlation=np.eye(len(own)), looks=looks)


def seen(*cells: FutureCell, samples: int = 24, level: float = LEVEL) -> SeenAt:
    """Return what is seen of the first cell."""
    return seen_slowdowns(cells, samples, level=level, level_of_all=0.025)[0][0]


def seen_of_all(*cells: FutureCell) -> SeenAt:
    """Return what is seen of all of them."""
    told = seen_slowdowns(cells, 24, level=LEVEL, level_of_all=0.025)[1]
    assert told is not None
    return told


@pytest.mark.parametrize("level", [0.05, 0.004])
def test_of_runs_alone_it_is_the_textbook_s_figure(level: float) -> None:
    """Without noise of samples the bound stands still: t and z of the same spread."""
    weight = CELL_WEIGHT + len(STILL) - 1
    spread = (RUN_SPREAD**2 + CELL_SPREAD**2) * CELL_WEIGHT / weight * (1 + 1 / 3)
    reach = NormalDist().inv_cdf(POWER) - student.quantile(level, weight)

    told = seen(a_cell(times(1e-6)), level=level)

    assert told.usual == pytest.approx(TOLERATED + reach * math.sqrt(spread), rel=0.01)
    assert told.at_most > told.usual


def test_of_samples_alone_it_is_that_of_a_t_test() -> None:
    """Where runs differ in little beside it: a t-test, by draws of its own."""
    import numpy as np

    # So few make no batches.
    noise, samples = 1.0, 8
    error = noise * math.sqrt((1 + 1 / 3) / samples)
    source = np.random.default_rng(5)
    errors = error * np.sqrt(source.chisquare(samples - 1, 20_000) / (samples - 1))
    means = source.normal(0.0, error, 20_000)
    edges = TOLERATED - student.quantile(LEVEL, samples - 1) * errors - means

    told = seen(a_cell(times(noise)), samples=samples).usual

    assert told == pytest.approx(float(np.quantile(edges, POWER)), rel=0.05)


def test_neighbours_that_are_alike_show_less() -> None:
    """They are as fewer samples."""
    assert (
        seen(a_cell(times(0.1, alike=0.03))).usual
        > seen(a_cell(times(0.1))).usual + 0.02
    )


@pytest.mark.slow
def test_a_first_token_with_noise_of_its_own_shows_less() -> None:
    """By Hommel's procedure e2e has half of the level where ttft has not grown."""
    alone = seen(a_cell(times()))
    calm, wild = (seen(a_cell(times(), times(own))) for own in (0.1, 3.0))

    assert alone.usual < wild.usual
    assert calm.usual < wild.usual
    # Half of the level at worst.
    assert wild.usual < seen(a_cell(times()), level=LEVEL / 2).usual + 0.004


def test_what_is_measured_again_shows_more_and_never_below_what_is_tolerated() -> None:
    """It has more samples, but must look slower each time."""
    once, twice, often = (
        seen(a_cell(times(0.3), looks=looks)).usual for looks in (1, 2, 4)
    )

    assert TOLERATED < often < twice < once


def test_what_looks_fast_once_is_no_regression() -> None:
    """However low the level is: it is judged only if it looks slower each time."""
    noise, looks = 0.3, 4
    runs = (RUN_SPREAD**2 + CELL_SPREAD**2) * (1 + 1 / 3)
    error = math.sqrt(runs + noise**2 / 24 * (1 / looks + 1 / 3))

    told = seen(a_cell(times(noise), looks=looks), level=0.5).usual

    assert told > TOLERATED + 1.1 * NormalDist().inv_cdf(POWER) * error


@pytest.mark.slow
def test_all_cells_are_seen_at_less_than_one_of_them() -> None:
    """Their noise cancels out; the run's common part does not."""
    cells = [a_cell(times()) for _ in range(6)]

    each, every = seen(*cells), seen_of_all(*cells)

    assert every.usual < each.usual - 0.02
    assert every.at_most > every.usual > TOLERATED
    assert seen_slowdowns(cells[:1], 24, level=0.05, level_of_all=0.025)[1] is None


def test_stored_runs_of_more_samples_differ_by_less_noise() -> None:
    """What noise of samples made of their means is no spread of runs."""
    apart = {"r0": -0.03, "r1": 0.0, "r2": 0.03}
    noisy, still = (a_cell(each) for each in (times(0.15, **apart), times(0.15)))

    few, many = (seen(noisy, samples=count).usual for count in (24, 1000))

    assert many < few - 0.03
    assert many == pytest.approx(seen(still, samples=1000).usual, abs=0.01)


def test_the_same_stored_runs_are_told_the_same() -> None:
    """Chance has a seed of its own."""
    assert seen(a_cell(times(), times(0.2))) == seen(a_cell(times(), times(0.2)))
