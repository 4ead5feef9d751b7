"""Comparisons of a scoreboard's rows: which may be compared, and the result.

Decided once, in ``analysis``; reports only word it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, TypeAlias

FrontAxis: TypeAlias = Literal["e2e", "speed", "cost", "e2e and cost"]
"""What stands beside quality on a Pareto front: the e2e p50, the speed score, the cost
of an answer, or the first and the last together."""
AXES: tuple[FrontAxis, ...] = ("e2e", "speed")
COST_AXES: tuple[FrontAxis, ...] = ("cost", "e2e and cost")
"""Those of which there are fronts where cost is weighed."""


class WhyApart(StrEnum):
    """Reason why two rows were not compared; the first that holds."""

    LOAD = "load"
    """The rows were measured in different scenarios."""
    FAMILIES = "families"
    """The rows cover different families of tasks."""
    TASKS = "tasks"
    """The rows cover different tasks of the same families."""
    VERSION = "version"
    """A task of the same name asks or accepts something else (its revision)."""
    MISSING = "missing"
    """One row lacks answers, perhaps the hard or the slow ones."""
    SAMPLES = "samples"
    """The rows were asked different samples of the same tasks."""
    REQUESTS = "requests"
    """The rows were asked the same samples, but not equally often."""


class WhyUnranked(StrEnum):
    """Reason why a row has no place beside others: it may be no good at all."""

    UNANSWERED = "unanswered"
    """Every request of a cell failed or ran into the time limit."""
    QUALITY = "quality"
    """The metric itself is 0."""
    GUESSING = "guessing"
    """The metric is above 0, and not above guessing for certain."""


Pace: TypeAlias = Literal["faster", "slower"]
Answers: TypeAlias = Literal["better", "worse"]


class WhyBetter(StrEnum):
    """Way in which a row is better than another for certain."""

    FASTER = "faster"
    """Faster, and no worse in quality by more than ``EQUAL_QUALITY``."""
    ANSWERS = "answers"
    """Higher quality, and no slower by more than ``EQUAL_TIME``."""
    BALANCE = "balance"
    """Higher balanced score."""


EQUAL_QUALITY = 0.05
"""Points of the metric by which a row may be worse and count as equally good."""
EQUAL_TIME = 0.10
"""Share by which times may be longer and count as equally short: twice the drift of a
cell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Apart:
    """A row that was not compared with those of a comparison."""

    row: str
    """Id of the row."""
    why: WhyApart


@dataclass(frozen=True, slots=True, kw_only=True)
class Unranked:
    """A row of a comparison that has no place in it."""

    row: str
    """Id of the row."""
    why: WhyUnranked


@dataclass(frozen=True, slots=True, kw_only=True)
class Front:
    """The Pareto front of quality, time and cost, of the rows that are ranked.

    A row is off it if another is at least as good in all and better in one. Quality
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
    """Id of the row."""
    pace: Pace | None
    """Pace of the best row beside this one: faster, or slower."""
    answers: Answers | None
    """Answers of the best row beside this one's: better, or worse."""


SweptName: TypeAlias = Literal["weight", "budget", "cost_budget"]
"""Name of a choice behind scores: the weight of quality, the latency budgets, or the
cost budgets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """Range of a choice over which the order of rows holds.

    A weight is that of quality, 0 to 1; a budget is a multiple of those of the tasks.
    """

    of: SweptName
    low: float
    """Lowest value that was tried."""
    high: float
    """Highest value that was tried."""
    holds_from: float
    """Lowest value down to which the order stays the same without a break."""
    holds_to: float
    """Highest value up to which it stays the same; ``low`` and ``high`` where it always
    holds."""

    @property
    def decides(self) -> bool:
        """Whether places change on the way."""
        return (self.low, self.high) != (self.holds_from, self.holds_to)


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A comparison: rows that were asked the same under the same load.

    A row that nothing was compared with is a comparison of one.
    """

    scenario: str
    families: tuple[str, ...]
    rows: tuple[str, ...]
    """Ids, best balanced score first; those that are not ranked come last."""
    places: tuple[int | None, ...]
    """Rank of each row by its balanced score; rows that tie share the better one.
    ``None`` for those that are not ranked."""
    best: str | None
    """Id of the row of the best balanced score; ``None`` for a single row, and where no
    row is ranked."""
    better_than: tuple[str, ...]
    """Rows that the best one is better than for certain (95 %, all pairs at once)."""
    not_distinguishable: tuple[str, ...]
    """Rows that the best one differs from in nothing for certain."""
    halves: tuple[HalfBetter, ...]
    """Rows that the best one differs from in one half for certain, or in both in
    opposite directions."""
    fronts: tuple[Front, ...]
    weight_decides: bool
    """Whether places change over the weights of quality from 0.3 to 0.7."""
    sweeps: tuple[Sweep, ...]
    """Result of each choice that was varied; none where fewer than two rows are
    ranked."""
    time_hardly_counts: float | None
    """Largest weight of time beside quality of a ranked row, where it is so small that
    twice the time would lower no score by more than a twentieth."""
    unranked: tuple[Unranked, ...]
    """Rows that are not above guessing for certain."""
    right_in_time: int
    """Answers that were right and within their budget."""
    judged: int
    """Answers whose metric knows right and wrong."""
    contended: bool
    """Whether a cell of a row was measured while the machine was busy."""
    apart: tuple[Apart, ...]
    """All other rows that have a score, and why each is not in this comparison."""
    behind: bool = False
    """Whether a cell of a row did not keep up with its load."""
    stopped: tuple[str, ...] = ()
    """Rows that the best one is not told apart from, since a cell of one of both was
    measured until its result was clear: its verdicts tell."""

    @property
    def ranked(self) -> tuple[str, ...]:
        """Rows that have a place, best balanced score first."""
        without = {one.row for one in self.unranked}
        return tuple(row for row in self.rows if row not in without)

    @property
    def front(self) -> tuple[str, ...]:
        """The Pareto front over all families: of cost too where that is weighed."""
        axis = "e2e and cost" if self.weighs_cost else "e2e"
        return next(
            (f.rows for f in self.fronts if f.family is None and f.axis == axis), ()
        )

    @property
    def weighs_cost(self) -> bool:
        """Whether its scores weigh what answers cost."""
        return any(front.axis == "e2e and cost" for front in self.fronts)
