"""Limits that a run keeps, for the next one to be held to."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pytest_llmlat.values.results import Summary

SLACK = 2.0
"""Times the measured median: another day, or another runner of a CI, is slower."""
_DIGITS = 2
_CENT = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class SuggestedLimit:
    """The limits of one cell."""

    task: str
    model: str
    quality: float | None
    """Lower end of its interval, cut to hundredths; ``None`` where that is 0 or not
    known."""
    e2e_p50_s: float | None
    """Some times its median, rounded up; ``None`` where its times prove nothing."""


def suggested_limits(
    summaries: Iterable[Summary], *, slack: float = SLACK
) -> Iterator[SuggestedLimit]:
    """Yield the limits of each whole cell that was asked one sample after the other.

    A cell in which a request broke tells no limit: its figures are not the model's.

    Args:
        summaries: of a run.
        slack: how many times its median time an answer may take.
    """
    for each in summaries:
        if each.partial or each.errors or each.cell.scenario != "single":
            continue
        low, middle = each.quality.low, each.e2e_s.p50
        quality = None if low is None else math.floor(low * _CENT) / _CENT
        yield SuggestedLimit(
            task=each.cell.task,
            model=each.cell.model,
            quality=quality or None,
            e2e_p50_s=None if middle is None else _upwards(middle * slack),
        )


def _upwards(value: float) -> float:
    """Round up to two significant digits."""
    if value <= 0:
        return 0.0
    places = _DIGITS - 1 - math.floor(math.log10(value))
    scale = 10.0**places
    return round(math.ceil(value * scale - 1e-9) / scale, max(places, 0))
