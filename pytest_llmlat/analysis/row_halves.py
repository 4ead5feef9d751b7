"""Quality and time of a row apart, by which two rows are compared.

A score joins both, and so the noise of both: 24 answers of which some are right by luck
say little of a score, and much of how long they took.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmlat.analysis.resampling import Array


@dataclass(frozen=True, slots=True, kw_only=True)
class CellQuality:
    """The quality of one cell of a row."""

    weight: float
    """Share of the cell in its row."""
    value: float
    draws: Array
    units: int
    right_or_wrong: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RowHalves:
    """Quality and time of a row, with draws that are in step with other rows'."""

    cells: Sequence[CellQuality]
    log_time: float | None
    """Mean logarithm of e2e over families; ``None`` where a request failed."""
    log_time_draws: Array

    @property
    def quality(self) -> float:
        """The metric itself, mean over families."""
        return sum(cell.weight * cell.value for cell in self.cells)

    @property
    def quality_draws(self) -> Array:
        """Resampled qualities."""
        import numpy as np

        found: Array = np.sum([cell.weight * cell.draws for cell in self.cells], axis=0)
        return found


def quality_difference(row: RowHalves, other: RowHalves, *, seed: str) -> Array:
    """Return draws of the difference of two rows' qualities.

    Of right and wrong their variance is that with half an item more in each of the four
    ways in which two answers can be right or not (Agresti & Min 2005): where no item
    differs, or only few do, resamples would call certain what so few items cannot
    show. What is more is drawn from its normal limit.

    Args:
        row: the one.
        other: that is asked the same.
        seed: names the pair.
    """
    import numpy as np

    draws = row.quality_draws - other.quality_draws
    missing = 0.0
    for own, its in zip(row.cells, other.cells, strict=True):
        spread = float((own.draws - its.draws).var())
        if own.right_or_wrong and its.right_or_wrong:
            more = max(0.0, _with_half_items(own, its, spread) - spread)
            missing += own.weight**2 * more
    if not missing:
        return draws
    source = np.random.default_rng([ord(letter) for letter in seed])
    widened: Array = draws + source.normal(0.0, math.sqrt(missing), len(draws))
    return widened


def _with_half_items(own: CellQuality, its: CellQuality, spread: float) -> float:
    count, mean = own.units, own.value - its.value
    squares = count * (count * spread + mean**2) + 1
    return (squares - (count * mean) ** 2 / (count + 2)) / (count + 2) ** 2
