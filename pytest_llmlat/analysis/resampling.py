"""The bootstrap: resamples of items, and intervals of what they give.

numpy is imported where it is used, not before.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    import numpy as np
    from numpy.typing import NDArray

    Array: TypeAlias = NDArray[np.float64]
    """Figures; numpy itself is imported where it is used."""
    Integers: TypeAlias = NDArray[np.integer[Any]]
    Weights: TypeAlias = NDArray[np.float32]
    """(draws, rows): how often each row is in each resample."""

DRAWS = 10_000
_CELLS = 1 << 17
"""How many (resample, row) pairs are held at a time: a megabyte, which stays in the
processor's cache while all blocks are summed over it."""
_LEAST_STEP = 16
"""Resamples that are held at a time at least: fewer make a product slow."""
CONFIDENCE = 0.95


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
    blocks with the same seed and rows share them anyhow. What comes out for a block is
    the same to the last bit whichever others are beside it.

    Args:
        blocks: at least one; (rows, k) each, with the same rows and any k.
        seed: names the resamples.
        draws: how many.

    Returns:
        (draws, k) for each block.
    """
    import numpy as np

    rows = len(blocks[0])
    # What all rows have alike needs no product: how many answers an item has, chance.
    varied = [(block != block[:1]).any(axis=0) for block in blocks]
    own = [
        np.ascontiguousarray(block[:, varies])
        for block, varies in zip(blocks, varied, strict=True)
    ]
    # Side by side they would be one product, a little faster, whose last bits depend
    # on how wide it is.
    parts = [[weights @ each for each in own] for weights in _drawn(rows, seed, draws)]
    return [
        _completed(np.concatenate(sums), block, varies)
        for sums, block, varies in zip(
            zip(*parts, strict=True), blocks, varied, strict=True
        )
    ]


def _completed(sums: Array, block: Array, varies: NDArray[np.bool_]) -> Array:
    """Return the sums of all columns, given those of the columns that vary."""
    import numpy as np

    found = np.tile(len(block) * block[0], (len(sums), 1))
    found[:, varies] = sums
    return found


def resample_weights(rows: int, *, seed: str, draws: int = DRAWS) -> Weights:
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
    step = max(_LEAST_STEP, _CELLS // rows)
    for begin in range(0, draws, step):
        size = (min(step, draws - begin), rows)
        yield _counted(source.integers(rows, size=size))


def _counted(drawn: Integers) -> Array:
    """Return how often each row was drawn, from the rows drawn by each resample."""
    import numpy as np

    resamples, rows = drawn.shape
    places = drawn + np.arange(resamples)[:, None] * rows
    counts = np.bincount(places.ravel(), minlength=resamples * rows)
    return counts.reshape(resamples, rows).astype(float)


def interval(draws: Array) -> tuple[float | None, float | None]:
    """Return the 95 % percentile interval of the draws of one figure.

    (None, None) if all draws agree: resampling cannot tell how far a figure may
    move that no resample moves, and an interval of no width would claim certainty. Nor
    is there one of draws that are not numbers.
    """
    import numpy as np

    if not np.isfinite(draws).all():
        return None, None
    if math.isclose(float(draws.min()), float(draws.max()), abs_tol=1e-12):
        return None, None
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(draws, [tail, 1 - tail])
    return float(low), float(high)
