"""Krippendorff's alpha: how far judges agree beyond what chance makes of their votes.

1 is agreement in everything; 0 is what votes drawn from one urn would have; below 0
judges disagree as by plan. Judges may have left items out. Source: Krippendorff,
Content Analysis (2004), ch. 11, and Computing Krippendorff's Alpha-Reliability (2011).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from pytest_llmlat.analysis.resampling import interval, resample_weights
from pytest_llmlat.values.results import Estimate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmlat.analysis.resampling import Array

Level: TypeAlias = Literal["nominal", "ordinal", "interval", "ratio"]
"""What a difference of two votes means: another name, other ranks, a distance, a
ratio."""
Votes: TypeAlias = "Sequence[Sequence[float | None]]"
"""Votes of each item, one for each judge in the same order; ``None`` for none."""
DRAWS = 2000
PAIR = 2


@dataclass(frozen=True, slots=True)
class _Coincidences:
    """Pairs of votes on one item, added up so that each vote counts once."""

    values: Array
    """(values,), each value that was voted, ascending."""
    pairs: Array
    """(items, values, values)."""

    def alpha(self, weights: Array, level: Level) -> float | None:
        """Return alpha where item i counts ``weights[i]`` times."""
        import numpy as np

        pairs = np.tensordot(weights, self.pairs, axes=1)
        counts = pairs.sum(axis=0)
        total = counts.sum()
        apart = _distances(self.values, counts, level)
        expected = float(counts @ apart @ counts)
        if total < PAIR or expected <= 0:
            return None
        observed = float((pairs * apart).sum())
        return 1 - (float(total) - 1) * observed / expected


def alpha(votes: Votes, level: Level) -> float | None:
    """Return Krippendorff's alpha of votes.

    Args:
        votes: those of each item; items with fewer than two votes tell nothing.
        level: what a difference of two votes means.

    Returns:
        ``None`` where no item has two votes, or all votes are the same: then nobody
        can tell agreement from a habit.
    """
    import numpy as np

    found = _coincidences(votes)
    return None if found is None else found.alpha(np.ones(len(found.pairs)), level)


def alpha_estimate(votes: Votes, level: Level, *, seed: str = "alpha") -> Estimate:
    """Return alpha with its 95 % interval, by a bootstrap over items.

    Resamples in which all votes are the same have no alpha and are left out.

    Args:
        votes: those of each item.
        level: what a difference of two votes means.
        seed: names the resamples.
    """
    import numpy as np

    value, pairs = alpha(votes, level), _coincidences(votes)
    if value is None or pairs is None or len(pairs.pairs) < PAIR:
        return Estimate(value=value)
    weights = resample_weights(len(pairs.pairs), seed=seed, draws=DRAWS)
    drawn = [pairs.alpha(own.astype(float), level) for own in weights]
    kept = np.array([each for each in drawn if each is not None])
    low, high = interval(kept) if len(kept) else (None, None)
    return Estimate(value=value, low=low, high=high)


def with_the_rest(votes: Votes, level: Level) -> list[float | None]:
    """Return for each judge alpha between its votes and the mean of the others'.

    A judge that is far below its colleagues is the one to look at.

    Args:
        votes: those of each item.
        level: what a difference of two votes means; of names there is no mean, and
            each judge is then held against each other vote.
    """
    judges = len(votes[0]) if votes else 0
    return [alpha(_against(votes, judge, level), level) for judge in range(judges)]


def _against(votes: Votes, judge: int, level: Level) -> list[list[float | None]]:
    found: list[list[float | None]] = []
    for item in votes:
        rest = [vote for n, vote in enumerate(item) if n != judge and vote is not None]
        if level == "nominal":
            found += [[item[judge], other] for other in rest]
        elif rest:
            found.append([item[judge], sum(rest) / len(rest)])
    return found


def _coincidences(votes: Votes) -> _Coincidences | None:
    import numpy as np

    told = [[vote for vote in item if vote is not None] for item in votes]
    told = [item for item in told if len(item) >= PAIR]
    if not told:
        return None
    values = np.unique(np.concatenate([np.asarray(item, float) for item in told]))
    counts = np.array(
        [[item.count(value) for value in values.tolist()] for item in told], float
    )
    each = counts.sum(axis=1)[:, None, None]
    # A vote makes no pair with itself.
    own = counts[:, :, None] * np.eye(len(values))
    pairs = (counts[:, :, None] * counts[:, None, :] - own) / (each - 1)
    return _Coincidences(values=values, pairs=pairs)


def _distances(values: Array, counts: Array, level: Level) -> Array:
    """Return (values, values), the squared difference of each two values."""
    import numpy as np

    if level == "nominal":
        return 1 - np.eye(len(values))
    if level == "ordinal":
        # Ranks lie apart by the votes between them, and half of their own.
        middle = np.cumsum(counts) - counts / 2
        return (middle[:, None] - middle[None, :]) ** 2
    apart = (values[:, None] - values[None, :]) ** 2
    if level == "interval":
        return apart
    both = values[:, None] + values[None, :]
    return np.divide(apart, both**2, out=np.zeros_like(apart), where=both != 0)
