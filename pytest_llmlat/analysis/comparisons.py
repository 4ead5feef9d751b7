"""Whether one row is better than others, told for all of them at once.

Rows of one run answered the same samples and are resampled in step, so the draws of
two rows may be subtracted: what makes a sample hard for both cancels out. Whoever picks
the best of many and compares it with the rest has compared them all; the bounds hold
for all comparisons together (max-t over the resamples, as in Romano & Wolf 2005),
expanded for small samples by Student's t.

Resampling knows what one sample differs from another, and nothing of what a whole cell
has in common: the minute in which it was measured. So the bounds are wider by as much
as times alone may move a score from one cell to the next (``score.DRIFT``).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations
from statistics import NormalDist
from typing import TYPE_CHECKING

from pytest_llmlat.analysis import student_t as student
from pytest_llmlat.analysis.resampling import CONFIDENCE
from pytest_llmlat.values.results import Contrast, Estimate

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_llmlat.analysis.resampling import Array

_NORMAL = NormalDist()
_ROUNDING = 1e-9
"""A smaller standard error is rounding."""
_FEWEST = 2
_ALMOST_SURE = 1 - 1e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """A row of the scoreboard, as far as it can be compared."""

    name: str
    value: float
    """The balanced score."""
    draws: Array
    """(draws,) of it, in step with the other rows'."""
    samples: int
    """Of its smallest cell."""
    drift: float = 0.0
    """How much less it would be at another minute, with nothing changed."""


def best_against_others(rows: Sequence[Scored]) -> tuple[Contrast, ...]:
    """Compare the best row with each other one.

    Intervals are widened for all pairs of rows, not for those of the best alone:
    which row is the best is read off the same figures.
    """
    if len(rows) < _FEWEST:
        return ()
    best = max(range(len(rows)), key=lambda place: rows[place].value)
    pairs = list(combinations(range(len(rows)), 2))
    # The best comes first in its pairs, so that a difference is how much better it is.
    pairs = [(best, a + b - best) if best in (a, b) else (a, b) for a, b in pairs]
    found = _contrasts(rows, pairs)
    return tuple(
        contrast for contrast, pair in zip(found, pairs, strict=True) if pair[0] == best
    )


def others_against(rows: Sequence[Scored], place: int) -> tuple[Contrast, ...]:
    """Compare each other row with the one at ``place``, such as the default."""
    others = [number for number in range(len(rows)) if number != place]
    return tuple(_contrasts(rows, [(number, place) for number in others]))


def _contrasts(
    rows: Sequence[Scored], pairs: Sequence[tuple[int, int]]
) -> Iterable[Contrast]:
    """Compare both rows of each pair, with intervals that hold for all at once."""
    import numpy as np

    if not pairs:
        return []
    drawn = np.stack([rows[a].draws - rows[b].draws for a, b in pairs], axis=1)
    spread = drawn.std(axis=0)
    told = spread > _ROUNDING
    widest = np.abs(drawn - drawn.mean(axis=0))[:, told] / spread[told]
    reach = float(np.quantile(widest.max(axis=1), CONFIDENCE)) if told.any() else 0.0
    return [
        _contrast(rows[a], rows[b], draws, reach=reach, among=len(pairs))
        for (a, b), draws in zip(pairs, drawn.T, strict=True)
    ]


def _contrast(
    row: Scored, other: Scored, draws: Array, *, reach: float, among: int
) -> Contrast:
    import numpy as np

    samples = min(row.samples, other.samples)
    drift = max(row.drift, other.drift)
    estimate, error = row.value - other.value, float(draws.std())
    told = Estimate(value=estimate)
    certain: bool | None = None
    if math.isnan(error):
        return Contrast(row=row.name, other=other.name, difference=told, certain=None)
    if samples >= _FEWEST and error > _ROUNDING:
        within = min(_NORMAL.cdf(reach), _ALMOST_SURE)
        # A bootstrap's spread is too small by the square root of (n - 1)/n.
        bound = student.quantile(within, samples - 1) * error
        bound *= math.sqrt(samples / (samples - 1))
        # A score ends at 0, and near there its resamples lie to one side.
        low, high = map(float, np.quantile(draws, [1 - within, within]))
        low = min(low, estimate - bound) - drift
        high = max(high, estimate + bound) + drift
        # Two scores between 0 and 1 are no further apart than that.
        told = Estimate(value=estimate, low=max(-1.0, low), high=min(1.0, high))
        certain = low > 0
    elif samples >= _FEWEST:
        # All samples agree: each may as well have gone the other way.
        chance = 2 * 0.5**samples
        certain = estimate - drift > _ROUNDING and chance * among <= 1 - CONFIDENCE
    return Contrast(row=row.name, other=other.name, difference=told, certain=certain)
