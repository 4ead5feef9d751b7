"""Whether a row is above guessing for certain, which it must be to have a place.

Quality with chance taken off ends at 0, and so does every score of a model that is no
better than guessing. Rows that are all 0 would differ only in how fast they guess, so a
row is ranked only after it has shown that it can do something.

Quality less chance is taken as it was measured, below 0 too, with its interval (MOVER:
Zou & Donner 2008). A row is above guessing if it is so in one of its families, or in
their mean. To take the best of several families is to test all of them, so they share
the one-sided level of 2.5 % (Bonferroni). Where guessing earns nothing at all, one
right answer is proof.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING

from pytest_llmlat.analysis.resampling import CONFIDENCE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmlat.analysis.cell_estimates import CellEstimates
    from pytest_llmlat.analysis.measured_rows import MeasuredCell

_NORMAL = NormalDist()
_ONE_SIDE = (1 - CONFIDENCE) / 2


@dataclass(frozen=True, slots=True, kw_only=True)
class _Gain:
    """Quality above chance, in points of the metric, with its reach downwards."""

    value: float
    down: float
    """Reach of its interval downwards (95 %); infinite where it is not known."""


def above_guessing(cells: Sequence[MeasuredCell]) -> bool | None:
    """Say whether a row is above guessing for certain; ``None`` without any grade.

    Args:
        cells: of the row.
    """
    families: dict[str, list[CellEstimates]] = defaultdict(list)
    for cell in cells:
        if cell.estimates is not None:
            families[cell.summary.cell.family].append(cell.estimates)
    return above_in_families(list(families.values())) if families else None


def above_in_families(families: Sequence[Sequence[CellEstimates]]) -> bool:
    """Say whether quality is above guessing for certain.

    Args:
        families: the cells of each, at least one.
    """
    every = [found for own in families for found in own]
    if any(found.chance.value == 0 and found.value.value > 0 for found in every):
        return True
    means = [_mean([_gain(found) for found in own]) for own in families]
    tried = [*means, _mean(means)] if len(means) > 1 else means
    wider = _NORMAL.inv_cdf(1 - _ONE_SIDE / len(tried)) / _NORMAL.inv_cdf(1 - _ONE_SIDE)
    return any(gain.value - wider * gain.down > 0 for gain in tried)


def _gain(found: CellEstimates) -> _Gain:
    above = found.above_chance
    if above.value is None or above.low is None:
        return _Gain(value=above.value or 0.0, down=math.inf)
    return _Gain(value=above.value, down=above.value - above.low)


def _mean(gains: Sequence[_Gain]) -> _Gain:
    """Return the mean of several, each with the same weight."""
    return _Gain(
        value=sum(gain.value for gain in gains) / len(gains),
        down=math.hypot(*(gain.down for gain in gains)) / len(gains),
    )
