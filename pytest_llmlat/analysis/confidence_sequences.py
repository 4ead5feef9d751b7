"""Confidence sequences: intervals that hold at every look, not at one fixed number.

An interval that is made for one number of values may not be used by a reader who looks
after each value and stops at a result: with enough looks it excludes the truth for
certain. A confidence sequence of level alpha holds the truth at all looks at once with
probability 1 - alpha, so that measuring may stop at any time (Darling & Robbins 1967;
Howard, Ramdas, McAuliffe & Sekhon 2021, Annals of Statistics 49(2)). Both kinds here
bet against each value of the mean: the evidence is the wealth of a gambler who began
with 1, and by Ville's inequality it ever reaches 1 / alpha with probability alpha at
most. Both are the same whatever the order of the values, so they can be computed again
from the records of a run.

- ``BoundedMean``: of values between two bounds, with nothing else assumed (betting,
  Waudby-Smith & Ramdas 2023, JRSS-B 86(1); bets are mixed over a grid).
- ``NormalMean``: of values without bounds, of unknown variance, such as the logs of
  ratios (t-test with a half-normal mixture of effects: Lai 1976, Annals of Statistics
  4(2); Wang & Ramdas 2025). It holds exactly for normal values. In pairs whose order a
  coin decides, a disturbance of the machine is as likely to have either sign, and
  Student's ratio of such values has no longer tails than of normal ones (Efron 1969,
  JASA 64); ``tests/perf/until.py`` tries heavy tails, drift and autocorrelation.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from statistics import fmean
from typing import TYPE_CHECKING, Protocol

from pytest_llmlat.analysis import student_t as student
from pytest_llmlat.analysis.planned_looks import log_share

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmlat.analysis.resampling import Array

_PRIOR = 2.0
"""Number of values that the prior of an effect is worth: effects near 0.7 standard
deviations of a pair are found soonest, others a little later."""
_BETS = tuple(2 ** (-k / 2) for k in range(12))
"""Shares of the wealth that are bet, from all of it to about a fiftieth. The first has
as much weight as the others together: it is the best bet where values hardly vary."""
_NOTHING = 1e-290
_HALVINGS = 40
_FARTHEST = 1e4
"""Distance, in spreads of the values, beyond which every mean is excluded."""


class ConfidenceSequence(Protocol):
    """Knowledge of a mean that holds however it was decided to stop."""

    def interval(self, alpha: float) -> tuple[float, float]:
        """Return the interval at 1 - ``alpha``; each side fails with half of that."""
        ...

    def p_above(self, null: float) -> float:
        """Return the p-value of a mean of at most ``null``, valid at every look."""
        ...


@dataclass(frozen=True, slots=True)
class NormalMean:
    """The mean of values without bounds, by their number, mean and sum of squares."""

    count: int
    mean: float
    squares: float
    """Sum of the squared distances from the mean."""
    planned: int | None = None
    """Number of values with the last look, where that was fixed before: then less is
    enough to tell a mean above a value (``planned_looks``). Not so below one, which
    would call a change tolerable sooner: the tails of skewed values are longer there.
    """

    @classmethod
    def of(cls, values: list[float], *, planned: int | None = None) -> NormalMean:
        """Return what is known of the mean of some values, at least one."""
        mean = fmean(values)
        squares = math.fsum((value - mean) ** 2 for value in values)
        return cls(len(values), mean, squares, planned)

    def interval(self, alpha: float) -> tuple[float, float]:
        """Return the interval at 1 - ``alpha``; each side fails with half of that."""
        wanted = math.log(2 / alpha)
        spread = math.sqrt(self.squares) or abs(self.mean) or 1.0
        # Nothing excludes more than this many values can, be they as equal as they may.
        far = spread * _FARTHEST
        reach, below = (
            _crossing(evidence, wanted, far) if evidence(far) >= wanted else math.inf
            for evidence in (self._log_wealth, self._log_evidence)
        )
        return self.mean - below, self.mean + reach

    def p_above(self, null: float) -> float:
        """Return the p-value of a mean of at most ``null``, valid at every look."""
        return math.exp(-max(0.0, self._log_evidence(self.mean - null)))

    def log_wealth(self, null: float) -> float:
        """Return the log wealth of a gambler who bet on a mean above ``null``."""
        return self._log_wealth(self.mean - null)

    def _log_evidence(self, distance: float) -> float:
        """Return the log of 1 / p of a null so far below the mean, at all looks."""
        wealth = self._log_wealth(distance)
        if self.planned is None:
            return wealth
        return wealth - log_share(max(self.planned, self.count), wealth)

    def _log_wealth(self, distance: float) -> float:
        """Return the log of the wealth, by the distance of the mean from the null."""
        count, squares = self.count, self.squares
        share = _PRIOR / (count + _PRIOR)
        between = count * distance**2
        if squares + share * between < _NOTHING:
            return 0.0
        # Of N(m, v) with 1/v of v and effects of N(0, 1/_PRIOR), in closed form.
        log_factor = (
            math.log(share)
            + count
            * (math.log(squares + between) - math.log(squares + share * between))
        ) / 2
        shift = count * distance / (count + _PRIOR)
        scale = math.sqrt((squares + share * between) / (count * (count + _PRIOR)))
        # Twice, since only effects of one sign are bet on.
        return log_factor + math.log(max(2 * student.cdf(shift / scale, count), 1e-300))


@dataclass(frozen=True)
class BoundedMean:
    """The mean of values that lie between two bounds."""

    values: tuple[float, ...]
    least: float = 0.0
    most: float = 1.0

    def interval(self, alpha: float) -> tuple[float, float]:
        """Return the interval at 1 - ``alpha``; each side fails with half of that."""
        wanted = math.log(2 / alpha)
        low = self._bound(wanted, self._counted)
        high = 1 - self._bound(wanted, [(1 - value, n) for value, n in self._counted])
        width = self.most - self.least
        return self.least + width * low, self.least + width * high

    def p_above(self, null: float) -> float:
        """Return the p-value of a mean of at most ``null``, valid at every look."""
        return math.exp(-max(0.0, self.log_wealth(null)))

    def log_wealth(self, null: float) -> float:
        """Return the log wealth of a gambler who bet on a mean above ``null``.

        Infinite where that is no mean of such values, unless all of them are there.
        """
        against = (null - self.least) / (self.most - self.least)
        if against <= 0:
            return math.inf if self._counted[-1][0] > 0 or against < 0 else 0.0
        return _log_wealth(self._counted, against)

    @cached_property
    def _counted(self) -> list[tuple[float, int]]:
        """Distinct values, scaled to 0 ... 1, and how often each occurs."""
        width = self.most - self.least
        scaled = ((value - self.least) / width for value in self.values)
        return sorted(Counter(min(1.0, max(0.0, value)) for value in scaled).items())

    @staticmethod
    def _bound(wanted: float, counted: list[tuple[float, int]]) -> float:
        """Return the share up to which every mean is excluded."""
        middle = sum(value * n for value, n in counted) / sum(n for _, n in counted)
        if middle <= 0:
            return 0.0

        def wealth(below: float) -> float:
            return _log_wealth(counted, middle - below)

        return middle - _crossing(wealth, wanted, middle * (1 - 1e-9))


def _log_wealth(counted: list[tuple[float, int]], against: float) -> float:
    """Return the log of the wealth after bets on a mean of more than ``against``.

    Each bet puts a share of the wealth on a value being larger; a mixture of bets is
    one too. It falls with ``against``, whatever the values.
    """
    import numpy as np

    gains: Array = np.array([value for value, _ in counted]) / against - 1
    times = np.array([n for _, n in counted])
    bets = np.array(_BETS)[:, None]
    with np.errstate(divide="ignore"):
        logs = np.log1p(np.maximum(bets * gains, -1.0)) @ times
    most = float(logs.max())
    if most == -math.inf:
        return most
    own = np.exp(logs - most)
    return most + math.log(float(own[0] + own[1:].mean()) / 2)


def _crossing(rising: Callable[[float], float], wanted: float, far: float) -> float:
    """Return the point up to which a rising function stays below what is wanted."""
    near = 0.0
    for _ in range(_HALVINGS):
        middle = (near + far) / 2
        if rising(middle) < wanted:
            near = middle
        else:
            far = middle
    return far
