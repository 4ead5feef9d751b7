"""Rows that are compared in pairs, all of them together."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np  # noqa: TID253 - draws are arrays
import pytest

from pytest_llmlat.analysis.comparisons import (
    Scored,
    best_against_others,
    others_against,
)
from pytest_llmlat.analysis.resampling import DRAWS, resample_weights

SAMPLES = 40


def rows(*marks: np.ndarray, samples: int | None = None) -> list[Scored]:
    """Return a row for each array of marks, all resampled in step."""
    count = len(marks[0])
    weights = resample_weights(count, seed="test")
    return [
        Scored(
            name=f"r{number}",
            value=float(each.mean()),
            draws=(weights @ each) / count,
            samples=samples or count,
        )
        for number, each in enumerate(marks)
    ]


def drawn(seed: int, count: int, *, apart: float = 0.0) -> list[Scored]:
    """Return rows whose marks share what makes a sample hard; the first is better."""
    source = np.random.default_rng(seed)
    hard = source.normal(0.5, 0.3, SAMPLES)
    marks = [hard + source.normal(0, 0.05, SAMPLES) for _ in range(count)]
    marks[0] = marks[0] + apart
    return rows(*marks)


def test_what_makes_samples_hard_for_both_cancels_out() -> None:
    """0.05 better on each of samples that differ by 0.3 is better for certain."""
    (contrast,) = best_against_others(drawn(1, 2, apart=0.05))

    assert (contrast.row, contrast.other) == ("r0", "r1")
    assert contrast.certain
    assert contrast.difference.low is not None
    assert contrast.difference.low > 0


def test_the_best_is_compared_with_each_other() -> None:
    """Wherever it stands."""
    better = drawn(3, 3, apart=0.2)
    found = best_against_others([better[1], better[0], better[2]])

    assert [(c.row, c.other) for c in found] == [("r0", "r1"), ("r0", "r2")]
    assert all(c.certain for c in found)


@pytest.mark.slow
@pytest.mark.parametrize("count", [2, 5])
def test_the_best_of_equals_is_seldom_called_better(count: int) -> None:
    """In at most one of twenty runs, however many are compared."""
    wrong = sum(
        any(c.certain for c in best_against_others(drawn(seed, count)))
        for seed in range(100)
    )

    assert wrong <= 10


def test_more_that_is_compared_needs_more() -> None:
    """The bounds are those of all comparisons together."""
    many = drawn(7, 6, apart=0.02)
    few = best_against_others(many[:2])[0].difference
    among = next(
        c for c in best_against_others(many) if {c.row, c.other} == {"r0", "r1"}
    )

    assert few.low is not None
    assert few.value is not None
    assert among.difference.low is not None
    assert among.difference.value is not None
    assert abs(among.difference.value - among.difference.low) > few.value - few.low


def test_few_samples_need_more() -> None:
    """Student's t: the same draws of fewer samples have wider bounds."""
    source = np.random.default_rng(0)
    one, two = source.normal(0.5, 0.1, (2, 8))
    widths = []
    for samples in (3, 8, 100):
        (contrast,) = others_against(rows(one, two, samples=samples), 1)
        assert contrast.difference.low is not None
        assert contrast.difference.high is not None
        widths.append(contrast.difference.high - contrast.difference.low)

    assert all(wider > narrower for wider, narrower in pairwise(widths))


def test_each_other_is_compared_with_the_default() -> None:
    """A positive difference is a variant that is better than it."""
    worse, default, better = (np.linspace(0, 0.5, 20) + x for x in (-0.1, 0.0, 0.2))
    found = others_against(rows(worse, default, better), 1)

    assert [(c.row, c.certain) for c in found] == [("r0", False), ("r2", True)]
    assert found[0].difference.value == pytest.approx(-0.1)


def test_a_score_that_may_be_nothing_is_not_better_for_certain() -> None:
    """Every thirtieth resample leaves nothing of it: a small error is no proof."""
    source = np.random.default_rng(1)
    draws = source.normal(0.4, 0.1, DRAWS)
    draws[::30] = 0.0
    some = Scored(name="some", value=0.4, draws=draws, samples=60)
    none = Scored(name="none", value=0.0, draws=np.zeros(DRAWS), samples=60)
    (contrast,) = best_against_others([some, none])

    assert contrast.difference.low == 0.0
    assert not contrast.certain


def test_one_sample_tells_nothing() -> None:
    """There is no spread to compare a difference with."""
    (contrast,) = best_against_others(rows(np.array([0.9]), np.array([0.1])))

    assert contrast.certain is None
    assert contrast.difference.low is None


def test_what_is_too_short_to_tell_is_not_better() -> None:
    """A run under a load that has no interval has none beside others either."""
    best, other = drawn(1, 2, apart=0.5)
    short = replace(best, draws=np.full_like(best.draws, np.nan))

    (contrast,) = best_against_others([short, other])

    assert contrast.certain is None
    assert (contrast.difference.low, contrast.difference.high) == (None, None)


def test_rows_that_are_equal_are_not_better() -> None:
    """Nor is one whose every sample is better, if there are only three."""
    same = np.full(3, 0.5)
    assert not best_against_others(rows(same, same))[0].certain
    assert not best_against_others(rows(same + 0.1, same))[0].certain
    many = np.full(30, 0.5)
    assert best_against_others(rows(many + 0.1, many))[0].certain


def test_one_row_alone_has_nothing_to_be_compared_with() -> None:
    """Nor has a default without variants."""
    (row,) = rows(np.full(3, 0.5))
    assert len(row.draws) == DRAWS
    assert best_against_others([row]) == ()
    assert others_against([row], 0) == ()


@pytest.mark.parametrize("drift", [0.0, 0.04])
def test_what_is_more_than_drift_is_certain(drift: float) -> None:
    """The bounds are wider by as much as a score may drift between cells."""
    plain = drawn(1, 2, apart=0.1)
    (before,) = best_against_others(plain)
    (after,) = best_against_others([replace(plain[0], drift=drift), plain[1]])

    assert after.certain
    assert after.difference.value == before.difference.value
    assert after.difference.low == pytest.approx((before.difference.low or 0) - drift)
    assert after.difference.high == pytest.approx((before.difference.high or 0) + drift)


@pytest.mark.parametrize("place", [0, 1])
@pytest.mark.parametrize("same", [False, True])
def test_what_drift_explains_is_not_certain(place: int, *, same: bool) -> None:
    """Every sample says so, but all of them may say so of the minute."""
    marks = np.full(SAMPLES, 0.5) if same else np.linspace(0.2, 0.8, SAMPLES)
    pair = rows(marks + 0.01, marks)
    assert best_against_others(pair)[0].certain
    pair[place] = replace(pair[place], drift=0.02)

    (contrast,) = best_against_others(pair)

    assert not contrast.certain
