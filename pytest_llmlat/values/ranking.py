"""Answers that are ranked: of given options, the one that a model finds likeliest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

RankBy: TypeAlias = Literal["total", "character", "byte"]
"""What an option's log-probability is divided by before options are compared: nothing,
the characters of its text, or the bytes of it in UTF-8."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Likelihood:
    """How likely a model finds a continuation of a prompt."""

    logprob: float
    """Natural logarithm of its probability, summed over its tokens; at most 0."""
    tokens: int
    """How many those are, at least one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerOption:
    """One of the answers to a question that is answered by ranking."""

    answer: str
    """What it is for the metric: a label, a letter, or its text."""
    text: str
    """Its words, whose length a log-probability may be divided by."""
    continuation: str
    """What stands behind the prompt: its words with what separates them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RankedOption:
    """An option as a model found it."""

    answer: str
    text: str
    logprob: float
    """Natural logarithm of its probability, summed over its tokens."""
    tokens: int

    def by(self, way: RankBy) -> float:
        """Return what is compared; the highest is the answer."""
        lengths = {
            "total": 1,
            "character": len(self.text),
            "byte": len(self.text.encode()),
        }
        return self.logprob / lengths[way]
