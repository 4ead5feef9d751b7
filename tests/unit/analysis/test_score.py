"""The balanced score by its formulas."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmlat.analysis import score
from pytest_llmlat.values.balance import BALANCES, Balance

SHARES = st.floats(0, 1)
POSITIVE = st.floats(1e-6, 1e6)
POINTS = st.lists(
    st.none() | st.tuples(st.sampled_from([0.0, 0.3, 0.5, 1.0]), st.integers(1, 4)),
    max_size=8,
).map(lambda points: [p if p is None else (p[0], float(p[1])) for p in points])
KINDS = pytest.mark.parametrize("kind", BALANCES)
MEANS: tuple[Balance, ...] = ("geometric", "arithmetic", "harmonic")


@pytest.mark.parametrize(
    ("e2e_s", "expected"), [(0.0, 1.0), (1.0, 2 / 3), (2.0, 1 / 2), (6.0, 1 / 4)]
)
def test_speed_at_parts_of_the_budget(e2e_s: float, expected: float) -> None:
    """An answer that takes its whole budget of 2 s earns one half, half of it 2/3."""
    assert score.speed(e2e_s, 2.0) == pytest.approx(expected, rel=1e-15)


def test_speed_of_an_error_is_nothing() -> None:
    """An answer that never came was not fast."""
    assert score.speed(None, 2.0) == 0.0


@given(POSITIVE, POSITIVE, POSITIVE)
def test_the_faster_answer_scores_higher(a: float, b: float, budget: float) -> None:
    """Speed never saturates: of two answers the slower never scores more."""
    slow, fast = max(a, b), min(a, b)

    assert 0 < score.speed(slow, budget) <= score.speed(fast, budget) < 1.0 + 1e-12


@pytest.mark.parametrize(
    ("quality", "chance", "expected"),
    [(0.5, 0.5, 0.0), (0.75, 0.5, 0.5), (1.0, 0.25, 1.0), (0.1, 0.5, 0.0), (1, 0, 1)],
)
def test_guessing_is_taken_off(quality: float, chance: float, expected: float) -> None:
    """A guesser scores 0, worse than guessing is no less, perfection is 1."""
    assert score.normalize(quality, chance) == pytest.approx(expected)


@given(st.floats(-1, 2), st.floats(0, 0.99))
def test_normalized_quality_is_a_share(quality: float, chance: float) -> None:
    """It never leaves 0 ... 1, and an array is worked on as its numbers are."""
    import numpy as np

    found = score.normalize(quality, chance)
    many = score.normalize(np.array([quality, 1.0]), chance)

    assert 0.0 <= found <= 1.0
    assert many[0] == pytest.approx(found)


@pytest.mark.parametrize("kind", MEANS)
@given(SHARES)
def test_the_balance_of_equals_is_their_value(kind: Balance, share: float) -> None:
    """Every mean of a quality and a speed that are equal is what they are."""
    assert score.balance(share, share, kind) == pytest.approx(share, abs=1e-12)


def test_balance_in_closed_form() -> None:
    """Halves of 0.9 and 0.4 by each mean, evenly and with 7/10 for quality."""
    assert score.balance(0.9, 0.4, "arithmetic") == pytest.approx(0.65)
    assert score.balance(0.9, 0.4, "geometric") == pytest.approx(0.6)
    assert score.balance(0.9, 0.4, "harmonic") == pytest.approx(0.72 / 1.3)
    assert score.balance(0.9, 0.4, "arithmetic", weight=0.7) == pytest.approx(0.75)
    assert score.balance(0.9, 0.4, "geometric", weight=0.7) == pytest.approx(
        math.exp(0.7 * math.log(0.9) + 0.3 * math.log(0.4))
    )
    assert score.balance(0.9, 0.4, "harmonic", weight=0.7) == pytest.approx(
        1 / (0.7 / 0.9 + 0.3 / 0.4)
    )


@given(SHARES, SHARES, st.floats(0.3, 0.7))
def test_the_means_are_in_order(quality: float, speed: float, weight: float) -> None:
    """The geometric mean lies between the harmonic and the arithmetic one."""
    harmonic, geometric, arithmetic = (
        score.balance(quality, speed, kind, weight=weight)
        for kind in ("harmonic", "geometric", "arithmetic")
    )

    assert harmonic <= geometric + 1e-12
    assert geometric <= arithmetic + 1e-12
    assert min(quality, speed) - 1e-12 <= harmonic
    assert arithmetic <= max(quality, speed) + 1e-12


@KINDS
@given(st.lists(st.tuples(SHARES, SHARES), min_size=1), st.floats(0.3, 0.7))
def test_arrays_are_balanced_element_by_element(
    kind: Balance, pairs: list[tuple[float, float]], weight: float
) -> None:
    """Draws of a resample come to the same as each alone, nothing is divided by 0."""
    import numpy as np

    quality, speed = np.array(pairs).T

    with np.errstate(all="raise", under="ignore"):
        found = score.balance(quality, speed, kind, weight=weight)

    alone = [score.balance(q, s, kind, weight=weight) for q, s in pairs]
    assert found == pytest.approx(alone)


@given(
    st.floats(0.01, 1),
    st.floats(1e-3, 1e3),
    st.floats(1e-3, 1e3),
    st.floats(0.5, 2),
)
def test_proportional_time_is_worth_what_quality_is_at_any_budget(
    quality: float, e2e_s: float, budget_s: float, factor: float
) -> None:
    """Half the time makes up for half the quality, be it fast or slow."""
    quality = min(quality, quality / factor)
    before = score.balance(quality, score.speed(e2e_s, budget_s), "proportional")
    after = score.balance(
        quality * factor, score.speed(e2e_s * factor, budget_s), "proportional"
    )

    assert after == pytest.approx(before, rel=1e-6)


def test_proportional_in_closed_form() -> None:
    """Of 0.81 in a quarter of the budget x is the root of 0.81 times 4."""
    found = score.balance(0.81, score.speed(0.5, 2.0), "proportional")

    assert found == pytest.approx(1.8 / 2.8)
    assert score.balance(1.0, 1.0, "proportional") == 1.0


@given(st.floats(1e-3, 1e3), st.floats(1e-3, 1e3))
def test_time_weighs_what_is_left_of_the_speed(e2e_s: float, budget_s: float) -> None:
    """The elasticity of the default score: e / (b + e) of that of quality."""
    step = 1e-6
    before = score.balance(0.5, score.speed(e2e_s, budget_s), "geometric")
    slower = score.balance(0.5, score.speed(e2e_s * (1 + step), budget_s), "geometric")
    better = score.balance(0.5 * (1 + step), score.speed(e2e_s, budget_s), "geometric")

    weight = (before - slower) / (better - before)
    assert weight == pytest.approx(e2e_s / (budget_s + e2e_s), abs=1e-3)


@pytest.mark.parametrize("kind", ["geometric", "harmonic", "proportional"])
@pytest.mark.parametrize("quality_and_speed", [(0.0, 1.0), (1.0, 0.0), (0.0, 0.0)])
def test_no_quality_or_no_speed_is_nothing(
    kind: Balance, quality_and_speed: tuple[float, float]
) -> None:
    """An instant wrong answer, and a right one that never came, are worth nothing."""
    assert score.balance(*quality_and_speed, kind) == 0.0


@given(SHARES, SHARES)
def test_quality_and_speed_weigh_the_same(quality: float, speed: float) -> None:
    """By default it does not matter which is which."""
    for kind in MEANS:
        assert score.balance(quality, speed, kind) == pytest.approx(
            score.balance(speed, quality, kind)
        )


def beaten(
    point: tuple[float, float], points: list[tuple[float, float] | None]
) -> bool:
    """Whether some other point is no worse in both and better in one."""
    return any(
        (other[0] > point[0] and other[1] <= point[1])
        or (other[0] >= point[0] and other[1] < point[1])
        for other in points
        if other is not None
    )


@given(POINTS)
def test_the_front_is_of_those_that_no_other_beats(
    points: list[tuple[float, float] | None],
) -> None:
    """By the definition, point by point; equal points are on it or off it alike."""
    expected = [None if p is None else not beaten(p, points) for p in points]

    assert list(score.front(points)) == expected


def test_equal_points_do_not_beat_each_other() -> None:
    """Two models that tie at the top are both on the front."""
    assert score.front([(0.5, 1.0), (0.5, 1.0), (0.4, 1.0), None]) == (
        True,
        True,
        False,
        None,
    )


def test_rank_ranges() -> None:
    """A row's range is its best and its worst place; ties share the better one."""
    ranges = score.rank_ranges(
        {
            0.3: [0.9, 0.5, None, 0.5],
            0.5: [0.6, 0.6, None, 0.7],
            0.7: [0.1, 0.9, None, 0.8],
        }
    )

    assert ranges == ((1, 3), (1, 2), None, (1, 2))


def test_rank_ranges_of_nothing() -> None:
    """Without rows there are no ranges."""
    assert score.rank_ranges({0.5: []}) == ()


def test_the_weights_run_from_three_to_seven_tenths() -> None:
    """They are even steps with one half in the middle."""
    assert score.WEIGHTS[0] == 0.3
    assert score.WEIGHTS[-1] == 0.7
    assert score.WEIGHTS[20] == 0.5
    assert len(set(score.WEIGHTS)) == 41


def test_integration_scores_in_closed_form() -> None:
    """Three rows: z(quality) - z(seconds) with the population's spread."""
    found = score.integration_scores([(0.2, 4.0), None, (0.4, 2.0), (0.9, 3.0)])

    spread_q = math.sqrt((0.3**2 + 0.1**2 + 0.4**2) / 3)
    spread_t = math.sqrt((1 + 1 + 0) / 3)
    assert found == pytest.approx(
        (
            -0.3 / spread_q - 1 / spread_t,
            None,
            -0.1 / spread_q + 1 / spread_t,
            0.4 / spread_q,
        )
    )


def test_one_row_has_no_integration_score() -> None:
    """It compares rows; there is nothing to compare one with."""
    assert score.integration_scores([(0.2, 4.0), None]) == (None, None)


@pytest.mark.parametrize(("value", "rows"), [(0.5, 4), (0.1, 3), (0.7, 7)])
def test_an_axis_on_which_all_agree_counts_nothing(value: float, rows: int) -> None:
    """Equal qualities tell no rows apart, whatever their mean is rounded to."""
    times = [float(seconds) for seconds in range(rows)]

    found = score.integration_scores([(value, seconds) for seconds in times])

    assert found == score.integration_scores([(1.0, seconds) for seconds in times])


@given(POSITIVE, POSITIVE)
def test_drift_is_a_share_of_the_time(e2e_s: float, budget: float) -> None:
    """Of one answer it is told exactly."""
    longer = score.speed(e2e_s * (1 + score.DRIFT), budget)

    assert score.drifted(score.speed(e2e_s, budget)) == pytest.approx(longer, rel=1e-9)


@given(st.lists(SHARES, min_size=1, max_size=8))
def test_drift_of_a_mean_is_no_less_than_the_mean_of_drifts(
    speeds: list[float],
) -> None:
    """So that a difference which drift explains is never called one."""
    mean = sum(speeds) / len(speeds)
    each = sum(map(score.drifted, speeds)) / len(speeds)

    assert score.drifted(mean) <= each + 1e-12
    assert score.drifted(0.0) == 0.0
