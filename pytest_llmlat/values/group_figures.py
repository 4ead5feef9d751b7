"""Figures of a part of a cell, such as a turn or a length of prompts."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupFigures:
    """Figures of one group of a cell: of one turn, one length, one depth."""

    by: tuple[str, ...]
    """Fields that tell the groups apart, such as ``turn``, or ``length`` and
    ``depth``."""
    values: tuple[str, ...]
    """Value of each of these fields."""
    samples: int
    graded: int
    """Samples of the group whose right answer is known."""
    quality: float | None
    """The metric itself over the graded ones; ``None`` where there are none."""
    ttft_p50_s: float | None
    e2e_p50_s: float | None
    prompt_tokens: float | None
    """Mean, as the model's own tokenizer or the server counts; ``None`` where some are
    not known."""
    prompt_words: float | None
    """Mean words of the prompts; ``None`` for turns, whose prompts hold more."""
    cached_share: float | None
    """Share of the prompts' tokens that had been kept; ``None`` where nobody says."""
    errors: int
    timeouts: int
    context_overflows: int
    """Prompts that did not fit into the model's context."""
