"""Judged quality: rubrics, what judges are asked, and their votes."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Literal, TypeAlias

PanelRule: TypeAlias = Literal["mean", "median", "majority"]
"""How one grade comes of several votes: their mean, their median, or the score that
most judges gave (the mean of those that tie)."""
VoteProblem: TypeAlias = Literal["unparsed", "out of scale", "refused", "failed"]
"""Why there is no score: no verdict could be read, it was none of the scale, the judge
declined, or it gave no answer at all."""
_DIGITS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Rubric:
    """A rubric: what judges look at in an answer, and the scale of their scores."""

    name: str
    criteria: str
    """What a good answer is, in sentences for the judge."""
    lowest: int
    highest: int
    levels: tuple[str, ...] = ()
    """Meaning of each score, from the lowest to the highest; empty for none."""
    reference: bool = False
    """Whether the judge is shown the right answer."""

    def share(self, score: float) -> float:
        """Return a score as quality, between 0 and 1."""
        return (score - self.lowest) / (self.highest - self.lowest)

    @property
    def id(self) -> str:
        """Name and digest, by which votes and labels tell what they are about."""
        return f"{self.name} {self.digest}"

    @property
    def digest(self) -> str:
        """Digest of all that the judge is told of it: sixteen hex digits."""
        told = (self.criteria, self.lowest, self.highest, self.levels, self.reference)
        return hashlib.sha256(repr(told).encode()).hexdigest()[:_DIGITS]


@dataclass(frozen=True, slots=True, kw_only=True)
class Vote:
    """A vote: what one judge said of one answer, and what that cost."""

    judge: str
    """Name of the judge's entry."""
    lineage: str
    """Family of models that it is of, such as ``llama``."""
    rubric: str
    """Name and digest of the rubric."""
    score: float | None
    """On the scale of the rubric; ``None`` where there is none."""
    share: float | None
    """The same as quality, between 0 and 1."""
    why: str | None = None
    """Reason in the judge's own words."""
    problem: VoteProblem | None = None
    counted: bool = True
    """Whether it counts; not of a judge that is the candidate, or of its family."""
    seconds: float | None = None
    """Time that the judge took; ``None`` for a vote that was known from before."""
    prompt_tokens: int | None = None
    output_tokens: int | None = None
