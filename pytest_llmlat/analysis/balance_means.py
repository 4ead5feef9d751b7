"""What a balanced score is made of, and the means that make one figure of it.

Each axis is a figure from 0 to 1, larger for better. Which of them count, and with
which weights, a balance says (``values.balance``).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from pytest_llmlat.values.balance import AxisName, weighed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_llmlat.values.balance import Balance

FloatOrDraws: TypeAlias = Any
"""A float, or a numpy array of draws that is worked on element by element."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreAxis:
    """One of the figures that a score weighs against each other."""

    name: AxisName
    per_budget: bool
    """Whether it is 1 / (1 + x / budget) of a quantity that is better the less it is,
    such as a time: its odds, s / (1 - s), are how often x goes into the budget."""


AXES: tuple[ScoreAxis, ...] = (
    ScoreAxis(name="quality", per_budget=False),
    ScoreAxis(name="speed", per_budget=True),
    ScoreAxis(name="cost", per_budget=True),
)
"""The axes that a score may have, in their order."""


def combine(scores: Mapping[AxisName, FloatOrDraws], balance: Balance) -> FloatOrDraws:
    """Return the weighted mean of the scores of all axes that count.

    Args:
        scores: of each axis, between 0 and 1; ``None`` for one that does not count.
        balance: which mean, of which axes.

    Raises:
        ValueError: an axis that counts has no score.
    """
    asked = weighed(balance)
    shares = asked.shares
    axes = [axis for axis in AXES if axis.name in shares]
    missing = [axis.name for axis in axes if scores[axis.name] is None]
    if missing:
        raise ValueError(f"no score of {', '.join(missing)}")
    pairs = [(scores[axis.name], shares[axis.name]) for axis in axes]
    if asked.mean == "arithmetic":
        return sum(weight * score for score, weight in pairs)
    product = math.prod(score**weight for score, weight in pairs)
    if asked.mean == "geometric":
        return product
    if asked.mean == "proportional":
        left = math.prod(
            (1 - score) ** weight
            for axis, (score, weight) in zip(axes, pairs, strict=True)
            if axis.per_budget
        )
        whole = product + left
        return product / (whole + (whole == 0))
    # The harmonic mean w/q + (1-w)/s, inverted, without dividing by a half of 0.
    values = [score for score, _ in pairs]
    mixed = sum(
        weight * math.prod(other for there, other in enumerate(values) if there != here)
        for here, (_, weight) in enumerate(pairs)
    )
    return math.prod(values) / (mixed + (mixed == 0))
