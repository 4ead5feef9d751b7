"""How many samples or runs would decide, and how often they do."""

from __future__ import annotations

import math

import numpy as np  # noqa: TID253 - many measurements are drawn
import pytest

from pytest_llmlat.analysis import student_t as student
from pytest_llmlat.gate.between_runs import Spread
from pytest_llmlat.gate.changes import Change
from pytest_llmlat.gate.needed_samples import (
    ASSURANCE,
    Undecided,
    needed_in_turn,
    needed_runs,
    needed_samples,
)

LEVEL = 0.01


def undecided(
    estimate: float,
    *,
    error: float = 0.03,
    samples: int = 40,
    between: float = 0.0,
    stored: int = 0,
) -> Undecided:
    """Return a change of a latency that a tolerance of 0.05 does not decide."""
    source = np.random.default_rng(1)
    change = Change(
        quantity="e2e",
        samples=samples,
        baseline=1.0,
        candidate=1.0,
        estimate=estimate,
        error=error,
        p=student.cdf(-estimate / error, samples - 1),
        draws=estimate + error * source.normal(size=10_000),
        slope=1.0,
    )
    if between:
        change = change.across_runs(Spread(between, 6), beyond=0.05)
    low, high = change.interval(2 * LEVEL)
    return Undecided(
        change=change, low=low, high=high, tolerance=0.05, level=LEVEL, stored=stored
    )


@pytest.mark.parametrize("estimate", [0.0, 0.03, 0.06, 0.1])
def test_so_many_samples_decide_in_four_cases_of_five(estimate: float) -> None:
    """Over all true changes that the estimate leaves open."""
    case = undecided(estimate)
    needed = needed_samples(case)
    assert needed is not None
    assert needed.enough is not None

    source = np.random.default_rng(2)
    true = source.normal(estimate, 0.03, 40_000)
    error = 0.03 * math.sqrt(40 / needed.enough)
    again = source.normal(true, error)
    reach = -student.quantile(LEVEL, needed.enough - 1) * error
    decided = (np.abs(again - 0.05) > reach).mean()

    assert decided == pytest.approx(ASSURANCE, abs=0.03)
    assert needed.fewest < needed.enough


def test_in_turn_so_many_samples_decide_where_no_runs_do() -> None:
    """Then runs differ in nothing, and each side is asked twice."""
    case = undecided(0.09, between=0.03**2, stored=3)
    count = needed_in_turn(case)
    assert needed_runs(case) is None
    assert count is not None

    # One request varies by this much; the present error is of 1 + 1/3 of them.
    noise = 0.03 * math.sqrt(40 / (1 + 1 / 3))
    source = np.random.default_rng(2)
    true = source.normal(0.09, noise / math.sqrt(40), 40_000)
    error = noise / math.sqrt(count)
    again = source.normal(true, error)
    reach = -student.quantile(LEVEL, count - 1) * error

    assert (np.abs(again - 0.05) > reach).mean() == pytest.approx(ASSURANCE, abs=0.03)


def test_a_change_near_the_tolerance_takes_more() -> None:
    """In both directions."""
    numbers = [needed_samples(undecided(e)) for e in (0.045, 0.02, -0.01)]

    fewest = [each.fewest for each in numbers if each]
    assert fewest == sorted(fewest, reverse=True)
    assert len(set(fewest)) == 3


def test_more_runs_than_there_can_be_decide_nothing() -> None:
    """A new run differs from the mean of all stored ones, however many these are."""
    near = undecided(0.05, error=0.01, between=0.0004, stored=3)
    far = undecided(0.10, error=0.01, between=0.0002, stored=2)

    assert needed_runs(near) is None
    found = needed_runs(far)
    assert found is not None
    assert found.fewest >= 1


def test_runs_that_hardly_decide_are_told_as_half_a_promise() -> None:
    """With what is enough for every second time, and no number that is nearly sure."""
    found = needed_runs(undecided(0.12, error=0.025, between=0.0016, stored=1))

    assert found is not None
    assert found.enough is None or found.enough >= found.fewest
