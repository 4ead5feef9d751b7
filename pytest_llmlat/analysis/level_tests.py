"""Tests of one level of a load search: does it hold, fail, or is it not clear yet?

The share of good requests and the mean of quality are each held against their bound by
a confidence sequence, so that a level may be visited again until it is clear. Requests
that follow each other under a load are alike: where they are more alike than chance
makes them, they count for as many as are independent.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from pytest_llmlat.analysis.confidence_sequences import BoundedMean
from pytest_llmlat.values.estimate import Estimate

if TYPE_CHECKING:
    from pytest_llmlat.values.load_goal import LoadGoal

LevelOutcome: TypeAlias = Literal["holds", "fails", "open"]
"""Outcome of a level: it holds or fails for certain, or that is not clear."""
LATENCY, QUALITY, BEHIND = "latency", "quality", "behind"
UNTIMED, CLIENT = "untimed", "client"


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelEvidence:
    """What was seen at one level, over all its visits."""

    level: float
    visits: int
    good: tuple[bool | None, ...]
    """Whether each request met every objective; ``None`` where that is unknown."""
    qualities: tuple[float, ...]
    """Quality of each answer."""
    changes: tuple[float, ...]
    """Quality of each answer minus that of the same sample alone."""
    kept_up: bool | None
    """Whether the server keeps up; ``None`` where that cannot be told yet."""
    limited: str | None = None
    """Why its times are the client's own; ``None`` if they are the server's."""
    alike: float = 1.0
    """Number of requests, on average, that tell as much of the share as a single
    independent one; at least 1."""

    @property
    def requests(self) -> int:
        """Number of requests that count."""
        return len(self.good)


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedLevel:
    """The result of one level."""

    level: float
    requests: int
    outcome: LevelOutcome
    why: str | None
    """What it fails on, or what is not clear; ``None`` where it holds."""
    share: Estimate
    """Share of good requests, with an interval that holds at every look."""
    quality: Estimate
    change: Estimate
    """Difference of quality to the same samples alone."""

    kept_up: bool | None = True
    """Whether the server is known to keep up."""
    alike: float = 1.0
    """Number of requests, on average, that tell as much of the share as a single
    independent one."""

    def likely(self, goal: LoadGoal) -> bool:
        """Whether it holds, as far as is known: for certain, or by its figures."""
        if self.outcome != "open":
            return self.outcome == "holds"
        share, quality, change = self.share, self.quality, self.change
        floor, told = (
            (-goal.lost, change.value)
            if goal.quality is None
            else (goal.quality, quality.value)
        )
        return (
            not self.final
            and self.kept_up is True
            and share.value is not None
            and share.value >= goal.share
            and told is not None
            and told >= floor
        )

    @property
    def final(self) -> bool:
        """Whether no further visit could make it clear."""
        return self.outcome != "open" or self.why in (UNTIMED, CLIENT)


def judged(seen: LevelEvidence, goal: LoadGoal) -> JudgedLevel:
    """Return what is known of a level.

    It holds only if everything is shown: the share, the quality, and that the server
    keeps up. It fails if one of them is shown not to be so.
    """
    outcome, why = _outcome(seen, goal)
    known = [float(each) for each in seen.good if each is not None]
    return JudgedLevel(
        level=seen.level,
        requests=seen.requests,
        outcome=outcome,
        why=why,
        share=_estimate(known, 0.0, goal, alike=seen.alike),
        quality=_estimate(seen.qualities, 0.0, goal),
        change=_estimate(seen.changes, -1.0, goal),
        kept_up=seen.kept_up,
        alike=seen.alike,
    )


def _outcome(seen: LevelEvidence, goal: LoadGoal) -> tuple[LevelOutcome, str | None]:
    # What is unknown may have been good: a level fails only in spite of that.
    good = [1.0 if each is None else float(each) for each in seen.good]
    latency = _shown(good, goal.share, 0.0, goal.alpha, alike=seen.alike)
    if goal.quality is None:
        quality = _shown(seen.changes, -goal.lost, -1.0, goal.alpha)
    else:
        quality = _shown(seen.qualities, goal.quality, 0.0, goal.alpha)
    kept_up = seen.kept_up
    for name, found in ((BEHIND, kept_up), (LATENCY, latency), (QUALITY, quality)):
        if found is False:
            # A client that is late makes times longer, so that only quality counts.
            late = seen.limited is not None and name != QUALITY
            return ("open", CLIENT) if late else ("fails", name)
    if seen.limited is not None:
        return "open", CLIENT
    if None in seen.good:
        return "open", UNTIMED
    for name, found in ((LATENCY, latency), (QUALITY, quality), (BEHIND, kept_up)):
        if found is None:
            return "open", name
    return "holds", None


def _shown(
    values: list[float] | tuple[float, ...],
    bound: float,
    least: float,
    alpha: float,
    *,
    alike: float = 1.0,
) -> bool | None:
    """Say whether a mean is shown to be at least a bound; ``None`` if neither.

    Of ``alike`` values that tell as much as one, each adds its part of the evidence.
    """
    if not values:
        return None
    above = BoundedMean(tuple(values), least, 1.0)
    if above.log_wealth(bound) / alike >= -math.log(alpha):
        return True
    below = BoundedMean(tuple(-value for value in values), -1.0, -least)
    shown = below.log_wealth(-bound) / alike >= -math.log(alpha / 2)
    return False if shown else None


def _estimate(
    values: list[float] | tuple[float, ...],
    least: float,
    goal: LoadGoal,
    *,
    alike: float = 1.0,
) -> Estimate:
    if not values:
        return Estimate(value=None)
    # Evidence is the log of a wealth: so much more of it is asked for.
    alpha = max(1e-200, 2 * goal.alpha**alike)
    low, high = BoundedMean(tuple(values), least, 1.0).interval(alpha)
    return Estimate(value=sum(values) / len(values), low=low, high=high)
