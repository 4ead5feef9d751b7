"""Splits of a series of runs where its level changes, and their p-values.

Two statistics: the largest energy distance between what lies before and behind a place
(e-divisive; Matteson & James 2014, J. Am. Stat. Assoc. 109(505)), and Kendall's S of
the values over their order (Mann 1945), which detects a slow creep. Neither assumes a
distribution. Each is compared with two kinds of series in which nothing changed: the
runs in another order (a permutation test, exact where runs do not depend on each
other), and series whose neighbouring runs depend on each other as those of this one do
(an autoregression of the first order with its innovations in another order). The larger
of the two p-values counts. Drawing ends when chance has done it often enough (Besag &
Clifford 1991, Biometrika 78(2)).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.random import Generator

    from pytest_llmlat.analysis.resampling import Array

    Statistic = Callable[[Array], Array]
    """Statistic of series: from (draws, runs) to a figure of each."""

LEAST = 2
"""Runs of a level at least."""
SEED = 1
_ENOUGH = 20
_DOUBT = 2.5
"""Standard errors that are added to how much a run depends on the one before."""
_CELLS = 2_000_000
"""Numbers in memory at once."""
_MOST_DEPENDENT = 0.9
_WARM_UP = 20
_LONG = 16
"""Number of runs that may well hold several changes."""
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Split:
    """A split: the place where a series changes most, and its p-value."""

    place: int
    """Index of the first run of the new level."""
    p: float


def split(values: Array, *, draws: int) -> Split:
    """Return the place of the largest change of level.

    Args:
        values: of at least twice ``LEAST`` runs, in their order.
        draws: how many series without a change there are to be at most.
    """
    place, left = _without_levels(values, 1 + 2 * (len(values) >= _LONG))
    permuted = _p(values, _largest, _permuted(values), draws)
    rebuilt = _p(values, _beside_noise, _rebuilt(*left), draws)
    return Split(place, max(permuted, rebuilt))


def trend(values: Array, *, draws: int) -> float:
    """Return the p-value of so steady a rise or fall.

    Args:
        values: of the runs, in their order.
        draws: how many series without a trend there are to be at most.
    """
    slope, start = line(values)
    left = values - start - slope * _places(len(values))
    permuted = _p(values, _kendall, _permuted(values), draws)
    return max(permuted, _p(values, _kendall, _rebuilt(left, 2), draws))


def _without_levels(values: Array, splits: int) -> tuple[int, tuple[Array, int]]:
    """Return the place of the largest change, and the series without its levels.

    Beside it stands how many figures were taken off.

    Args:
        values: of the runs.
        splits: after how many changes of level what is left is taken for noise.
    """
    ends, first = [0, len(values)], 0
    for _ in range(splits):
        cuts = [
            (float(energy.max()), start + int(energy.argmax()))
            for start, end in pairwise(ends)
            if end - start >= 2 * LEAST
            for energy in _energies(values[None, start:end])
        ]
        if not cuts:
            break
        place = max(cuts)[1]
        first = first or place
        ends = sorted([*ends, place])
    left = values.copy()
    for start, end in pairwise(ends):
        left[start:end] -= values[start:end].mean()
    return first, (left, len(ends) - 1)


def line(values: Array) -> tuple[float, float]:
    """Return slope and start of the line of least squares."""
    places = _places(len(values))
    offset = places - places.mean()
    slope = float((offset * values).sum() / (offset**2).sum())
    return slope, float(values.mean() - slope * places.mean())


def dependence(values: Array, removed: int) -> float:
    """Return how much a run depends on the one before, too much rather than too little.

    What is left of a series whose level or line was taken off looks less dependent than
    it is; this is corrected (Marriott & Pope 1954), and its doubt is added.

    Args:
        values: of the runs.
        removed: how many figures were taken off, such as a mean.
    """
    count, square = len(values), float((values**2).sum())
    if square <= _ROUNDING**2 or count <= removed + 2:
        return 0.0
    seen = float((values[1:] * values[:-1]).sum()) / square
    corrected = (count * seen + removed) / (count - removed - 2)
    corrected = min(_MOST_DEPENDENT, corrected)
    error = math.sqrt(max(0.0, 1 - corrected**2) / count)
    return max(0.0, min(_MOST_DEPENDENT, corrected + _DOUBT * error))


def _p(
    values: Array,
    statistic: Statistic,
    draw: Callable[[int], Array],
    draws: int,
) -> float:
    """Return the share of series without a change whose statistic is as large."""
    observed = float(statistic(values[None])[0])
    batch = max(10, min(200, _CELLS // len(values) ** 2))
    as_large = done = 0
    while done < draws:
        count = min(batch, draws - done)
        drawn = statistic(draw(count))
        as_large += int((drawn >= observed * (1 - _ROUNDING)).sum())
        done += count
        if as_large >= _ENOUGH:
            return as_large / done
    return (as_large + 1) / (done + 1)


def _permuted(values: Array) -> Callable[[int], Array]:
    """Return a function that draws the runs in other orders."""
    import numpy as np

    source = _source(values)

    def draw(count: int) -> Array:
        return source.permuted(np.tile(values, (count, 1)), axis=1)

    return draw


def _rebuilt(left: Array, removed: int) -> Callable[[int], Array]:
    """Return a function that draws unchanged series as dependent as this one.

    Args:
        left: the series without its levels, or without its line.
        removed: how many figures these are.
    """
    import numpy as np

    source, count = _source(left), len(left)
    depends = dependence(left, removed)
    fresh = left[1:] - depends * left[:-1]
    fresh = fresh - fresh.mean()

    def draw(draws: int) -> Array:
        new = source.choice(fresh, (draws, _WARM_UP + count))
        found = np.zeros_like(new)
        for place in range(1, new.shape[1]):
            found[:, place] = depends * found[:, place - 1] + new[:, place]
        return found[:, _WARM_UP:]

    return draw


def _largest(series: Array) -> Array:
    """Return the largest energy distance of each series."""
    found: Array = _energies(series).max(axis=1)
    return found


def _beside_noise(series: Array) -> Array:
    """Return the largest energy distance beside that of neighbouring runs.

    Levels hardly count in that, however many there are.
    """
    import numpy as np

    apart = np.abs(np.diff(series, axis=1)).mean(axis=1)
    found: Array = _largest(series) / np.maximum(apart, _ROUNDING)
    return found


def _energies(series: Array) -> Array:
    """Return the energy distance for each place; impossible places have none.

    Args:
        series: (draws, runs).

    Returns:
        (draws, runs + 1).
    """
    import numpy as np

    count = series.shape[1]
    apart = np.abs(series[:, :, None] - series[:, None, :])
    none = np.zeros((len(series), 1))
    # Of each run, how far all before it are away, and all behind it.
    to_before = np.einsum("dij,ij->dj", apart, np.triu(np.ones((count, count))))
    to_behind = apart.sum(axis=1) - to_before
    before = np.hstack([none, to_before.cumsum(axis=1)])
    behind = np.hstack([to_behind[:, ::-1].cumsum(axis=1)[:, ::-1], none])
    first = np.arange(count + 1.0)
    first[[0, count]] = np.nan
    rest = count - first
    across = before[:, -1:] - before - behind
    energy = 2 * (across / (first * rest) - before / first**2 - behind / rest**2)
    fits = (first >= LEAST) & (rest >= LEAST)
    found: Array = np.where(fits, first * rest / count * energy, -np.inf)
    return found


def _kendall(series: Array) -> Array:
    """Return how many more pairs of runs rise than fall, or the other way round."""
    import numpy as np

    count = series.shape[1]
    signs = np.sign(series[:, None, :] - series[:, :, None])
    later = np.triu(np.ones((count, count)))
    found: Array = np.abs(np.einsum("dij,ij->d", signs, later))
    return found


def _places(count: int) -> Array:
    import numpy as np

    return np.arange(float(count))


def _source(values: Sequence[float] | Array) -> Generator:
    """Return a random source that is the same for equally many runs."""
    import numpy as np

    return np.random.default_rng([SEED, len(values)])
