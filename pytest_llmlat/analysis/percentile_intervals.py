"""95 % intervals of percentiles, from ranks, for any distribution.

How many of so many values lie below a percentile is binomial, which makes two of them
an interval; between ranks lie fractional ones (Hutson 1999), so that it is no wider
than it must be. Values of one unit are alike, such as the gaps of one answer: then
there are effectively as many as the variance of the share below tells (Woodruff 1952).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pytest_llmlat.analysis import student_t as student
from pytest_llmlat.analysis.resampling import CONFIDENCE
from pytest_llmlat.values.percentiles import percentile

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_TAIL = (1 - CONFIDENCE) / 2
_SURE = 1.959963984540054
_FEWEST = 2
_HALVINGS = 50
_ROUNDING = 1e-6


def percentile_interval(
    units: Sequence[Sequence[float]],
    percent: int,
    *,
    shared: Callable[[float], float] = lambda _: 0.0,
) -> tuple[float, float] | None:
    """Return the interval of a percentile of durations.

    Args:
        units: the values of each unit, which are alike; infinite where they were cut
            off.
        percent: which percentile.
        shared: of a duration, to how much more the share of those up to it varies than
            by what differs between units: under a load neighbours are alike too.

    Returns:
        ``None`` where there is no such percentile or only one unit. An end that so few
        values cannot tell is 0 or infinite.
    """
    ranked = sorted(value for own in units for value in own)
    point = percentile(ranked, percent)
    if point is None or len(units) < _FEWEST:
        return None
    share, count = percent / 100, len(ranked)
    effective = _effective(units, point, share, shared(point))
    # Where the longest one is all that there is above, it may be beyond that end more
    # often, if it is beyond the other one as much less often.
    beyond = min(2 * _TAIL, max(_TAIL, share**effective))
    low = _rank(effective, share, 1 - (2 * _TAIL - beyond))
    high = _rank(effective, share, beyond)
    scale = (count + 1) / (effective + 1)
    return _at(ranked, low * scale), _at(ranked, high * scale)


def _effective(
    units: Sequence[Sequence[float]], point: float, share: float, shared: float
) -> float:
    """Return the number of independent values that tell the share as well."""
    count = sum(map(len, units))
    if count == len(units):
        return 1 / (1 / count + shared / (share * (1 - share)))
    below = [sum(value <= point for value in own) for own in units]
    found = sum(below) / count
    squares = sum(
        (b - found * len(own)) ** 2 for b, own in zip(below, units, strict=True)
    )
    variance = len(units) / (len(units) - 1) * squares / count**2
    reach = student.quantile(1 - _TAIL, len(units) - 1)
    variance = variance * (reach / _SURE) ** 2 + shared
    return min(count, share * (1 - share) / variance) if variance > 0 else count


def _rank(count: float, share: float, sureness: float) -> float:
    """Return the fractional rank that a percentile lies above with a confidence.

    What share of all lies below the value of rank r of n has the distribution
    Beta(r, n - r + 1).
    """
    low, high = 0.0, count + 1
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if student.incomplete_beta(middle, count - middle + 1, share) > sureness:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _at(ranked: Sequence[float], rank: float) -> float:
    """Return the value of a fractional rank; beyond the ends nothing is known."""
    if rank < 1 - _ROUNDING:
        return 0.0
    if rank > len(ranked) + _ROUNDING:
        return math.inf
    rank = min(max(rank, 1.0), float(len(ranked)))
    below = ranked[math.floor(rank) - 1]
    above = ranked[math.ceil(rank) - 1]
    part = rank - math.floor(rank)
    if math.isinf(above):
        return below if part == 0 else math.inf
    return below + part * (above - below)
