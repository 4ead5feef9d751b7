"""Percentiles and resampling. numpy is imported where it is used, not before."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING, Any, TypeAlias

from pytest_llmlat.records import Distribution

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Array: TypeAlias = Any
"""A numpy array; numpy's own types would need it at import."""

DRAWS = 10_000
MEDIAN = 50
_CELLS = 1 << 21
"""How many (resample, row) pairs are held at a time: tens of megabytes."""
CONFIDENCE = 0.95


def percentile(ranked: Sequence[float], percent: int) -> float | None:
    """Return the nearest-rank percentile of values in ascending order.

    ``None`` below the number of values at which it differs from the maximum, since
    a p99 of twelve values would only be another name for the slowest.
    """
    rank = math.ceil(Fraction(percent, 100) * len(ranked))
    is_maximum = rank == len(ranked)
    if not ranked or (is_maximum and percent > MEDIAN):
        return None
    return ranked[rank - 1]


def distribution(values: Iterable[float | None]) -> Distribution:
    """Summarise durations; those that could not be measured are left out."""
    ranked = sorted(value for value in values if value is not None)
    if not ranked:
        return Distribution()
    return Distribution(
        mean=math.fsum(ranked) / len(ranked),
        p50=percentile(ranked, 50),
        p90=percentile(ranked, 90),
        p95=percentile(ranked, 95),
        p99=percentile(ranked, 99),
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
    import numpy as np

    rows = len(columns)
    source = np.random.default_rng([ord(letter) for letter in seed])
    step = max(1, _CELLS // rows)
    sums = [
        _counted(source.integers(rows, size=(min(step, draws - begin), rows))) @ columns
        for begin in range(0, draws, step)
    ]
    return np.concatenate(sums)


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
