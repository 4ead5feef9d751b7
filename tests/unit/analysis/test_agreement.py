"""Krippendorff's alpha, against published examples and its definition."""

from __future__ import annotations

from fractions import Fraction
from itertools import permutations
from typing import TYPE_CHECKING, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmlat.analysis.agreement import (
    Level,
    alpha,
    alpha_estimate,
    with_the_rest,
)

if TYPE_CHECKING:
    from collections.abc import Callable

FOUR_OBSERVERS = (
    (1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None),
    (1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3),
    (None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None),
    (1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None),
)
"""Krippendorff (2011), example D: four observers of twelve units."""
UNITS = tuple(zip(*FOUR_OBSERVERS, strict=True))


@pytest.mark.parametrize(
    ("level", "published"),
    [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849), ("ratio", 0.797)],
)
def test_published_values_come_out(level: Level, published: float) -> None:
    """To the digits in which they were printed, and exactly by the definition."""
    found = alpha(UNITS, level)

    assert found == pytest.approx(published, abs=5e-4)
    assert found == pytest.approx(float(by_definition(UNITS, level) or 0), abs=1e-12)


def test_the_example_of_two_observers_comes_out() -> None:
    """Krippendorff (2011), example A: ten units, binary; alpha is 0.095."""
    first, second = (0, 1, 0, 0, 0, 0, 0, 0, 1, 0), (1, 1, 1, 0, 0, 1, 0, 0, 0, 0)

    found = alpha(list(zip(first, second, strict=True)), "nominal")

    assert found == pytest.approx(0.095, abs=5e-4)


VOTES = st.lists(
    st.lists(st.sampled_from([None, 0, 1, 2, 5]), min_size=3, max_size=3),
    min_size=1,
    max_size=8,
)


@given(votes=VOTES, level=st.sampled_from(get_args(Level)))
def test_it_is_what_the_definition_says(
    votes: list[list[int | None]], level: Level
) -> None:
    """Observed over expected disagreement of all pairs, in exact fractions."""
    found, wanted = alpha(votes, level), by_definition(votes, level)

    assert (found is None) == (wanted is None)
    if wanted is not None:
        assert found == pytest.approx(float(wanted), abs=1e-9)


def by_definition(
    votes: list[list[int | None]] | tuple[tuple[int | None, ...], ...], level: Level
) -> Fraction | None:
    """Return alpha from pairs of votes, one by one."""
    units = [[v for v in unit if v is not None] for unit in votes]
    units = [unit for unit in units if len(unit) > 1]
    pool = [vote for unit in units for vote in unit]
    apart = _apart(pool, level)
    observed = sum(
        (
            Fraction(apart(a, b), len(unit) - 1)
            for unit in units
            for a, b in permutations(unit, 2)
        ),
        Fraction(0),
    )
    expected = sum(
        (Fraction(apart(a, b)) for a, b in permutations(pool, 2)), Fraction(0)
    )
    if expected == 0:
        return None
    return 1 - (len(pool) - 1) * observed / expected


def _apart(pool: list[int], level: Level) -> Callable[[int, int], Fraction]:
    def ranks(a: int, b: int) -> Fraction:
        low, high = sorted((a, b))
        between = sum(low <= vote <= high for vote in pool)
        return (between - Fraction(pool.count(a) + pool.count(b), 2)) ** 2

    def ratio(a: int, b: int) -> Fraction:
        return Fraction((a - b) ** 2, (a + b) ** 2) if a + b else Fraction(0)

    return {
        "nominal": lambda a, b: Fraction(a != b),
        "ordinal": ranks,
        "interval": lambda a, b: Fraction((a - b) ** 2),
        "ratio": ratio,
    }[level]


def test_votes_that_are_all_the_same_tell_nothing() -> None:
    """A judge that always says 5 agrees with its like by habit."""
    assert alpha([[5, 5], [5, 5]], "interval") is None
    assert alpha([[5, None], [None, 4]], "interval") is None
    assert alpha([], "nominal") is None


@pytest.mark.slow
def test_an_interval_is_around_it() -> None:
    """By a bootstrap over items, the same each time."""
    votes = [[n % 5, n % 5 + (n % 7 == 0), n % 5] for n in range(60)]

    found = alpha_estimate(votes, "interval")

    assert found.value is not None
    assert found.low is not None
    assert found.high is not None
    assert found.low < found.value < found.high <= 1
    assert found == alpha_estimate(votes, "interval")
    assert alpha_estimate(votes[:1], "interval").low is None


@pytest.mark.parametrize("level", ["nominal", "interval"])
def test_the_one_that_votes_at_random_stands_out(level: Level) -> None:
    """Each judge is held against the rest."""
    votes = [[n % 4, n % 4, (n * n + n // 3) % 4] for n in range(48)]

    first, second, third = with_the_rest(votes, level)

    assert first is not None
    assert second is not None
    assert third is not None
    assert min(first, second) > third + 0.3
