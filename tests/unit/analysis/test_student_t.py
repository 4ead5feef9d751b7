"""Student's t distribution, against tables and its closed forms."""

from __future__ import annotations

import math
from statistics import NormalDist

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmlat.analysis.student_t import cdf, quantile

DEGREES = st.integers(1, 5000)
TAILS = st.floats(1e-9, 0.49)


@pytest.mark.parametrize(
    ("degrees", "expected"),
    [
        (1, 12.706204736432095),
        (2, 4.302652729911275),
        (5, 2.5705818366147395),
        (10, 2.2281388519649385),
        (30, 2.0422724563012373),
        (100, 1.9839715184496334),
    ],
)
def test_the_quantiles_of_the_tables(degrees: int, expected: float) -> None:
    """What 97.5 % lie below is as it is printed in every book, on either side."""
    assert quantile(0.975, degrees) == pytest.approx(expected, rel=1e-9)
    assert quantile(0.025, degrees) == pytest.approx(-expected, rel=1e-9)


@pytest.mark.parametrize("t", [-400.0, -3.0, -0.5, 0.0, 0.1, 1.0, 2.5, 60.0])
def test_few_degrees_have_closed_forms(t: float) -> None:
    """One degree is Cauchy's distribution; two and four are algebraic."""
    two = t / math.sqrt(2 + t * t)
    four = t / math.sqrt(4 + t * t)

    assert cdf(t, 1) == pytest.approx(0.5 + math.atan(t) / math.pi, abs=1e-13)
    assert cdf(t, 2) == pytest.approx((1 + two) / 2, abs=1e-13)
    assert cdf(t, 4) == pytest.approx(0.5 + 0.75 * (four - four**3 / 3), abs=1e-13)


def test_a_tail_of_one_in_a_million_is_exact() -> None:
    """Far out, where Holm's correction looks, no digits are lost."""
    p = 1e-6

    assert quantile(p, 1) == pytest.approx(-1 / math.tan(math.pi * p), rel=1e-8)
    two = (2 * p - 1) / math.sqrt(2 * p * (1 - p))
    assert quantile(p, 2) == pytest.approx(two, rel=1e-8)
    assert cdf(two, 2) == pytest.approx(p, rel=1e-9)


def test_a_tail_never_falls_to_nothing_too_early() -> None:
    """The lower tail keeps its relative precision, as small as it is."""
    # The leading order of the closed form of four degrees is 12 / t^4.
    assert cdf(-1e4, 4) == pytest.approx(12 / 1e16, rel=1e-6)
    assert cdf(-1e80, 4) >= 0.0


def test_far_beyond_all_numbers() -> None:
    """A change without any spread lies in no tail at all."""
    assert (cdf(-math.inf, 7), cdf(math.inf, 7)) == (0.0, 1.0)
    assert (cdf(-1e200, 7), cdf(1e200, 7)) == (0.0, 1.0)


@given(st.floats(-50, 50), DEGREES)
def test_both_sides_are_alike(t: float, degrees: int) -> None:
    """The distribution is symmetric about 0, where one half lies below."""
    assert cdf(t, degrees) + cdf(-t, degrees) == pytest.approx(1, abs=1e-12)
    assert cdf(0.0, degrees) == pytest.approx(0.5, abs=1e-13)


@given(TAILS, DEGREES)
def test_each_is_the_inverse_of_the_other(probability: float, degrees: int) -> None:
    """The probability up to a quantile is the one that was asked for."""
    t = quantile(probability, degrees)

    assert t <= 1e-9
    assert cdf(t, degrees) == pytest.approx(probability, rel=1e-7)


@given(st.floats(-30, 30), st.floats(1e-3, 5), DEGREES)
def test_the_distribution_rises(t: float, step: float, degrees: int) -> None:
    """More lies below a larger value, within what 16 digits can show."""
    assert cdf(t, degrees) <= cdf(t + step, degrees) + 1e-14


@pytest.mark.parametrize("t", [-6.0, -4.0, -1.9599639845400545, -1.0, 0.7, 3.0])
def test_many_degrees_are_normal(t: float) -> None:
    """A million of pairs are judged by the normal distribution."""
    assert cdf(t, 10**6) == pytest.approx(NormalDist().cdf(t), rel=1e-3)
    assert cdf(t, 10**5) == pytest.approx(NormalDist().cdf(t), rel=1e-2)
    assert quantile(0.025, 10**6) == pytest.approx(-1.959964, abs=5e-6)


@given(st.floats(-40, -0.1), st.integers(1, 2000))
def test_fewer_degrees_have_heavier_tails(t: float, degrees: int) -> None:
    """What is known of fewer pairs is less sure."""
    assert cdf(t, degrees) >= cdf(t, degrees + 1) * (1 - 1e-9)
