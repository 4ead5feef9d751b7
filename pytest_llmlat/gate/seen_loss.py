"""The smallest loss of quality that a gate sees with a given probability."""

from __future__ import annotations

import math
from functools import cache
from statistics import NormalDist
from typing import TYPE_CHECKING

from pytest_llmlat.analysis import student_t as student
from pytest_llmlat.gate import mcnemar

if TYPE_CHECKING:
    from collections.abc import Callable

POWER = 0.8
_NORMAL = NormalDist()
_WON_AT = (0.05, 0.275, 0.5, 0.725, 0.95)
"""Quantiles of the number of won answers at which it is worked out; they stand for
equal parts of all numbers."""
_STEPS = 14


def noncentral(level: float, degrees: float) -> float:
    """Return the standard errors that a true change needs to be seen with ``POWER``.

    By the normal approximation of the noncentral t (Johnson & Welch 1940).

    Args:
        level: one-sided.
        degrees: of freedom of the standard error.
    """
    bound = -student.quantile(level, degrees)
    spread = math.sqrt(1 + bound**2 / (2 * degrees))
    return bound * (1 - 1 / (4 * degrees)) + _NORMAL.inv_cdf(POWER) * spread


def loss_of_answers(
    samples: int, *, right: float, differing: float, level: float, tolerance: float
) -> float | None:
    """Return the share of answers whose loss is seen, by McNemar's exact test.

    Args:
        samples: how many are compared.
        right: share of answers that are right.
        differing: share of answers that are right on one side only, with no loss.
        level: one-sided.
        tolerance: beyond which the interval must lie.

    Returns:
        ``None`` where not even the loss of all is seen.
    """

    @cache
    def least(won: int) -> int:
        return _least_lost(won, samples, level, tolerance)

    def power(loss: float) -> float:
        # What became wrong cannot be won either.
        won = differing / 2 * (1 - loss / right)
        chance = (won + loss) / (1 - won)
        counts = [_quantile(at, samples, won) for at in _WON_AT]
        seen = [_at_least(least(n), samples - n, chance) for n in counts]
        return sum(seen) / len(seen)

    return _smallest(power, right) if right > 0 else None


def _least_lost(won: int, samples: int, level: float, tolerance: float) -> int:
    """Return the fewest lost answers that are a regression."""
    low, high = won, samples - won + 1
    while high - low > 1:
        lost = (low + high) // 2
        told = (
            mcnemar.loss(lost, won, samples) <= level
            and _low(lost, won, samples, level) > tolerance
        )
        low, high = (low, lost) if told else (lost, high)
    return high


def _low(lost: int, won: int, samples: int, level: float) -> float:
    """Return the lower end of the gate's interval, about (Cornish & Fisher 1938)."""
    mean = (lost - won) / samples
    square = (lost + won) / samples - mean * mean
    if square <= 0:
        return mean
    skew = (mean - 3 * mean * square - mean**3) / (square * math.sqrt(square))
    bound = student.quantile(level, samples - 1)
    bent = (bound**2 - 1) * skew / (6 * math.sqrt(samples))
    return mean + (bound + bent) * math.sqrt(square / (samples - 1))


def _smallest(power: Callable[[float], float], most: float) -> float | None:
    if power(most) < POWER:
        return None
    low, high = 0.0, most
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (low, middle) if power(middle) >= POWER else (middle, high)
    return high


def _at_least(count: int, samples: int, chance: float) -> float:
    """Return the probability of at least so many of a binomial distribution."""
    if count <= 0:
        return 1.0
    if count > samples:
        return 0.0
    if chance >= 1:
        return 1.0
    return student.incomplete_beta(count, samples - count + 1, chance)


def _quantile(at: float, samples: int, chance: float) -> int:
    """Return a quantile of a binomial distribution."""
    return next(
        count
        for count in range(samples + 1)
        if 1 - _at_least(count + 1, samples, chance) >= at
    )
