"""McNemar's test, exact: did answers that were right become wrong ones?

The test asks whether, of the pairs that differ, more were lost than won. Given how many
differ, each is the toss of a coin: the conditional form, which needs more pairs than
the question does, because few tosses have few outcomes. The unconditional form (Suissa
& Shuster 1991; recommended by Fagerland, Lydersen & Laake 2013) keeps the level just as
exactly: it takes the worst case over how likely a pair is to differ.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_llmlat.analysis.resampling import Array, Integers

MOST_EXACT = 1000
"""Number of pairs up to which all outcomes are gone through; of more, the conditional
form is about as good, in its normal limit with the correction for continuity."""
_FEW = 250
"""Number of pairs up to which a small table of tosses does."""
_SURE = 1 - 1e-15
_GRID = 400
"""Number of chances to differ among which the worst case is sought."""


@lru_cache(maxsize=4096)
def loss(lost: int, won: int, pairs: int) -> float:
    """Return the one-sided p of right answers that became wrong ones.

    Args:
        lost: pairs that were right and are wrong.
        won: pairs that were wrong and are right.
        pairs: all of them, those that agree included.

    Raises:
        ValueError: more differ than there are.
    """
    differing = lost + won
    if differing > pairs or min(lost, won) < 0:
        raise ValueError(f"{lost} lost and {won} won of {pairs}")
    if lost <= won:
        # Half of all outcomes are at least as bad, or more.
        return 1.0
    if pairs > MOST_EXACT:
        return math.erfc((lost - won - 1) / math.sqrt(2 * differing)) / 2
    import numpy as np

    counts = np.arange(1, pairs + 1)
    tails = _tosses(MOST_EXACT if pairs > _FEW else _FEW)[
        counts, _needed(lost, won, counts)
    ]
    return float(min(1.0, (_chances(pairs) @ tails).max()))


def _needed(lost: int, won: int, counts: Integers) -> Integers:
    """Return how many of each number that differ must be lost to be as bad as this."""
    import numpy as np

    # In whole numbers, for outcomes that are just as bad must not be missed:
    # b - c >= |lost - won| * sqrt(count / differing), and b + c = count.
    square = (lost - won) ** 2
    apart = np.array(
        [
            math.isqrt((square * int(count) - 1) // (lost + won)) + 1
            for count in counts.tolist()
        ]
    )
    needed: Integers = (counts + apart + 1) // 2
    return needed


@lru_cache(maxsize=2)
def _tosses(most: int) -> Array:
    """Return P(at least k of n tosses are heads) at [n, k], for n up to ``most``."""
    import numpy as np

    n, k = np.arange(most + 1)[:, None], np.arange(most + 2)[None, :]
    ways = _log_factorials(most)
    inside = k <= n
    rest = np.where(inside, n - k, 0)
    logs = ways[n] - ways[np.where(inside, k, 0)] - ways[rest] - n * math.log(2)
    chances = np.exp(np.where(inside, logs, -math.inf))
    return np.flip(np.cumsum(np.flip(chances, 1), 1), 1)


@lru_cache(maxsize=8)
def _chances(pairs: int) -> Array:
    """Return P(so many of ``pairs`` differ), by the chance of one to: (grid, pairs)."""
    import numpy as np

    # Dense where few differ or nearly all do: there the worst case is narrow.
    chance = np.sin(np.arange(1, _GRID + 1) * math.pi / 2 / _GRID)[:, None] ** 2
    counts = np.arange(1, pairs + 1)[None, :]
    ways = _log_factorials(pairs)
    logs = ways[pairs] - ways[counts] - ways[pairs - counts]
    never = (pairs - counts) * np.log1p(-np.minimum(chance, _SURE))
    chances: Array = np.exp(logs + counts * np.log(chance) + never)
    return chances


def _log_factorials(most: int) -> Array:
    import numpy as np

    return np.array([math.lgamma(k + 1) for k in range(most + 1)])
