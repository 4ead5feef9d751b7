"""The definition of a figure: unit, direction, reading and columns."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pytest_llmlat.values.cell_facts import CellFacts
    from pytest_llmlat.values.records import Record
    from pytest_llmlat.values.timing import Timing

Shape: TypeAlias = Literal["number", "estimate", "distribution"]
Unit: TypeAlias = Literal[
    "ratio",
    "difference",
    "s",
    "1/s",
    "tokens/s",
    "tokens",
    "bytes",
    "count",
    "money",
    "J",
    "W",
    "g",
]
"""Money is in the currency of the run's prices."""
Spent: TypeAlias = Literal[
    "money", "joules", "net_joules", "estimated_joules", "carbon"
]
"""What answers cost: money, measured joules, these less idle power, joules by TDP, or
grams of carbon dioxide."""
Earned: TypeAlias = Literal["all", "answers", "tokens", "each token", "right"]
"""What is paid for: all of it at once, answers, thousands of their tokens, each of
these, right answers."""
Better: TypeAlias = Literal["higher", "lower"]
Percentile: TypeAlias = Literal["mean", "p50", "p90", "p95", "p99"]
Statistic: TypeAlias = Literal["value", "mean", "p50", "p90", "p95", "p99"]
Form: TypeAlias = Literal["value", "bounds", "interval"]
"""How a column writes a figure: alone, with its 95 % interval, or that alone."""
View: TypeAlias = Literal[
    "cells", "rows", "row_lines", "page", "loads", "curves", "history", "plot"
]
"""Table or drawing in which a column stands. ``cells`` and ``rows``: the tables of
cells and of rows of terminal, Markdown, notebook and page; ``row_lines``: those of rows
but for the page's, ``page``: that alone. ``loads``: the tables of load curves,
``curves``: the page's drawings of them, of seconds and of requests a second.
``history``: its table, ``plot``: its picture."""

EVERYWHERE: tuple[View, ...] = ("cells", "rows", "history")


@dataclass(frozen=True, slots=True, kw_only=True)
class FigureColumn:
    """A column that a figure has in tables.

    It is left out where no line fills it, but for those that a layout puts first.
    """

    title: str
    views: tuple[View, ...]
    which: Statistic = "value"
    """Statistic of a distribution that it shows; ``value`` of all else."""
    form: Form = "value"
    meaning: str = ""
    out_of: str | None = None
    """Field with the full count: ``10/12`` where they differ."""
    stands_with: str | None = None
    """Field of a summary whose presence makes the column stand, filled or not."""
    otherwise: str | None = None
    """Figure that is shown where this one is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordValues:
    """Values that one record adds to a distribution."""

    values: Sequence[float]
    censored: int = 0
    """Number of further values that are only known to be longer."""


NO_VALUES = RecordValues(values=())
"""What a record adds that the figure is not about; one value, since most are not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RatioParts:
    """Two summands that one record adds to a ratio: a share, a mean or a rate."""

    above: float | None
    """Summand of the numerator; ``None`` where it is not known of this record, and so
    not of its cell."""
    below: float | None = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class FigureDefinition:
    """The definition of a figure: its meaning, how it is read and where it is shown."""

    name: str
    """Name in ``Summary`` and ``summary.json``, with its unit at the end."""
    meaning: str
    """Meaning of a cell's figure, in a sentence; the schema tells it."""
    shape: Shape
    unit: Unit
    better: Better | None
    row_meaning: str | None = None
    """Meaning of a row's figure; ``None`` where rows do not have it."""
    limited: bool = False
    """Whether an absolute limit can be set on it."""
    compared: bool = False
    """Whether it is gated as the ratio of a sample's latencies in two runs."""
    of_time: bool = False
    """Whether it is made of times although its unit is none of time."""
    headlines: tuple[Statistic, ...] = ()
    """Statistics that JUnit's and pytest-benchmark's files tell; ``value`` of what is
    no distribution."""
    optional: bool = True
    """Whether it can be missing; a count of what is always known cannot, it is 0."""
    read: Callable[[Record], RecordValues] | None = None
    """Returns the values that a record adds to a distribution. A figure without
    ``read``, ``ratio``, ``averaged``, ``count``, ``earned`` and ``told`` is a field of
    ``Summary``, made in ``analysis``."""
    ratio: Callable[[Record], RatioParts | None] | None = None
    """Returns the two summands of a record; ``None`` for one that the figure is not
    about."""
    averaged: Callable[[Record], float | None] | None = None
    """Returns a record's share, 0 to 1, of a mean over requests that has an
    interval; ``None`` for one that the figure is not about. A row has the mean over
    its families."""
    count: Callable[[Record], int | None] | None = None
    """Returns what a record adds to a count; ``None`` where it is not known."""
    earned: Earned | None = None
    """Divisor of what a cell cost; a row divides that of its cells together."""
    spent: Spent = "money"
    """What it cost, where ``earned`` is given."""
    told: Callable[[CellFacts], float | None] | None = None
    """Returns the figure of a cell's facts, such as its load. Rows have no such
    figure."""
    per_token: bool = False
    """Whether messages of several tokens make it longer than it is per token."""
    exported: Mapping[str, Callable[[Record], float | None]] = field(
        default_factory=dict
    )
    """Columns of the export, each of one record."""
    columns: tuple[FigureColumn, ...] = ()
    noted: tuple[View, ...] = ()
    """Tables whose notes tell the count, where it is not 0."""

    @property
    def short(self) -> str:
        """Name in options: ``e2e`` for ``e2e_s``."""
        timed = self.shape == "distribution"
        return self.name.removesuffix("_s") if timed else self.name

    @property
    def by_entry(self) -> bool:
        """Whether its definition alone says how to compute it."""
        own = (self.read, self.ratio, self.averaged, self.count, self.told)
        return self.earned is not None or any(each is not None for each in own)

    @property
    def timed(self) -> bool:
        """Whether it is worse on a machine that is busy."""
        return self.of_time or self.unit in ("s", "1/s", "tokens/s")


def timed(of: Callable[[Timing], float | None]) -> Callable[[Record], float | None]:
    """Return what reads a duration off a record.

    It is ``None`` of one without times, and of one that failed: what came before it was
    given up is no latency, and would flatter whoever averages the column.
    """
    return lambda record: (
        of(record.timing) if record.timing and record.answered else None
    )
