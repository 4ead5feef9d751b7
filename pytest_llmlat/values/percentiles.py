"""Nearest-rank percentiles, and the distribution of durations that they make."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import chain
from typing import TYPE_CHECKING

from pytest_llmlat.values.results import Distribution

if TYPE_CHECKING:
    from array import array
    from collections.abc import Iterable, Sequence

MEDIAN = 50
_MANY = 20_000
"""Number of values from which on numpy ranks them."""


def percentile(
    ranked: Sequence[float], percent: int, *, of: int | None = None
) -> float | None:
    """Return the nearest-rank percentile of values in ascending order.

    ``None`` below the number of values at which it differs from the maximum, since
    a p99 of twelve values would only be another name for the slowest.

    Args:
        ranked: the values that are known.
        percent: which percentile.
        of: how many there are in all; the others are larger than any known one.
    """
    count = len(ranked) if of is None else of
    rank = _rank(count, percent)
    is_maximum = rank == count
    if not count or (is_maximum and percent > MEDIAN) or rank > len(ranked):
        return None
    return ranked[rank - 1]


def fewest_for(percent: int) -> int:
    """Return from how many values on a percentile differs from the maximum."""
    return math.ceil(Fraction(100, 100 - percent))


def nearest_rank(values: Sequence[float], percent: int) -> float:
    """Return the nearest-rank percentile of at least one value, in any order.

    Of few values that is the largest: for bounds on an instrument, where the worst that
    was seen must count, and not for latencies that are reported.
    """
    return sorted(values)[_rank(len(values), percent) - 1]


def _rank(count: int, percent: int) -> int:
    return math.ceil(Fraction(percent, 100) * count)


def distribution(values: Iterable[float | None], *, censored: int = 0) -> Distribution:
    """Summarise durations; those that could not be measured are left out.

    Args:
        values: in seconds.
        censored: how many more there are of which only that they are longer is known:
            they rank above all others, and what falls among them is ``None``.
    """
    ranked = sorted([value for value in values if value is not None])
    return _ranked_distribution(ranked, math.fsum(ranked), censored)


def joined_distribution(
    parts: Sequence[array[float]], *, censored: int = 0
) -> Distribution:
    """Summarise durations that lie in several arrays, as ``distribution`` does.

    To rank millions of gaps between tokens, numpy takes a tenth of the time and of the
    memory; it is imported where there are many.

    Args:
        parts: durations in seconds.
        censored: as for ``distribution``.
    """
    if sum(map(len, parts)) < _MANY:
        return distribution(chain.from_iterable(parts), censored=censored)
    import numpy as np

    ranked = np.concatenate([np.frombuffer(part) for part in parts if part])
    ranked.sort()
    # An exact sum: it is the same in any order.
    total = math.fsum(chain.from_iterable(parts))
    # A view of its memory, whose items are plain floats.
    return _ranked_distribution(ranked.data, total, censored)


def _ranked_distribution(
    ranked: Sequence[float], total: float, censored: int
) -> Distribution:
    """Return the distribution of values in ascending order, with their sum."""
    if not ranked:
        return Distribution()
    count = len(ranked) + censored
    return Distribution(
        mean=None if censored else total / count,
        p50=percentile(ranked, 50, of=count),
        p90=percentile(ranked, 90, of=count),
        p95=percentile(ranked, 95, of=count),
        p99=percentile(ranked, 99, of=count),
    )
