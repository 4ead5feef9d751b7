"""Judged quality: rubrics, what judges are asked, and their votes."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Literal, TypeAlias

PanelRule: TypeAlias = Literal["mean", "median", "majority"]
"""How one grade comes of several votes: their mean, their median, or the score that
most judges gave (the mean of those that tie)."""
VoteProblem: TypeAlias = Literal[
    "unparsed", "out of scale", "refused", "failed", "not asked"
]
"""Why there is no score: no verdict could be read, it was none of the scale, the judge
declined, it gave no answer at all, or it was never asked, as of a spent budget."""
UNCALIBRATED = "uncalibrated_judge"
"""Metric of answers that a panel graded: the name says in every table what it is."""
CALIBRATED = "calibrated_judge"
"""Name of a cell's judged quality that people's labels correct."""
VERDICT_TOKENS = 160
"""Tokens at most of a verdict, where nobody says how many: a sentence and a number."""
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
    pairwise: bool = False
    """Whether it says which of two answers is better. They are asked about in both
    orders; a score is then 2 where the first is better, 1 for a tie, else 0."""

    def share(self, score: float) -> float:
        """Return a score as quality, between 0 and 1."""
        return (score - self.lowest) / (self.highest - self.lowest)

    @property
    def id(self) -> str:
        """Name and digest, by which votes and labels tell what they are about."""
        return f"{self.name} {self.digest}"

    def beside(self, other: str) -> str:
        """Return its id where answers are held against those of another model.

        Args:
            other: its name; empty for the right answers.
        """
        return f"{self.id} against {other}" if other else self.id

    @property
    def digest(self) -> str:
        """Digest of all that the judge is told of it: sixteen hex digits."""
        told: tuple[object, ...] = (
            *(self.criteria, self.lowest, self.highest, self.levels, self.reference),
            # Rubrics of older versions keep their digest.
            *((True,) if self.pairwise else ()),
        )
        return hashlib.sha256(repr(told).encode()).hexdigest()[:_DIGITS]


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedPanel:
    """A panel as it was asked for: names, to be looked up when all is measured."""

    rubric: str
    """Name of a rubric, or the file that holds one."""
    judges: tuple[str, ...] = ()
    """Names of models; empty where nobody was named yet."""
    rule: PanelRule = "mean"
    tokens: int = VERDICT_TOKENS
    """Tokens at most of a verdict."""
    limits: tuple[str, ...] = ()
    """Limits on the cell, as they were typed; they wait for its grades."""


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
    """On the scale of the rubric; ``None`` where there is none. Of a pair it is the
    mean of both orders, 2 where the answer is better in both."""
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
    cost: float | None = None
    """Money that it took, by the price of the judge's entry; ``None`` where there is no
    price, and for a vote that was known from before."""
    currency: str | None = None
    """Three letters (ISO 4217) of that money."""
    orders: tuple[float, ...] = ()
    """Quality of the answer where it stood first and where it stood second, of a
    pair."""
    fit: bool | None = None
    """Whether its judge was found fit to gate; ``None`` where it was never tried."""
