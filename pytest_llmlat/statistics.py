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


def resampling_weights(count: int, *, seed: str, draws: int = DRAWS) -> Array:
    """Return how often each of ``count`` items is drawn, over ``draws`` resamples.

    A bootstrap over items (Efron & Tibshirani 1993, ch. 13): each row of the
    (draws x count) matrix is one resample, and adds up to ``count``. The same seed
    gives the same resamples, so that two models are resampled as a pair.
    """
    import numpy as np

    source = np.random.default_rng([ord(letter) for letter in seed])
    chances = np.full(count, 1 / count)
    return source.multinomial(count, chances, size=draws).astype(float)


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
