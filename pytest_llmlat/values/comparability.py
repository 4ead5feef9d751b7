"""Which rows of a scoreboard may be compared, and what came of comparing them.

Decided once, in ``analysis``; reports only word it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, TypeAlias

FrontAxis: TypeAlias = Literal["e2e", "speed"]
"""What quality is laid against: the e2e p50, or the speed score."""
AXES: tuple[FrontAxis, ...] = ("e2e", "speed")


class WhyApart(StrEnum):
    """Why two rows were not compared; the first that holds is told."""

    LOAD = "load"
    """They were measured in different scenarios."""
    FAMILIES = "families"
    """They cover different families of tasks."""
    TASKS = "tasks"
    """They cover different tasks of the same families."""
    VERSION = "version"
    """A task of the same name asks or accepts something else (its revision)."""
    MISSING = "missing"
    """One of them lacks answers, perhaps the hard or the slow ones."""
    SAMPLES = "samples"
    """They were asked different samples of the same tasks."""
    REQUESTS = "requests"
    """They were asked the same samples, but not as often."""


class WhyUnranked(StrEnum):
    """Why a row has no place beside others: nothing says that it is good at all."""

    UNANSWERED = "unanswered"
    """Every request of a cell failed or ran into the time limit."""
    QUALITY = "quality"
    """The metric itself is 0."""
    GUESSING = "guessing"
    """The metric is above 0, and not above guessing for certain."""


Pace: TypeAlias = Literal["faster", "slower"]
Answers: TypeAlias = Literal["better", "worse"]


class WhyBetter(StrEnum):
    """In which way a row is better than another for certain."""

    FASTER = "faster"
    """It is faster, and its quality is no worse by more than ``EQUAL_QUALITY``."""
    ANSWERS = "answers"
    """Its quality is higher, and it is no slower by more than ``EQUAL_TIME``."""
    BALANCE = "balance"
    """Its balanced score is higher."""


EQUAL_QUALITY = 0.05
"""Points of the metric that a row may be worse by and be as good."""
EQUAL_TIME = 0.10
"""Share by which times may be longer and be as short: twice the drift of a cell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Apart:
    """A row that was not compared with those of a comparison."""

    row: str
    """Its id."""
    why: WhyApart


@dataclass(frozen=True, slots=True, kw_only=True)
class Unranked:
    """A row of a comparison that has no place in it."""

    row: str
    """Its id."""
    why: WhyUnranked


@dataclass(frozen=True, slots=True, kw_only=True)
class Front:
    """The Pareto front of a plane of quality and time, of the rows that are ranked.

    A row is off it if another is at least as good in both and better in one. Quality
    is the metric itself.
    """

    family: str | None
    """Over which family; ``None`` for all of them."""
    axis: FrontAxis
    rows: tuple[str, ...]
    """Ids, best balanced score first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HalfBetter:
    """A row that the best one differs from for certain, without being better."""

    row: str
    """Its id."""
    pace: Pace | None
    """The best one is so, beside it."""
    answers: Answers | None
    """Those of the best one are so, beside its."""


SweptName: TypeAlias = Literal["weight", "budget"]
"""A choice that went into scores: the weight of quality, or the latency budgets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """How far the order of rows holds while a choice is varied.

    A weight is that of quality, 0 to 1; a budget is a multiple of those of the tasks.
    """

    of: SweptName
    low: float
    """From where it was varied ..."""
    high: float
    """... to where."""
    holds_from: float
    """From where the order is what it is, without a break ..."""
    holds_to: float
    """... to where; the same as the ends above where it holds throughout."""

    @property
    def decides(self) -> bool:
        """Whether places change on the way."""
        return (self.low, self.high) != (self.holds_from, self.holds_to)


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Rows that were asked the same under the same load, and how they compare.

    One row that nothing was compared with is a comparison of one.
    """

    scenario: str
    families: tuple[str, ...]
    rows: tuple[str, ...]
    """Ids, best balanced score first; those that are not ranked come last."""
    places: tuple[int | None, ...]
    """Of each row by its balanced score; rows that tie share the better place.
    ``None`` for those that are not ranked."""
    best: str | None
    """The row of the best balanced score; ``None`` for a single row, and where no
    row is ranked."""
    better_than: tuple[str, ...]
    """Rows that the best one is better than for certain (95 %, all pairs at once)."""
    not_distinguishable: tuple[str, ...]
    """Rows of which neither that nor anything else can be told."""
    halves: tuple[HalfBetter, ...]
    """Rows that it differs from in one half for certain, or in both against each
    other."""
    fronts: tuple[Front, ...]
    weight_decides: bool
    """Whether places change over the weights of quality from 0.3 to 0.7."""
    sweeps: tuple[Sweep, ...]
    """Of each choice that was varied; none where fewer than two rows are ranked."""
    time_hardly_counts: float | None
    """The largest weight of time beside quality of a ranked row, where it is so small
    that twice the time would lower no score by more than a twentieth."""
    unranked: tuple[Unranked, ...]
    """Rows that are not above guessing for certain."""
    right_in_time: int
    """Answers that were right and within their budget ..."""
    judged: int
    """... of so many whose metric knows right and wrong."""
    contended: bool
    """Whether a cell of a row was measured while the machine was busy."""
    apart: tuple[Apart, ...]
    """Each other row that has a score."""
    behind: bool = False
    """Whether a cell of a row did not keep up with its load."""

    @property
    def ranked(self) -> tuple[str, ...]:
        """Rows that have a place, best balanced score first."""
        without = {one.row for one in self.unranked}
        return tuple(row for row in self.rows if row not in without)

    @property
    def front(self) -> tuple[str, ...]:
        """The Pareto front of quality and e2e p50 over all families."""
        return next(
            (f.rows for f in self.fronts if f.family is None and f.axis == "e2e"), ()
        )
