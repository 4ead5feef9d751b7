"""Answers under a load beside those that the same samples have alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_llmlat.values.estimate import Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadAnswers:
    """Answers of a cell under a load, beside the same one after the other."""

    cell: str
    """Id of the cell under a load."""
    changed: int
    """Answers that are other than the first one alone to the same sample."""
    compared: int
    """Answers that were held against one alone; 0 where tokens are drawn, for then
    answers differ by drawing."""
    changed_alone: int
    """Second answers alone that are other than the first."""
    compared_alone: int
    """Second answers alone; 0 where each sample was asked once."""
    quality_alone: float | None
    """Mean quality alone of the samples that both have; ``None`` without a grade."""
    change: Estimate
    """Difference of quality to the same samples alone, with 95 % confidence."""
