"""Knee of a load: the level at which too few requests are good.

Two estimates are made of the levels that a search visited. The *pooled* one asks only
that the share of good requests does not rise with the level. The *fitted* one also
takes its logit to fall evenly with the logarithm of the level near the knee (logistic
regression, McCullagh and Nelder 1989, ch. 4), so that each level near by adds what it
knows, and the error of the knee is known too.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_llmlat.analysis.level_tests import JudgedLevel
    from pytest_llmlat.analysis.resampling import Array
    from pytest_llmlat.values.load_goal import LoadGoal

_NEAR = 1.5
"""Factor of the knee by which a level that is fitted may differ from it."""
_MISFIT = 3.0
"""Largest misfit of a line: chance alone gives 1, and rarely over 3."""
_STEPS = 50
_LEAST_STEP = 1e-9
_LONGEST_STEP = 3.0
_LEAST_SHARE = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class FittedKnee:
    """Knee by the levels near it."""

    level: float
    error: float
    """Standard error of its logarithm."""
    misfit: float
    """Pearson's chi-squared for each degree of freedom; 0 for two levels."""


def pooled_knee(goal: LoadGoal, levels: Iterable[JudgedLevel]) -> float | None:
    """Return the level at which the share of good requests falls below its bound.

    Shares that do not fall with the level are averaged with their neighbours (pool
    adjacent violators), and between two levels the share is taken to fall evenly with
    the logarithm of the level. A level that is not good enough in another way has no
    good requests here.

    Returns:
        ``None`` where not even the lowest level holds; the highest one where all do.
    """
    blocks: list[list[float]] = []
    for each in sorted(levels, key=lambda each: each.level):
        share = 0.0 if _walled(each, goal) else each.share.value or 0.0
        blocks.append([each.level, each.level, share, float(each.requests)])
        while len(blocks) > 1 and blocks[-2][2] < blocks[-1][2]:
            _, last, one, many = blocks.pop()
            first, _, other, more = blocks.pop()
            mean = (one * many + other * more) / (many + more)
            blocks.append([first, last, mean, many + more])
    good = [block for block in blocks if block[2] >= goal.share]
    if not good:
        return None
    if len(good) == len(blocks):
        return good[-1][1]
    (_, low, above, _), (high, _, below, _) = good[-1], blocks[len(good)]
    way = (above - goal.share) / (above - below)
    return low * math.exp(way * math.log(high / low))


def fitted_knee(goal: LoadGoal, levels: Sequence[JudgedLevel]) -> FittedKnee | None:
    """Return the knee by all levels near it, and how sure it is.

    Returns:
        ``None`` where no curve can be fitted: the share falls below its bound between
        no two levels near by, or a level does not hold though its share is good.
    """
    pooled = pooled_knee(goal, levels)
    if pooled is None:
        return None
    near = [
        each
        for each in levels
        if pooled / _NEAR <= each.level <= pooled * _NEAR and each.share.value
    ]
    if any(_walled(each, goal) for each in near):
        return None
    # Where a queue grows, the share depends on how long one looks.
    near = [each for each in near if each.kept_up is not False]
    near.sort(key=lambda each: abs(math.log(each.level / pooled)))
    while near:
        shares = [each.share.value or 0.0 for each in near]
        if not min(shares) < goal.share <= max(shares):
            return None
        found = _fit(goal.share, near, shares, around=pooled)
        if found is not None and found.misfit <= _MISFIT:
            inside = pooled / _NEAR <= found.level <= pooled * _NEAR
            return found if inside else None
        # On no line with the others: the farthest is not near enough.
        near.pop()
    return None


def _walled(level: JudgedLevel, goal: LoadGoal) -> bool:
    """Whether it does not hold although enough of its requests are good."""
    return (level.share.value or 0.0) >= goal.share and not level.likely(goal)


def _fit(
    share: float, levels: Sequence[JudgedLevel], shares: Sequence[float], around: float
) -> FittedKnee | None:
    """Fit a line to the logits, by iteratively reweighted least squares."""
    import numpy as np

    counts = np.array([each.requests for each in levels], dtype=float)
    # Half a request more of both kinds keeps the logits of 0 and 1 finite.
    good = (np.array(shares) * counts + 0.5) / (counts + 1)
    # Requests that are alike tell as much as fewer of them.
    weights = (counts + 1) / np.array([each.alike for each in levels])
    places = np.log(np.array([each.level for each in levels]) / around)
    columns = np.stack([np.ones_like(places), places], axis=1)
    wanted = math.log(share / (1 - share))
    line = np.array([wanted, 0.0])
    spread = np.zeros((2, 2))
    for _ in range(_STEPS):
        likely = _shares(columns @ line)
        curve = (columns.T * (weights * likely * (1 - likely))) @ columns
        try:
            spread = np.linalg.inv(curve)
        except np.linalg.LinAlgError:
            return None
        step = spread @ (columns.T @ (weights * (good - likely)))
        step = np.clip(step, -_LONGEST_STEP, _LONGEST_STEP)
        line = line + step
        if np.abs(step).max() < _LEAST_STEP:
            break
    start, slope = (float(each) for each in line)
    if not slope < 0:
        return None
    place = (wanted - start) / slope
    # Delta method: both ends of the line move the place where it crosses the bound.
    way = np.array([1.0, place])
    error = math.sqrt(float(way @ spread @ way)) / -slope
    likely = _shares(columns @ line)
    off = weights * (good - likely) ** 2 / (likely * (1 - likely))
    free = len(levels) - len(line)
    return FittedKnee(
        level=around * math.exp(place),
        error=error,
        misfit=float(off.sum()) / free if free else 0.0,
    )


def _shares(logits: Array) -> Array:
    """Return the shares of logits; neither 0 nor 1, so that each has a variance."""
    import numpy as np

    return np.clip(1 / (1 + np.exp(-logits)), _LEAST_SHARE, 1 - _LEAST_SHARE)
