"""Bias of a score that is made of few items.

The root of a share that varies is less than the root of its mean, and what falls below
guessing is cut off at 0. Both are no error of one run but of the score itself, and
vanish with more items. Their size follows from what was seen: as many items again,
right as often, come to such scores on average (the parametric bootstrap, summed up and
not drawn). Without a right answer nothing follows.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pytest_llmlat.analysis import score

if TYPE_CHECKING:
    from pytest_llmlat.analysis.cell_estimates import CellEstimates
    from pytest_llmlat.values.balance import Balance

LEAST_BIAS = 0.05
"""Bias of the score below which it is not told."""
_MANY = 2000
"""Number of items from which on there is no bias to tell."""


def score_bias(found: CellEstimates, balance: Balance) -> float | None:
    """Return about how much too high the balanced score is on average.

    Args:
        found: of a cell.
        balance: which mean is called balanced.

    Returns:
        Points of the score, negative for too low; ``None`` where all or none are right
        and so nothing is known.
    """
    share, chance, speed = found.value.value, found.chance.value, found.speed.value
    count, cost = _effective(found), found.cost_score
    if count is None or found.lacks(balance):
        return None
    if count >= _MANY:
        return 0.0
    mean = math.fsum(
        math.exp(_log_chance(right, count, share))
        * score.balance(
            score.normalize(right / count, chance), speed, balance, cost=cost
        )
        for right in range(count + 1)
    )
    true = score.balance(score.normalize(share, chance), speed, balance, cost=cost)
    return float(mean - true)


def _effective(found: CellEstimates) -> int | None:
    """Return the number of coin tosses that vary as much as the quality does."""
    share, influence = found.value.value, found.value.influence
    # The variance of what was seen, so that right and wrong are as many as there are.
    variance = float(influence @ influence)
    if not 0 < share < 1 or variance <= 0:
        return None
    return max(1, min(_MANY, round(share * (1 - share) / variance)))


def _log_chance(right: int, count: int, share: float) -> float:
    ways = math.lgamma(count + 1) - math.lgamma(right + 1)
    ways -= math.lgamma(count - right + 1)
    return ways + right * math.log(share) + (count - right) * math.log(1 - share)
