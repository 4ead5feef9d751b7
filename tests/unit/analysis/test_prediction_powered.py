"""Judged quality that a few labels make honest: the estimate, and its edges."""

from __future__ import annotations

import math
from statistics import fmean, variance
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmlat.analysis.prediction_powered import (
    FEWEST_LABELS,
    judged_items,
    judged_mean,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

TRUTH = [float(n % 3 != 0) for n in range(120)]
EVERY_FIFTH: list[float | None] = [
    truth if n % 5 == 0 else None for n, truth in enumerate(TRUTH)
]


def test_it_is_the_formula_of_the_paper() -> None:
    """Mean, variance and λ, written out with the standard library."""
    judged = [1.2 * truth + 0.1 * (n % 2) for n, truth in enumerate(TRUTH)]

    found = judged_mean(judged, EVERY_FIFTH)

    said = [label for label in EVERY_FIFTH if label is not None]
    there = [judged[n] for n, label in enumerate(EVERY_FIFTH) if label is not None]
    rest = [judged[n] for n, label in enumerate(EVERY_FIFTH) if label is None]
    together = covariance(said, there)
    trust = together / (variance(judged) * (1 + len(said) / len(rest)))
    left = [label - trust * figure for label, figure in zip(said, there, strict=True)]
    assert found is not None
    assert found.trust == pytest.approx(trust)
    assert found.estimate.value == pytest.approx(trust * fmean(rest) + fmean(left))
    error = variance(left) / len(left) + trust**2 * variance(rest) / len(rest)
    assert found.error == pytest.approx(math.sqrt(error))
    assert (found.labels, found.items) == (24, 120)


def covariance(first: Sequence[float], second: Sequence[float]) -> float:
    """Return the covariance of two columns."""
    middle = fmean(first), fmean(second)
    both = zip(first, second, strict=True)
    return sum((a - middle[0]) * (b - middle[1]) for a, b in both) / (len(first) - 1)


def test_a_judge_that_is_too_kind_is_corrected() -> None:
    """Three points of ten that people do not give are taken away again."""
    judged = [min(1.0, truth + 0.3) for truth in TRUTH]

    found = judged_mean(judged, EVERY_FIFTH)

    assert found is not None
    assert found.estimate.value == pytest.approx(fmean(TRUTH), abs=0.02)


def test_a_judge_that_knows_nothing_adds_nothing() -> None:
    """What is left is the mean of the labels."""
    found = judged_mean([0.7] * len(TRUTH), EVERY_FIFTH)

    said = [label for label in EVERY_FIFTH if label is not None]
    assert found is not None
    assert found.trust == 0
    assert found.estimate.value == pytest.approx(fmean(said))


def test_a_judge_is_not_used_backwards() -> None:
    """One that is against people is left out, not turned round."""
    found = judged_mean([1 - truth for truth in TRUTH], EVERY_FIFTH)

    assert found is not None
    assert found.trust == 0


def test_too_few_labels_are_no_estimate() -> None:
    """Nine of them tell nothing that could be trusted."""
    labels: list[float | None] = [None] * len(TRUTH)
    labels[: FEWEST_LABELS - 1] = [1.0, 0.0] * 4 + [1.0]

    assert judged_mean(TRUTH, labels) is None


@pytest.mark.parametrize("same", [0.0, 1.0])
def test_labels_that_are_all_alike_have_an_interval(same: float) -> None:
    """Twenty of twenty right is no certainty."""
    labels: list[float | None] = [same] * 20 + [None] * 80

    found = judged_mean([same] * 100, labels)

    assert found is not None
    low, high = found.estimate.low, found.estimate.high
    assert low is not None
    assert high is not None
    assert 0 <= low <= same <= high <= 1
    assert high - low > 0.1


def test_every_item_may_have_a_label() -> None:
    """Then nothing is left to the judges."""
    found = judged_mean([1 - truth for truth in TRUTH], TRUTH)

    assert found is not None
    assert found.trust == 0
    assert found.estimate.value == pytest.approx(fmean(TRUTH))


def test_values_of_items_tell_the_estimate_and_its_error() -> None:
    """Their mean is it, and their spread is how sure it is."""
    judged = [min(1.0, 0.8 * truth + 0.3 * (n % 2)) for n, truth in enumerate(TRUTH)]

    found = judged_items(judged, EVERY_FIFTH, [True] * len(TRUTH))
    mean = judged_mean(judged, EVERY_FIFTH)

    assert found is not None
    assert mean is not None
    assert found.mean.estimate == mean.estimate
    assert fmean(found.values) == pytest.approx(mean.estimate.value)
    spread = variance(found.values.tolist()) / len(TRUTH)
    assert math.sqrt(spread) == pytest.approx(mean.error, rel=0.05)


def test_answers_that_broke_are_worth_nothing_without_a_label() -> None:
    """Labels of the others do not flatter a model that answers half of the time."""
    answered = [n % 2 == 0 for n in range(len(TRUTH))]
    both = zip(EVERY_FIFTH, answered, strict=True)
    labels = [label if there else None for label, there in both]
    judged = [0.5 * there for there in answered]
    whole = judged_mean([0.5] * 60, labels[::2])

    found = judged_items(judged, labels, answered)

    assert found is not None
    assert whole is not None
    assert whole.estimate.value is not None
    assert found.mean.estimate.value == pytest.approx(whole.estimate.value / 2)
    assert found.mean.items == len(TRUTH)


@given(
    st.lists(
        st.tuples(st.floats(0, 1), st.none() | st.sampled_from([0.0, 0.5, 1.0])),
        min_size=FEWEST_LABELS,
        max_size=60,
    )
)
def test_the_interval_holds_its_value_and_stays_on_the_scale(
    items: list[tuple[float, float | None]],
) -> None:
    """Whatever judges and people said."""
    judged, labels = zip(*items, strict=True)

    found = judged_mean(judged, labels)

    if found is None:
        assert sum(label is not None for label in labels) < FEWEST_LABELS
        return
    value, low, high = found.estimate.value, found.estimate.low, found.estimate.high
    assert value is not None
    assert 0 <= value <= 1
    assert 0 <= found.trust <= 1
    if low is not None and high is not None:
        assert 0 <= low <= value + 1e-9
        assert value - 1e-9 <= high <= 1
