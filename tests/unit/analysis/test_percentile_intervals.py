"""Intervals of percentiles, from ranks."""

from __future__ import annotations

import math

import numpy as np  # noqa: TID253 - a simulation
import pytest

from pytest_llmlat.analysis.percentile_intervals import percentile_interval


def alone(*values: float) -> list[list[float]]:
    """Return values that are not alike."""
    return [[value] for value in values]


def test_few_values_tell_one_end_or_none() -> None:
    """The median of five is above the second smallest in no 97 of 100 cases."""
    found = percentile_interval(alone(1.0, 2.0, 3.0, 4.0, 5.0), 50)

    assert found == (0.0, 5.0)
    assert percentile_interval(alone(1.0), 50) is None
    assert percentile_interval(alone(*range(1, 9)), 95) is None


def test_a_value_that_never_ended_is_an_end() -> None:
    """Between it and a known one there is none."""
    found = percentile_interval(alone(*[1.0] * 10, *[math.inf] * 8), 50)

    assert found is not None
    assert found[0] == 1.0
    assert found[1] == math.inf


def test_values_of_one_unit_count_as_much_as_they_differ() -> None:
    """All alike, twenty values of four units are four."""
    spread = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]
    single = percentile_interval(alone(*(v for v in spread for _ in range(6))), 50)
    whole = percentile_interval([[value] * 6 for value in spread], 50)

    assert single is not None
    assert whole is not None
    assert whole[0] < single[0] < single[1] < whole[1]


@pytest.mark.slow
@pytest.mark.parametrize(("percent", "count"), [(50, 8), (50, 40), (90, 60), (95, 60)])
def test_the_interval_of_a_percentile_covers_it(percent: int, count: int) -> None:
    """In 1,000 samples, between 93 and 98.5 %."""
    source = np.random.default_rng(9)
    truth = -math.log(1 - percent / 100)
    held = 0
    for _ in range(1000):
        found = percentile_interval(alone(*source.exponential(1.0, count)), percent)
        assert found is not None
        held += found[0] <= truth <= found[1]

    assert 930 <= held <= 985
