"""95 % intervals of figures between 0 and 1, and of what is made of several.

One method serves right and wrong, marks in between, clustered items and speeds. The
variance of a mean, whatever it is made of, is that of so many tosses of a coin: the
effective number of items n = p(1 - p) / variance, as in surveys (Korn & Graubard 1998).
Around them stands the interval of Agresti and Coull (1998), with Student's t in place
of 1.96 where the variance is an estimate. It exists where all answers are right, never
leaves 0 to 1, and covers where few are right (``tests/perf/intervals.py``).

Figures that are no means, such as corpus BLEU, have their variance from the jackknife
(Efron & Tibshirani 1993, ch. 11): each item left out once. What is made of several
figures has the interval that recovers their variances from their limits (MOVER: Zou &
Donner 2008), so that each side keeps its own reach.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import TYPE_CHECKING

from pytest_llmlat.analysis import student_t as student
from pytest_llmlat.analysis.resampling import CONFIDENCE
from pytest_llmlat.values.results import Estimate

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_llmlat.analysis.resampling import Array

_UPPER = (1 + CONFIDENCE) / 2
_SURE = NormalDist().inv_cdf(_UPPER)
_ROUNDING = 1e-12
_SAME = 1e-7
"""Root of the squares that rounding leaves where they should cancel out."""
_FEWEST = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredFigure:
    """A figure of a cell with its interval, and the influence of each item on it."""

    value: float
    low: float | None
    high: float | None
    influence: Array
    """Influence of each unit on the figure, (units,), about 0; those of two figures
    tell how these vary together."""
    reach: float = 0.0
    """Distance that it may be off either way: Student's t times its standard error."""

    @property
    def estimate(self) -> Estimate:
        """The figure as it is told."""
        return Estimate(value=self.value, low=self.low, high=self.high)

    @property
    def to_average(self) -> MeasuredFigure:
        """The figure with limits that do for an average of several.

        An interval near 0.5 is narrower than its standard error says, since it leans
        there; an average of many does not lean.
        """
        if self.low is None or self.high is None:
            return self
        return replace(
            self,
            low=min(self.low, max(0.0, self.value - self.reach)),
            high=max(self.high, min(1.0, self.value + self.reach)),
        )


def known(value: float, units: int) -> MeasuredFigure:
    """Return a figure that no other items would change, such as one chance for all."""
    import numpy as np

    return MeasuredFigure(value=value, low=value, high=value, influence=np.zeros(units))


def mean_figure(
    totals: Array, counts: Array, *, shared: float | None = 0.0
) -> MeasuredFigure:
    """Return the mean of values, of which those of one unit are alike.

    Args:
        totals: (units,), the sum of each unit's values.
        counts: (units,), how many values that are; their sum is more than 0.
        shared: how much more the mean varies than by what differs between units, so
            that 1.96 roots of it are what it adds; ``None`` where nobody knows.
    """
    whole = float(counts.sum())
    value = math.fsum(totals) / whole
    influence = (totals - value * counts) / whole
    alone = _error(influence)
    tossed = (counts == counts[0]).all() and ((totals == 0) | (totals == counts)).all()
    if shared is None:
        return MeasuredFigure(value=value, low=None, high=None, influence=influence)
    ends: tuple[float | None, float | None]
    times = _SURE if tossed else _times(len(counts))
    error = math.hypot(alone, math.sqrt(shared) * _SURE / times)
    if tossed and not shared:
        # Tosses of a coin: their variance is known from the share itself.
        ends = _agresti_coull(value, len(totals), _SURE)
    elif ((totals >= 0) & (totals <= counts)).all():
        ends = around_share(value, error, len(counts))
    else:
        ends = _student(value, error, len(counts))
    return MeasuredFigure(
        value=value,
        low=ends[0],
        high=ends[1],
        influence=influence,
        reach=times * error,
    )


def counted_share(count: int, total: int) -> Estimate:
    """Return the share of independent trials that came out so, with its interval.

    Args:
        count: how many did.
        total: of so many, at least one.
    """
    low, high = _agresti_coull(count / total, total, _SURE)
    return Estimate(value=count / total, low=low, high=high)


def jackknife_figure(
    value: float,
    columns: Array,
    figure: Callable[[Array], Array],
    *,
    share: bool = True,
    shared: float = 0.0,
) -> MeasuredFigure:
    """Return a figure that follows from sums over units, such as corpus BLEU.

    Of a share the wider of two on each side: around the figure as above, and Student's
    t on its logarithm, which holds better where it is close to 0.

    Args:
        value: of all units.
        columns: (units, k), what adds up.
        figure: (any, k) of sums to (any,) of the figure.
        share: whether it lies between 0 and 1, where 0 is all wrong and 1 all right.
        shared: as of :func:`mean_figure`.
    """
    import numpy as np

    # A unit that adds nothing, such as one without the value, tells nothing.
    there = columns.any(axis=1)
    units = int(there.sum())
    influence = np.zeros(len(columns))
    nothing = MeasuredFigure(value=value, low=None, high=None, influence=influence)
    if units < _FEWEST:
        return nothing
    left_out = figure(columns.sum(axis=0) - columns[there])
    if len(left_out) != units or not np.isfinite(left_out).all():
        return nothing
    influence[there] = own = _pseudo(left_out)
    share = share and 0 <= value <= 1
    common = math.sqrt(shared) * _SURE / _times(units)
    error = math.hypot(_error(own), common)
    around = around_share if share else _student
    low, high = around(value, error, units)
    if low is not None and high is not None and value > 0 and (left_out > 0).all():
        relative = math.hypot(_error(_pseudo(np.log(left_out))), common / value)
        reach = math.exp(_times(units) * min(1.0, relative))
        low = min(low, value / reach) if share else value / reach
        high = min(1.0, max(high, value * reach)) if share else value * reach
    elif low is not None and (left_out >= 0).all():
        low = max(0.0, low)
    return MeasuredFigure(
        value=value,
        low=low,
        high=high,
        influence=influence,
        reach=_times(units) * error,
    )


def made_of(figure: Callable[..., float], parts: Sequence[MeasuredFigure]) -> Estimate:
    """Return a figure between 0 and 1 that is made of several, with its interval.

    How far it moves if one part moves to its limit is squared and added up, with the
    correlation of the parts. Where a part has no interval, there is none.

    Args:
        figure: of the values of the parts, in their order.
        parts: measured of the same units.
    """
    import numpy as np

    values = [part.value for part in parts]
    value = figure(*values)
    ends = [(part.low, part.high) for part in parts]
    steps: list[list[float]] = []
    for place, pair in enumerate(ends):
        if pair[0] is None or pair[1] is None:
            return Estimate(value=value)
        steps.append(
            [figure(*values[:place], e, *values[place + 1 :]) - value for e in pair]
        )
    moved = np.array(steps)
    together = _correlations([part.influence for part in parts])
    # Of a part in which the figure falls, the upper end is the one that lowers it.
    falls = moved[:, 1] < moved[:, 0]
    signs = np.where(falls, -1.0, 1.0)
    together = together * np.outer(signs, signs)
    down, up = moved.min(axis=1).clip(max=0), moved.max(axis=1).clip(min=0)
    low = value - math.sqrt(max(0.0, float(down @ together @ down)))
    high = value + math.sqrt(max(0.0, float(up @ together @ up)))
    if high - low <= _SAME and value <= _SAME:
        # At 0 one part alone moves nothing, and all of them together do.
        worst = [pair[int(fall)] for pair, fall in zip(ends, falls, strict=True)]
        best = [pair[1 - int(fall)] for pair, fall in zip(ends, falls, strict=True)]
        low, high = min(low, figure(*worst)), max(high, figure(*best))
    if high - low <= _SAME and value > _SAME:
        return Estimate(value=value)
    # At 0 also where every part at its best leaves it there: worse than guessing, for
    # sure, is worth nothing, for sure.
    return Estimate(value=value, low=max(0.0, low), high=min(1.0, high))


def difference(figure: MeasuredFigure, other: MeasuredFigure) -> Estimate:
    """Return how much more one figure is than another of the same units (MOVER).

    Unlike what ``made_of`` gives it may be below 0.
    """
    value = figure.value - other.value
    ends = (figure.low, figure.high, other.low, other.high)
    if any(end is None for end in ends):
        return Estimate(value=value)
    low, high, less, more = (float(end or 0.0) for end in ends)
    alike = float(_correlations([figure.influence, other.influence])[0, 1])
    downs, ups = (
        (figure.value - low, more - other.value),
        (
            high - figure.value,
            other.value - less,
        ),
    )
    down, up = (
        math.sqrt(max(0.0, own**2 + its**2 - 2 * alike * own * its))
        for own, its in (downs, ups)
    )
    return Estimate(value=value, low=value - down, high=value + up)


def averaged(estimates: Sequence[Estimate], weights: Sequence[float]) -> Estimate:
    """Return the weighted sum of figures of different items.

    Args:
        estimates: each with a value; where one has no interval, there is none.
        weights: of each, in their order.
    """
    value = down = up = 0.0
    told = True
    for estimate, weight in zip(estimates, weights, strict=True):
        middle = estimate.value or 0.0
        value += weight * middle
        if estimate.low is None or estimate.high is None:
            told = False
            continue
        down += (weight * (middle - estimate.low)) ** 2
        up += (weight * (estimate.high - middle)) ** 2
    if not told:
        return Estimate(value=value)
    return Estimate(
        value=value,
        low=max(0.0, value - math.sqrt(down)),
        high=min(1.0, value + math.sqrt(up)),
    )


def around_share(
    value: float, error: float, units: int
) -> tuple[float | None, float | None]:
    """Return the interval of a figure whose variance is estimated.

    (None, None) for one unit, and where all units agree on something that is neither
    0 nor 1: nothing is known then of how far others may differ.
    """
    if error <= _ROUNDING:
        # As sure as that many that are all right, or all wrong.
        edge = value <= _ROUNDING or value >= 1 - _ROUNDING
        return _agresti_coull(round(value), units, _SURE) if edge else (None, None)
    if 0 < value < 1:
        return _agresti_coull(value, value * (1 - value) / error**2, _times(units))
    low, high = _student(value, error, units)
    return max(0.0, low or 0.0), min(1.0, 1.0 if high is None else high)


def _student(
    value: float, error: float, units: int
) -> tuple[float | None, float | None]:
    """Return Student's interval of a figure that may be any number."""
    if error <= _ROUNDING:
        return None, None
    return value - _times(units) * error, value + _times(units) * error


def _agresti_coull(share: float, count: float, reach: float) -> tuple[float, float]:
    """Return the interval of a share of so many, effectively."""
    more = count + reach**2
    middle = (count * share + reach**2 / 2) / more
    half = reach * math.sqrt(middle * (1 - middle) / more)
    return max(0.0, middle - half), min(1.0, middle + half)


def _times(units: int) -> float:
    """Return how many standard errors Student's t reaches, from so many units."""
    return student.quantile(_UPPER, max(1, units - 1))


def _error(influence: Array) -> float:
    """Return the standard error of a figure from what each unit adds to it."""
    units = len(influence)
    if units < _FEWEST:
        return 0.0
    return math.sqrt(units / (units - 1) * float(influence @ influence))


def _pseudo(left_out: Array) -> Array:
    """Return what each unit adds, from the figure without it."""
    share = 1 - 1 / len(left_out)
    influence: Array = share * (left_out.mean() - left_out)
    return influence


def _correlations(influences: Sequence[Array]) -> Array:
    """Return how figures vary together; one that does not vary goes with no other."""
    import numpy as np

    rows = np.stack(influences)
    rows = rows - rows.mean(axis=1, keepdims=True)
    lengths = np.sqrt((rows**2).sum(axis=1))
    scaled = rows / np.where(lengths > _ROUNDING, lengths, 1.0)[:, None]
    found: Array = scaled @ scaled.T
    np.fill_diagonal(found, 1.0)
    return found
