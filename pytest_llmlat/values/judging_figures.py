"""Figures of judges in one cell: what they did, what it cost, how far they agree."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_llmlat.values.estimate import Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeFigures:
    """What one judge did in a cell; its costs are no costs of the candidate."""

    judge: str
    lineage: str
    votes: int
    """Number of answers that it was asked about."""
    read: int
    """Number of its verdicts in which a score could be read."""
    problems: tuple[tuple[str, int], ...]
    """Why there is no score, with how often that was."""
    left_out: int
    """Votes that do not count, since it is the candidate or of its family."""
    known: int
    """Votes that were known from before, and cost nothing now."""
    seconds: float | None
    """Time that its votes took; ``None`` where all were known from before."""
    prompt_tokens: int | None
    output_tokens: int | None
    cost: float | None
    """Money that they took; ``None`` where there is no price."""
    currency: str | None
    fit: bool | None
    """Whether it was found fit to gate; ``None`` where it was never tried."""
    with_rest: float | None
    """Krippendorff's alpha of its scores with the mean of the others'; ``None`` where
    it cannot be told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgingFigures:
    """What the judges of a cell did, and how far they can be trusted."""

    rubric: str
    judges: tuple[JudgeFigures, ...]
    panel: Estimate
    """Quality by the panel alone."""
    labels: int
    """Number of items that people labelled by the same rubric: the repeats of a sample
    are one."""
    trust: float | None
    """λ of prediction-powered inference, how far the judges count beside the labels;
    ``None`` where the quality is uncalibrated."""
    alpha: Estimate
    """Krippendorff's alpha of the votes that count."""
    beside: tuple[tuple[str, Estimate], ...]
    """Spearman's rank correlation of the panel's grades with those of the metric beside
    it, by its name."""
    ungated: str | None
    """Why its quality is shown and not gated; ``None`` if it may be."""
