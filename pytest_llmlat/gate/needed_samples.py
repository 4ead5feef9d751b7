"""The number of samples or stored runs that would decide what is undecided.

The true change is known by its estimate and how sure that is. So the answer is not the
number that decides if the estimate is the truth, which it seldom is, but the one with
which a new measurement decides with a given probability, over all changes that the
estimate leaves open (assurance: O'Hagan, Stevens & Campbell 2005, Pharmaceutical
Statistics 4(3)). It is told for one half and for ``ASSURANCE``, as a range.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import TYPE_CHECKING

from pytest_llmlat.gate.between_runs import NOTHING, Spread, expected, summed

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmlat.gate.changes import Change

ASSURANCE, HALF = 0.8, 0.5
MOST_RUNS = 30
_MOST_SAMPLES = 10**9
_NORMAL = NormalDist()
_CERTAIN = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class Needed:
    """A number of samples or runs with which a new measurement would decide."""

    fewest: int
    """Number that decides in half of the cases."""
    enough: int | None
    """Number that decides in four of five; ``None`` if no number does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Undecided:
    """A change that is neither certainly tolerable nor certainly not."""

    change: Change
    low: float
    high: float
    """Upper end of its interval."""
    tolerance: float
    """Tolerance, on the scale of the change."""
    level: float
    """Level of each bound and of its p-value, one-sided."""
    stored: int = 0
    """Number of stored runs beside it; 0 where both sides were measured in turn."""
    looks: float = 1.0
    """Rounds of the candidate for each one of a stored run."""


def needed_samples(case: Undecided) -> Needed | None:
    """Return how many samples would decide; ``None`` where that cannot be told."""
    change = case.change
    if change.equal:
        return _of_equal(case)
    bounds = _ToDecide(case)

    def decides(count: float) -> float:
        share = math.sqrt(change.samples / count)
        grown = _t(case.level, count - 1) / _t(case.level, change.samples - 1)
        return bounds.decide(bounds.spread * share, grown)

    fewest = _least(decides, HALF, change.samples + 1)
    if fewest is None:
        return None
    return Needed(fewest=fewest, enough=_least(decides, ASSURANCE, fewest))


def needed_runs(case: Undecided) -> Needed | None:
    """Return how many more stored runs would decide; ``None`` if none would."""
    change, stored = case.change, case.stored
    # One run alone tells nothing of how runs differ, and a bound on that is no guess.
    known = _beside(change, stored, 0) if stored == 1 else change.total
    bounds = _ToDecide(case)
    outer = _t(case.level, change.total.degrees)

    def decides(more: float) -> float:
        there = _beside(change, stored, round(more))
        grown = _t(case.level, there.degrees) / outer
        spread = math.sqrt(there.variance)
        return bounds.decide(spread, grown, math.sqrt(known.variance))

    fewest = _first(decides, HALF, 1)
    if fewest is None:
        return None
    return Needed(fewest=fewest, enough=_first(decides, ASSURANCE, fewest))


def needed_in_turn(case: Undecided) -> int | None:
    """Return how many samples would decide if both sides were measured in turn.

    Then no runs differ, and each sample is asked twice of each side.
    """
    change = case.change
    # Of two answers on each side, in place of the looks and the stored runs.
    scale = 1 / math.sqrt(1 / case.looks + 1 / case.stored)
    error = change.error * scale
    alone = replace(
        change,
        error=error,
        draws=change.estimate + scale * (change.draws - change.estimate),
        between=NOTHING,
        p=_NORMAL.cdf(-change.estimate / error) if error else change.p,
    )
    low, high = alone.interval(2 * case.level)
    found = needed_samples(replace(case, change=alone, low=low, high=high))
    return None if found is None else found.enough


def _beside(change: Change, stored: int, more: int) -> Spread:
    """Return the variance of the change with more stored runs."""
    between = expected(change.between, stored, more)
    if stored == 1:
        between = replace(between, variance=between.variance * change.slope**2)
    fewer = (1 + 1 / (stored + more)) / (1 + 1 / stored)
    return summed([Spread(change.error**2 * fewer, change.samples - 1), between])


class _ToDecide:
    """The distance of a change from being decided, in its standard errors."""

    def __init__(self, case: Undecided) -> None:
        change = case.change
        self.spread = math.sqrt(change.total.variance)
        self._room = change.estimate - case.tolerance
        self._below = (change.estimate - case.low) / self.spread
        self._above = (case.high - change.estimate) / self.spread
        # A p-value has a standard error of its own, which may be larger.
        told = -_normal(change.p)
        known = told > 0 and change.estimate > 0
        self._wide = change.estimate / told if known else self.spread
        self._sure = -_normal(case.level)
        self._estimate = change.estimate
        self._tested = not change.between.variance

    def decide(self, spread: float, grown: float, known: float | None = None) -> float:
        """Return the probability that a new measurement decides.

        Args:
            spread: its standard error.
            grown: by what its t is larger than that of this one.
            known: how sure the present estimate is; by default as it is.
        """
        known = self.spread if known is None else known
        over = math.hypot(known, spread)
        worse = (self._room - self._below * grown * spread) / over
        if self._tested:
            error = self._wide * spread / self.spread
            worse = min(worse, (self._estimate - self._sure * error) / over)
        fine = (-self._room - self._above * grown * spread) / over
        return _NORMAL.cdf(worse) + _NORMAL.cdf(fine)


def _least(decides: Callable[[float], float], wanted: float, start: int) -> int | None:
    """Return the least number from ``start`` that decides so often, or none."""
    low, high = start, start
    while decides(high) < wanted:
        low, high = high, 2 * high
        if high > _MOST_SAMPLES:
            return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if decides(middle) >= wanted else (middle, high)
    return high


def _first(decides: Callable[[float], float], wanted: float, start: int) -> int | None:
    return next((n for n in range(start, MOST_RUNS + 1) if decides(n) >= wanted), None)


def _of_equal(case: Undecided) -> Needed | None:
    """Return the number where nothing varies: the interval shrinks as it grows."""
    change, reach = case.change, case.high - case.change.estimate
    room = case.tolerance - change.estimate
    if not (0 < room < 1 and 0 < reach < 1):
        return None
    count = math.ceil(change.samples * math.log1p(-reach) / math.log1p(-room))
    count = max(change.samples + 1, count)
    return Needed(fewest=count, enough=count)


def _t(level: float, degrees: float) -> float:
    """Return how far t reaches at a one-sided level, about (Fisher & Cornish 1960)."""
    z = -_normal(level)
    near = (z**3 + z) / (4 * degrees)
    return z + near + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * degrees**2)


def _normal(p: float) -> float:
    return _NORMAL.inv_cdf(min(1 - _CERTAIN, max(_CERTAIN, p)))
