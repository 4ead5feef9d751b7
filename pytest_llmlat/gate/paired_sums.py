"""Sums of paired rows over bootstrap resamples; both sides have the same rows."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING

from pytest_llmlat.analysis.resampling import DRAWS, resample_weights

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_llmlat.analysis.resampling import Array, Weights

MOST_RESAMPLED = 2000
"""Number of samples above which sums are drawn from their normal limit: the difference
is far below what 10,000 draws can show, and the time is not."""


def paired_sums(blocks: Mapping[str, Sequence[Sequence[float]]]) -> dict[str, Array]:
    """Return the summed columns of each resample, block by block.

    The same number of rows is always drawn alike, so the drawing is done once.
    """
    import numpy as np

    rows = np.column_stack([np.asarray(block, float) for block in blocks.values()])
    if len(rows) <= MOST_RESAMPLED:
        # Single precision: 10,000 draws know nothing of the eighth digit.
        sums = (_weights(len(rows)) @ rows.astype(np.float32)).astype(float)
    else:
        sums = _normal_sums(rows)
    widths = [len(block[0]) for block in blocks.values()]
    parts = np.split(sums, np.cumsum(widths)[:-1], axis=1)
    return dict(zip(blocks, parts, strict=True))


def _normal_sums(rows: Array) -> Array:
    """Draw sums of many rows from their normal limit."""
    import numpy as np

    source = np.random.default_rng(len(rows))
    # A square root of the covariance, which may be singular: columns can be constant.
    scale, axes = np.linalg.eigh(np.atleast_2d(np.cov(rows, rowvar=False, bias=True)))
    root = axes * np.sqrt(np.clip(scale, 0, None))
    noise = source.standard_normal((DRAWS, len(scale))) @ root.T
    sums: Array = len(rows) * rows.mean(axis=0) + math.sqrt(len(rows)) * noise
    return sums


@lru_cache(maxsize=4)
def _weights(count: int) -> Weights:
    """Return how often each of ``count`` rows is in each resample: (draws, count)."""
    return resample_weights(count, seed=f"gate|{count}")


def waiting_sums(name: str, shared: Mapping[str, float], count: int) -> Array:
    """Return draws of what waiting for each other adds to a sum: (draws, 1)."""
    import numpy as np

    variance = shared.get(name, 0.0)
    if variance <= 0:
        return np.zeros((DRAWS, 1))
    source = np.random.default_rng([count, *name.encode()])
    return source.normal(0.0, count * math.sqrt(variance), (DRAWS, 1))
