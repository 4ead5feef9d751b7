"""McNemar's exact unconditional test against sums over every outcome."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_llmlat.gate import mcnemar
from tests.unit.example_counts import at_most

if TYPE_CHECKING:
    from collections.abc import Iterator

LEVELS = (0.05, 0.025, 0.0125, 0.05 / 24)


def outcomes(pairs: int) -> Iterator[tuple[int, int]]:
    """Yield every (lost, won) that so many pairs can show."""
    for lost in range(pairs + 1):
        for won in range(pairs - lost + 1):
            yield lost, won


def chance(lost: int, won: int, pairs: int, differ: float) -> float:
    """Return how likely one outcome is if losing and winning are equally likely."""
    ways = math.comb(pairs, lost) * math.comb(pairs - lost, won)
    agree = (1 - differ) ** (pairs - lost - won)
    return float(ways * (differ / 2) ** (lost + won) * agree)


def by_hand(lost: int, won: int, pairs: int) -> float:
    """Add up all outcomes that are as bad, at the worst of many chances to differ."""
    if lost <= won:
        return 1.0
    # Whole numbers: (b - c)^2 / (b + c) against that of what was seen.
    bad = [
        (b, c)
        for b, c in outcomes(pairs)
        if b > c and (b - c) ** 2 * (lost + won) >= (lost - won) ** 2 * (b + c)
    ]
    return max(
        sum(chance(b, c, pairs, step / 500) for b, c in bad) for step in range(1, 501)
    )


@settings(max_examples=at_most(40), deadline=None)
@given(
    st.integers(1, 12).flatmap(
        lambda pairs: st.sampled_from([(*each, pairs) for each in outcomes(pairs)])
    )
)
def test_it_is_the_sum_over_all_outcomes_that_are_as_bad(
    seen: tuple[int, int, int],
) -> None:
    """At the chance to differ that makes them likeliest."""
    assert mcnemar.loss(*seen) == pytest.approx(by_hand(*seen), rel=0.002)


@pytest.mark.parametrize("pairs", [5, 17, 40])
@pytest.mark.parametrize("differ", [0.02, 0.1, 0.3, 0.6, 1.0])
def test_the_level_is_kept_however_likely_pairs_differ(
    pairs: int, differ: float
) -> None:
    """Without a change, a p below the level is no likelier than the level."""
    found = [
        (mcnemar.loss(*each, pairs), chance(*each, pairs, differ))
        for each in outcomes(pairs)
    ]
    for level in LEVELS:
        assert sum(likely for p, likely in found if p <= level) <= level * 1.0001


def test_it_needs_no_more_than_the_conditional_form() -> None:
    """Ten lost and two won of forty: 0.0193 by the toss of a coin, less by this."""
    coin = sum(math.comb(12, k) for k in (10, 11, 12)) / 2**12
    assert mcnemar.loss(10, 2, 40) < coin
    # Where all differ there is nothing but the coin.
    assert mcnemar.loss(5, 0, 5) == pytest.approx(1 / 32)


def test_nothing_lost_or_more_won_is_no_sign() -> None:
    """The p of a change for the better is not below one."""
    for lost, won in ((0, 0), (0, 5), (3, 3), (1, 5)):
        assert mcnemar.loss(lost, won, 10) == 1.0


def test_the_normal_limit_takes_over_smoothly() -> None:
    """One pair more than can be gone through changes the p by next to nothing."""
    most = mcnemar.MOST_EXACT
    for lost, won in ((170, 130), (60, 35)):
        exact = mcnemar.loss(lost, won, most)
        assert mcnemar.loss(lost, won, most + 1) == pytest.approx(exact, abs=0.002)


@pytest.mark.parametrize("seen", [(4, 3, 6), (-1, 3, 6)])
def test_more_that_differ_than_there_are_is_a_mistake(
    seen: tuple[int, int, int],
) -> None:
    """It is not answered with a number."""
    with pytest.raises(ValueError, match="lost"):
        mcnemar.loss(*seen)
