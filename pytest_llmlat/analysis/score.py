"""The balanced score, version 1: speed and quality weighed equally.

Per sample, speed is ``1 / (1 + e2e / budget)``: an answer that takes exactly its
task's latency budget scores one half, and an answer that never came scores 0. The
budget belongs to the task, so adding a model to a comparison moves no other's score.
Quality has the share of guessing taken off. A cell's balanced score is a mean of the
two; geometric by default, because the plain average would give an instant wrong
answer one half.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pytest_llmlat.analysis.balance_means import FloatOrDraws, combine
from pytest_llmlat.values.answer_speed import speed_score
from pytest_llmlat.values.balance import weighed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_llmlat.values.balance import Balance

VERSION = 1
WEIGHTS = tuple(round(0.3 + step / 100, 2) for step in range(41))
"""Weights of quality over which a ranking is tried."""
BUDGETS = tuple(2 ** (step / 4) for step in range(-8, 9))
"""Multiples of all latency budgets over which a ranking is tried."""
DRIFT = 0.05
"""Share by which all times of a cell may be longer than those of one that was measured
at another minute, with nothing changed. Seen on two shared cores at rest: the same 24
answers, a quarter of an hour apart, in ten pairs: up to 2.8 %, twice the standard
deviation is 3.6 %."""


def speed(e2e_s: float | None, budget_s: float) -> float:
    """Return the speed score of one sample; 0 for an error or a time-out (``None``)."""
    return speed_score(e2e_s, budget_s)


def drifted(speed: FloatOrDraws) -> FloatOrDraws:
    """Return the least mean speed score if all times are longer by ``DRIFT``.

    For one sample it is what it will be; of several, the mean is no less.
    """
    return speed / (speed + (1 + DRIFT) * (1 - speed))


def normalize(quality: FloatOrDraws, chance: FloatOrDraws) -> FloatOrDraws:
    """Take guessing off: 0 at ``chance`` or below it, 1 for a perfect metric."""
    return _clamp(above_chance(quality, chance))


def above_chance(quality: FloatOrDraws, chance: FloatOrDraws) -> FloatOrDraws:
    """Return the share of the way from guessing to perfect; below guessing negative.

    Args:
        quality: the metric, between 0 and 1.
        chance: the quality of guessing the same items, below 1.
    """
    return (quality - chance) / (1 - chance)


def balance(
    quality: FloatOrDraws,
    speed: FloatOrDraws,
    balance: Balance,
    *,
    cost: FloatOrDraws = None,
    weight: float | None = None,
) -> FloatOrDraws:
    """Return the weighted mean of quality, speed, and cost where that counts.

    Args:
        quality: between 0 and 1, chance taken off.
        speed: between 0 and 1.
        balance: which mean, of which axes.
        cost: the cost score, between 0 and 1; ``None`` where it does not count.
        weight: another share of quality than the balance says; the others share the
            rest as they did.
    """
    asked = balance if weight is None else weighed(balance).with_quality(weight)
    return combine({"quality": quality, "speed": speed, "cost": cost}, asked)


def front(points: Sequence[tuple[float, ...] | None]) -> tuple[bool | None, ...]:
    """Say of each (quality, seconds) whether it lies on the Pareto front.

    A point is off the front if another is at least as good in all and better in one:
    quality is better the more it is, what follows (a time, a cost) the less. ``None``
    (nothing measured) is neither on it nor a rival.
    """
    known = [point for point in points if point is not None]
    return tuple(
        None
        if point is None
        else not any(_beats(other, point) for other in known if other != point)
        for point in points
    )


def _beats(other: tuple[float, ...], point: tuple[float, ...]) -> bool:
    less = zip(other[1:], point[1:], strict=True)
    return other[0] >= point[0] and all(own <= its for own, its in less)


def rank_ranges(
    scores: Mapping[float, Sequence[float | None]],
) -> tuple[tuple[int, int] | None, ...]:
    """Return the best and the worst place of each row over all weights.

    Args:
        scores: for each weight of quality, the balanced score of each row. Rows
            that tie share the better place; ``None`` has no place.
    """
    columns = list(zip(*scores.values(), strict=True))
    places: list[tuple[int, int] | None] = []
    for column in columns:
        if any(score is None for score in column):
            places.append(None)
            continue
        ranks = [
            1 + sum(other is not None and other > mine for other in row)
            for mine, row in zip(column, scores.values(), strict=True)
        ]
        places.append((min(ranks), max(ranks)))
    return tuple(places)


def integration_scores(
    points: Sequence[tuple[float, float] | None],
) -> tuple[float | None, ...]:
    """Return z(quality) - z(seconds) of each row (Liesefeld & Janczyk 2019).

    ``None`` for all if fewer than two rows are known. An axis on which all rows
    agree tells them apart by nothing and counts 0.
    """
    known = [point for point in points if point is not None]
    if len(known) < 2:  # noqa: PLR2004 - two make a comparison
        return tuple(None for _ in points)
    qualities = [quality for quality, _ in known]
    times = [seconds for _, seconds in known]
    return tuple(
        None if point is None else _z(point[0], qualities) - _z(point[1], times)
        for point in points
    )


def _z(value: float, among: Sequence[float]) -> float:
    # Rounding can leave a spread of 1e-17 where there is none.
    if min(among) == max(among):
        return 0.0
    mean = sum(among) / len(among)
    spread = math.sqrt(sum((x - mean) ** 2 for x in among) / len(among))
    return (value - mean) / spread


def _clamp(value: FloatOrDraws) -> FloatOrDraws:
    """Bound a number, or each of an array, to 0 ... 1."""
    clip = getattr(value, "clip", None)
    return clip(0.0, 1.0) if clip else max(0.0, min(1.0, value))
