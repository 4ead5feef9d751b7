"""Result of a load search: the highest load that is good and correct."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from pytest_llmlat.values.estimate import Estimate
    from pytest_llmlat.values.load_goal import LoadGoal

SearchEnd: TypeAlias = Literal["found", "at least", "none", "levels", "unfinished"]
"""End of a search: the highest level was found; the highest one that may be tried
holds; none holds; too many levels were tried; it was cut off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TriedLevel:
    """One level that a search tried."""

    level: float
    visits: int
    requests: int
    outcome: str
    """``holds``, ``fails`` or ``open``."""
    why: str | None
    """What it fails on, or what is not clear."""
    share: Estimate
    """Share of requests that met every objective; its interval and the others hold at
    every look and for all levels together."""
    quality: Estimate
    change: Estimate
    """Difference of quality to the same samples alone."""
    changed: int
    """Answers that are other than the first one alone to the same sample."""
    compared: int
    """Answers that were held against one alone."""
    requests_per_s: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchedLoad:
    """The result of a search, and the levels that it tried."""

    task: str
    model: str
    device: str
    kind: str
    """Kind of load: ``concurrent`` or ``server``."""
    goal: LoadGoal
    end: SearchEnd
    level: float | None
    """The highest load that holds, between two that were tried, by the share of good
    requests at both; ``None`` where none holds."""
    low: float | None
    """The highest level that holds for certain; ``None`` where none does."""
    high: float | None
    """The lowest level that fails for certain; ``None`` where none does."""
    held: float | None
    """The highest level that was tried and holds, be it certain or not."""
    following: float | None
    """The next higher level that was tried; it does not hold."""
    levels: tuple[TriedLevel, ...]
    """All levels, lowest first."""
    quality_alone: float | None
    changed_alone: int
    """Second answers alone that are other than the first."""
    compared_alone: int

    def tried(self, level: float | None) -> TriedLevel | None:
        """Return a level that was tried; ``None`` if it was not."""
        return next((each for each in self.levels if each.level == level), None)
