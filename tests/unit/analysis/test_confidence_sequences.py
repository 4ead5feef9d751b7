"""Confidence sequences: what they exclude, and how often that is the truth."""

from __future__ import annotations

import math
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_llmlat.analysis.confidence_sequences import BoundedMean, NormalMean
from tests.unit.example_counts import at_most

CALM = settings(max_examples=at_most(40), deadline=None)
SHARES = st.lists(st.sampled_from((0.0, 0.25, 0.5, 0.9, 1.0)), min_size=1, max_size=40)
LOGS = st.lists(
    st.floats(-2, 2, allow_nan=False).map(lambda x: round(x, 4)),
    min_size=2,
    max_size=30,
)
LEVEL = 0.05


@pytest.mark.parametrize("mean", [0.05, 0.3, 0.5, 0.9])
def test_a_bet_on_a_bounded_mean_is_a_fair_game(mean: float) -> None:
    """Over all tosses of such a coin the wealth is 1 on average, no more or less."""
    expected = sum(
        math.prod(mean if one else 1 - mean for one in tosses)
        * math.exp(BoundedMean(tuple(map(float, tosses))).log_wealth(mean))
        for tosses in product((0, 1), repeat=6)
    )

    assert expected == pytest.approx(1.0)


@pytest.mark.slow
@pytest.mark.parametrize("count", [2, 3, 6, 20])
@pytest.mark.parametrize("spread", [0.01, 3.0])
def test_a_bet_on_a_normal_mean_is_a_fair_game(count: int, spread: float) -> None:
    """Whatever the unknown standard deviation is, and at every number of values.

    Mean and sum of squares of normal values are independent, so both are gone through.
    """
    import numpy as np

    means = np.linspace(-9, 9, 361) / math.sqrt(count)
    weights = np.exp(-(means**2) * count / 2)
    squares = np.linspace(0, math.sqrt(count) + 8, 400)[1:] ** 2
    chances = squares ** ((count - 1) / 2 - 0.5) * np.exp(-squares / 2)
    wealth = [
        [
            math.exp(
                NormalMean(count, float(m) * spread, float(s) * spread**2).log_wealth(
                    0.0
                )
            )
            for m in means[::4]
        ]
        for s in squares[::4]
    ]

    told = np.average(wealth, axis=1, weights=weights[::4])

    # Of the root of the squares the density is that of chi with count - 1 degrees.
    assert np.average(told, weights=chances[::4]) == pytest.approx(1.0, abs=0.01)


@pytest.mark.slow
@pytest.mark.parametrize("mean", [0.1, 0.5, 0.8])
def test_looks_at_every_value_rarely_exclude_the_truth(mean: float) -> None:
    """The chance that any of 60 looks does so, exactly, is at most the level."""
    alive, crossed = {0: 1.0}, 0.0
    for count in range(1, 61):
        following: dict[int, float] = {}
        for ones, chance in alive.items():
            for more, toss in ((1, mean), (0, 1 - mean)):
                reached = ones + more
                following[reached] = following.get(reached, 0.0) + chance * toss
        alive = {}
        for ones, chance in following.items():
            values = (1.0,) * ones + (0.0,) * (count - ones)
            if BoundedMean(values).p_above(mean) <= LEVEL:
                crossed += chance
            else:
                alive[ones] = chance

    assert 0 < crossed <= LEVEL


@pytest.mark.slow
def test_looks_at_normal_values_rarely_exclude_the_truth() -> None:
    """In 300 cells of 25 values, with a look after each from the second on."""
    import numpy as np

    source = np.random.default_rng(3)
    crossed = 0
    for _ in range(300):
        values = source.normal(0.2, 0.1, 25)
        means = np.cumsum(values) / np.arange(1, 26)
        squares = np.cumsum(values**2) - np.arange(1, 26) * means**2
        crossed += any(
            NormalMean(n, float(means[n - 1]), float(squares[n - 1])).p_above(0.2)
            <= 0.2
            for n in range(2, 26)
        )

    # At most 0.2 on average; three standard errors above it would be 0.27.
    assert 0.05 < crossed / 300 < 0.27


@pytest.mark.slow
@CALM
@given(values=SHARES, alpha=st.sampled_from((0.01, 0.05, 0.2)))
def test_a_bounded_interval_holds_the_mean_and_stays_within_bounds(
    values: list[float], alpha: float
) -> None:
    """It is wider at a smaller level, and the same in every order of the values."""
    losses = tuple(2 * value - 1 for value in values)
    low, high = BoundedMean(losses, -1.0).interval(alpha)
    wider = BoundedMean(losses, -1.0).interval(alpha / 2)

    assert -1 <= wider[0] <= low <= sum(losses) / len(losses) + 1e-6
    assert sum(losses) / len(losses) - 1e-6 <= high <= wider[1] <= 1
    assert BoundedMean(losses[::-1], -1.0).interval(alpha) == (low, high)


@CALM
@given(values=LOGS, null=st.floats(-1, 1, allow_nan=False))
def test_a_mean_is_excluded_where_its_p_value_says_so(
    values: list[float], null: float
) -> None:
    """Interval and p-value say the same, so that both halves of a verdict agree."""
    known = NormalMean.of(values)
    low, high = known.interval(LEVEL)

    assert low <= known.mean <= high
    if abs(low - null) > 1e-6:
        assert (known.p_above(null) <= LEVEL / 2) == (low > null)


@pytest.mark.slow
@CALM
@given(values=SHARES, null=st.floats(0.01, 0.99))
def test_a_share_is_excluded_where_its_p_value_says_so(
    values: list[float], null: float
) -> None:
    """As that of a mean without bounds."""
    known = BoundedMean(tuple(values))

    if abs(known.interval(LEVEL)[0] - null) > 1e-6:
        assert (known.p_above(null) <= LEVEL / 2) == (known.interval(LEVEL)[0] > null)


def test_values_that_are_all_alike_are_no_proof_by_themselves() -> None:
    """Few of them may be so by chance, however equal they are."""
    assert NormalMean.of([0.1] * 3).interval(LEVEL) == (-math.inf, math.inf)
    assert NormalMean.of([0.1] * 20).interval(LEVEL) == pytest.approx((0.1, 0.1))
    assert NormalMean.of([0.0, 0.0]).p_above(0.0) == 1.0


def test_none_lost_bounds_a_loss_by_about_the_rule_of_three() -> None:
    """Of 300 pairs that all agree: the bound of a fixed number is 0.012."""
    low, high = BoundedMean((0.0,) * 300, -1.0).interval(LEVEL)

    assert low == pytest.approx(-high)
    assert 0.0122 < high < 0.016


def test_what_no_value_can_be_is_excluded() -> None:
    """A mean below the least value, as soon as there is any."""
    assert BoundedMean((0.5, 0.0)).log_wealth(0.0) == math.inf
    assert BoundedMean((0.0, 0.0)).p_above(0.0) == 1.0
    assert BoundedMean((0.0, 0.0)).interval(LEVEL)[0] == 0.0


@pytest.mark.slow
def test_looks_up_to_a_planned_number_use_the_whole_level() -> None:
    """At a true mean that any of them exclude it is as rare as the level, not rarer."""
    import numpy as np

    source = np.random.default_rng(7)
    found: dict[int | None, int] = {None: 0, 20: 0}
    for _ in range(1500):
        values = source.standard_normal(20).tolist()
        for planned in found:
            found[planned] += any(
                NormalMean.of(values[:count], planned=planned).p_above(0.0) <= LEVEL
                for count in range(5, 21)
            )

    # About 75 of 1,500 are the level; looks that never end leave most of it unused.
    assert 55 <= found[20] <= 95
    assert found[None] < 40


@given(LOGS, st.integers(5, 2000))
@CALM
def test_planned_looks_call_nothing_tolerable_sooner(
    values: list[float], planned: int
) -> None:
    """Only that a mean is above a value is told with less: the upper end stays."""
    usual = NormalMean.of(values).interval(LEVEL)
    until = NormalMean.of(values, planned=planned)
    told = until.interval(LEVEL)

    assert told[1] == usual[1]
    assert usual[0] <= told[0] <= until.mean
    if told[0] > -math.inf:
        assert until.p_above(told[0] - 1e-9) <= LEVEL / 2 * (1 + 1e-6)
