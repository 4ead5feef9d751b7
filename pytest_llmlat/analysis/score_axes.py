"""What a balanced score is made of, and the means that make one figure of it.

Each axis is a figure from 0 to 1, larger for better. One more of them, such as what an
answer costs, is one more entry of ``AXES`` and one more weight.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmlat.values.settings import Balance

FloatOrDraws: TypeAlias = Any
"""A float, or a numpy array of draws that is worked on element by element."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreAxis:
    """One of the figures that a score weighs against each other."""

    name: str
    per_budget: bool
    """Whether it is 1 / (1 + x / budget) of a quantity that is better the less it is,
    such as a time: its odds, s / (1 - s), are how often x goes into the budget."""


AXES: tuple[ScoreAxis, ...] = (
    ScoreAxis(name="quality", per_budget=False),
    ScoreAxis(name="speed", per_budget=True),
)
"""The axes of the score, in the order in which scores and weights are given."""


def combine(
    scores: Sequence[FloatOrDraws], weights: Sequence[float], kind: Balance
) -> FloatOrDraws:
    """Return the weighted mean of the scores of all axes.

    Args:
        scores: of each axis in their order, between 0 and 1.
        weights: of each axis; their sum is 1.
        kind: which mean.
    """
    pairs = list(zip(scores, weights, strict=True))
    if kind == "arithmetic":
        return sum(weight * score for score, weight in pairs)
    product = math.prod(score**weight for score, weight in pairs)
    if kind == "geometric":
        return product
    if kind == "proportional":
        left = math.prod(
            (1 - score) ** weight
            for axis, (score, weight) in zip(AXES, pairs, strict=True)
            if axis.per_budget
        )
        whole = product + left
        return product / (whole + (whole == 0))
    # The harmonic mean w/q + (1-w)/s, inverted, without dividing by a half of 0.
    mixed = sum(
        weight * math.prod(other for there, other in enumerate(scores) if there != here)
        for here, weight in enumerate(weights)
    )
    return math.prod(scores) / (mixed + (mixed == 0))
