"""Percentiles and resampling. numpy is imported where it is used, not before."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING, Any, TypeAlias

from pytest_llmlat.results import Distribution

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

Array: TypeAlias = Any
"""A numpy array; numpy's own types would need it at import."""

DRAWS = 10_000
MEDIAN = 50
_CELLS = 1 << 21
"""How many (resample, row) pairs are held at a time: tens of megabytes."""
CONFIDENCE = 0.95


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
    ranked = sorted(value for value in values if value is not None)
    if not ranked:
        return Distribution()
    count = len(ranked) + censored
    return Distribution(
        mean=None if censored else math.fsum(ranked) / count,
        p50=percentile(ranked, 50, of=count),
        p90=percentile(ranked, 90, of=count),
        p95=percentile(ranked, 95, of=count),
        p99=percentile(ranked, 99, of=count),
    )


def resampled_sums(columns: Array, *, seed: str, draws: int = DRAWS) -> Array:
    """Return the sums of columns over bootstrap resamples of their rows.

    A bootstrap over items (Efron & Tibshirani 1993, ch. 13): every resample draws as
    many rows as there are, with replacement, and the same rows for all columns. The
    same seed and number of rows give the same resamples, so that two models that
    answered the same items are resampled as a pair.

    Args:
        columns: (rows, k), the figures of each item.
        seed: names the resamples.
        draws: how many.

    Returns:
        (draws, k).
    """
    return resampled_sums_of([columns], seed=seed, draws=draws)[0]


def resampled_sums_of(
    blocks: Sequence[Array], *, seed: str, draws: int = DRAWS
) -> list[Array]:
    """Return ``resampled_sums`` of several blocks of as many rows.

    To draw ten thousand resamples of many rows takes longer than to sum over them, and
    blocks with the same seed and rows share them anyhow.

    Args:
        blocks: at least one; (rows, k) each, with the same rows and any k.
        seed: names the resamples.
        draws: how many.

    Returns:
        (draws, k) for each block.
    """
    import numpy as np

    # All at once: to read the weights again for each block takes longer than to sum.
    columns = np.column_stack(blocks)
    sums = np.concatenate(
        [weights @ columns for weights in _drawn(len(columns), seed, draws)]
    )
    ends = np.cumsum([block.shape[1] for block in blocks])[:-1]
    return list(np.split(sums, ends, axis=1))


def resample_weights(rows: int, *, seed: str, draws: int = DRAWS) -> Array:
    """Return how often each row is in each resample: (draws, rows), as small floats.

    For whoever sums many sets of columns over the same resamples.
    """
    import numpy as np

    return np.concatenate(
        [weights.astype(np.float32) for weights in _drawn(rows, seed, draws)]
    )


def _drawn(rows: int, seed: str, draws: int) -> Iterator[Array]:
    """Yield the weights of some resamples at a time: (some, rows)."""
    import numpy as np

    source = np.random.default_rng([ord(letter) for letter in seed])
    step = max(1, _CELLS // rows)
    for begin in range(0, draws, step):
        size = (min(step, draws - begin), rows)
        yield _counted(source.integers(rows, size=size))


def _counted(drawn: Array) -> Array:
    """Return how often each row was drawn, from the rows drawn by each resample."""
    import numpy as np

    resamples, rows = drawn.shape
    places = drawn + np.arange(resamples)[:, None] * rows
    counts = np.bincount(places.ravel(), minlength=resamples * rows)
    return counts.reshape(resamples, rows).astype(float)


def interval(draws: Array) -> tuple[float | None, float | None]:
    """Return the 95 % percentile interval of the draws of one figure.

    (None, None) if all draws agree: resampling cannot tell how far a figure may
    move that no resample moves, and an interval of no width would claim certainty.
    """
    import numpy as np

    if math.isclose(float(draws.min()), float(draws.max()), abs_tol=1e-12):
        return None, None
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(draws, [tail, 1 - tail])
    return float(low), float(high)
