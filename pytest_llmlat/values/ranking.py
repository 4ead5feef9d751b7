"""Ranked answers: of given options, the one that a model finds likeliest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

RankBy: TypeAlias = Literal["total", "character", "byte"]
"""Divisor of an option's log-probability before options are compared: nothing, the
characters of its text, or its bytes in UTF-8."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Likelihood:
    """Likelihood of a continuation behind a prompt, by a model."""

    logprob: float
    """Natural logarithm of its probability, summed over its tokens; at most 0."""
    tokens: int
    """Number of its tokens, at least one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerOption:
    """An option: one of the answers to a question that is answered by ranking."""

    answer: str
    """Answer that the metric sees: a label, a letter, or its text."""
    text: str
    """Words of the option, whose length a log-probability may be divided by."""
    continuation: str
    """Text behind the prompt: its words with what separates them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RankedOption:
    """An option with the likelihood that a model found."""

    answer: str
    text: str
    logprob: float
    """Natural logarithm of its probability, summed over its tokens."""
    tokens: int

    def by(self, way: RankBy) -> float:
        """Return the figure by which options are compared; the highest answers."""
        lengths = {
            "total": 1,
            "character": len(self.text),
            "byte": len(self.text.encode()),
        }
        return self.logprob / lengths[way]
