"""Intervals of shares, means and scores, and how often they hold."""

from __future__ import annotations

import math

import numpy as np  # noqa: TID253 - arrays are what is tested
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmlat.analysis import student_t as student
from pytest_llmlat.analysis.intervals import (
    averaged,
    jackknife_figure,
    known,
    made_of,
    mean_figure,
)
from pytest_llmlat.values.results import Estimate

SHARES = st.lists(st.floats(0, 1), min_size=1, max_size=40)


def a_mean(*values: float) -> Estimate:
    """Return the mean of values that stand alone."""
    return mean_figure(np.array(values), np.ones(len(values))).estimate


def width(estimate: Estimate) -> float:
    """Return how wide an interval is."""
    assert estimate.low is not None
    assert estimate.high is not None
    return estimate.high - estimate.low


@pytest.mark.parametrize(
    ("right", "of", "low", "high"),
    [
        (15, 15, 0.761, 1.0),
        (0, 15, 0.0, 0.239),
        (1, 8, 0.001, 0.492),
        (12, 24, 0.314, 0.686),
    ],
)
def test_right_and_wrong_have_the_interval_of_agresti_and_coull(
    right: int, of: int, low: float, high: float
) -> None:
    """Worked out by hand from their formula, (k + z²/2) / (n + z²)."""
    found = a_mean(*[1.0] * right, *[0.0] * (of - right))

    assert [found.low, found.high] == [
        pytest.approx(low, abs=0.001),
        pytest.approx(high, abs=0.001),
    ]


@given(SHARES)
def test_an_interval_holds_its_figure_and_stays_between_0_and_1(
    values: list[float],
) -> None:
    """Whatever the values are."""
    found = a_mean(*values)

    assert found.value is not None
    if found.low is not None and found.high is not None:
        assert 0 <= found.low <= found.value + 1e-9
        assert found.value - 1e-9 <= found.high <= 1
        assert found.high > found.low


@given(st.lists(st.integers(0, 8).map(lambda n: n / 8), min_size=1, max_size=40))
def test_wrong_is_the_mirror_of_right(values: list[float]) -> None:
    """The interval of 1 - figure is 1 - interval."""
    one, other = a_mean(*values), a_mean(*[1 - value for value in values])

    if width_or_none(one) is not None and width_or_none(other) is not None:
        assert one.low == pytest.approx(1 - (other.high or 0.0), abs=1e-6)
        assert one.high == pytest.approx(1 - (other.low or 0.0), abs=1e-6)


def width_or_none(estimate: Estimate) -> float | None:
    """Return how wide an interval is, ``None`` where there is none."""
    return None if estimate.low is None else width(estimate)


def test_two_values_are_told_with_one_degree_of_freedom() -> None:
    """So wide that nobody takes it for a measurement."""
    assert width(a_mean(0.2, 0.4)) > 0.9


def test_of_what_is_equal_nothing_is_known_but_at_the_ends() -> None:
    """Five times 0.5 may be anything; five right answers are five tosses."""
    assert a_mean(*[0.5] * 5) == Estimate(value=0.5)
    assert a_mean(0.5) == Estimate(value=0.5)
    assert width(a_mean(*[1.0] * 5)) > 0.4


def test_an_even_mean_has_the_interval_of_student() -> None:
    """Where the spread is small it is the familiar one."""
    values = np.array([0.49, 0.5, 0.51, 0.5, 0.48, 0.52])
    found = a_mean(*values)
    reach = student.quantile(0.975, 5) * values.std(ddof=1) / math.sqrt(6)

    assert found.low == pytest.approx(0.5 - reach, abs=1e-3)
    assert found.high == pytest.approx(0.5 + reach, abs=1e-3)


def test_what_requests_have_in_common_widens() -> None:
    """By its variance; where that is not known there is no interval."""
    values, ones = np.linspace(0.3, 0.7, 20), np.ones(20)

    alone = mean_figure(values, ones).estimate
    shared = mean_figure(values, ones, shared=0.01).estimate

    assert width(shared) > 2 * width(alone)
    assert mean_figure(values, ones, shared=None).low is None


def test_the_jackknife_of_a_mean_is_its_variance() -> None:
    """Of a share the same interval as that of the mean, or one a little wider."""
    values = np.linspace(0.2, 0.9, 12)
    columns = np.stack([values, np.ones(12)], axis=1)

    mean = mean_figure(values, np.ones(12)).estimate
    found = jackknife_figure(
        float(values.mean()), columns, lambda sums: sums[:, 0] / sums[:, 1]
    ).estimate

    assert width(mean) <= width(found) + 1e-12
    assert width(found) < 1.15 * width(mean)


def test_a_figure_that_one_unit_alone_has_tells_nothing_of_others() -> None:
    """A detail of a single answer has no interval."""
    columns = np.array([[0.5, 1.0], [0.0, 0.0]])

    found = jackknife_figure(0.5, columns, lambda sums: sums[:, 0] / sums[:, 1])

    assert found.estimate == Estimate(value=0.5)


def test_a_score_knows_how_its_halves_vary_together() -> None:
    """Halves that rise together make it less sure than those that make up."""
    rising = np.linspace(0.3, 0.7, 20)
    one, same, other = (
        mean_figure(values, np.ones(20)) for values in (rising, rising, rising[::-1])
    )

    together = made_of(lambda a, b: (a + b) / 2, (one, same))
    against = made_of(lambda a, b: (a + b) / 2, (one, other))

    assert width(together) == pytest.approx(width(one.estimate))
    assert against == Estimate(value=0.5)


def test_a_score_of_a_half_without_an_interval_has_none() -> None:
    """A narrow one, from the other half alone, would flatter."""
    half = mean_figure(np.full(5, 0.5), np.ones(5))
    told = mean_figure(np.linspace(0.1, 0.9, 5), np.ones(5))

    found = made_of(lambda a, b: math.sqrt(a * b), (half, told))

    assert (found.low, found.high) == (None, None)


def test_a_score_of_nothing_right_and_nothing_answered_is_not_certain() -> None:
    """Each half alone moves a product of zeros by nothing; together they do."""
    nothing = mean_figure(np.zeros(8), np.ones(8))

    found = made_of(lambda a, b: math.sqrt(a * b), (nothing, nothing))

    assert found.low == 0
    assert found.high == pytest.approx(nothing.high)


def test_a_part_that_lowers_a_figure_lowers_it_by_its_upper_end() -> None:
    """Chance is taken off: where it is higher, what is above it is less."""
    value = known(0.6, 10)
    chance = mean_figure(np.linspace(0.2, 0.4, 10), np.ones(10))

    found = made_of(lambda a, c: (a - c) / (1 - c), (value, chance))

    assert chance.high is not None
    assert found.low == pytest.approx((0.6 - chance.high) / (1 - chance.high))


def test_an_average_is_surer_than_its_parts() -> None:
    """Of four alike by the square root of four; where one has none, it has none."""
    part = Estimate(value=0.5, low=0.3, high=0.7)

    found = averaged([part] * 4, [0.25] * 4)

    assert [found.low, found.high] == [pytest.approx(0.4), pytest.approx(0.6)]
    assert averaged([part, Estimate(value=0.5)], [0.5, 0.5]) == Estimate(value=0.5)


@pytest.mark.slow
@pytest.mark.parametrize("accuracy", [0.07, 0.3, 0.6, 0.93])
@pytest.mark.parametrize("count", [8, 15, 40])
def test_an_interval_of_right_answers_covers(count: int, accuracy: float) -> None:
    """At least 93 %, counted exactly over all numbers of right answers."""
    covered = 0.0
    for right in range(count + 1):
        found = a_mean(*[1.0] * right, *[0.0] * (count - right))
        assert found.low is not None
        assert found.high is not None
        chance = math.comb(count, right) * accuracy**right
        chance *= (1 - accuracy) ** (count - right)
        covered += chance * (found.low <= accuracy <= found.high)

    assert covered >= 0.93


@pytest.mark.slow
def test_an_interval_of_clusters_covers() -> None:
    """Of 400 cells of 15 texts with four questions each; alone 80 % would hold."""
    source = np.random.default_rng(5)
    held = 0
    for _ in range(400):
        own = source.beta(0.6 * 7 / 3, 0.4 * 7 / 3, 15)
        right = source.binomial(4, own)
        found = mean_figure(right.astype(float), np.full(15, 4.0))
        assert found.low is not None
        assert found.high is not None
        held += found.low <= 0.6 <= found.high

    assert held >= 0.93 * 400


def test_worse_than_guessing_for_sure_is_worth_nothing_for_sure() -> None:
    """So that one such cell does not take the interval from the row that it is in."""
    marks = [0.10 + 0.01 * (place % 3) for place in range(14)]
    value, guess = mean_figure(np.array(marks), np.ones(14)), known(0.5, 14)

    found = made_of(lambda a, c: max(0.0, (a - c) / (1 - c)), (value, guess))

    assert value.high is not None
    assert value.high < 0.5
    assert found == Estimate(value=0.0, low=0.0, high=0.0)
    other = Estimate(value=0.4, low=0.2, high=0.6)
    assert averaged([found, other], [0.5, 0.5]).low == pytest.approx(0.1)
