"""From runs to points: what each cell came to in each run, and what changed between."""

from __future__ import annotations

import math
from dataclasses import dataclass
from hashlib import sha256
from itertools import pairwise
from typing import TYPE_CHECKING

from pytest_llmlat.analysis.summary import summarise
from pytest_llmlat.gate.limits import figure as figure_of
from pytest_llmlat.gate.matching import disturbed
from pytest_llmlat.gate.pairing import log_times
from pytest_llmlat.report.figures import printable
from pytest_llmlat.store.baselines.untimed_facts import UNTIMED_FACTS
from pytest_llmlat.store.record_reader import records_of
from pytest_llmlat.values.column_order import HISTORY_LAYOUT, PLOT_LAYOUT
from pytest_llmlat.values.figure_columns import (
    column_estimate,
    column_key,
    columns_of,
)
from pytest_llmlat.values.results import Estimate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from pytest_llmlat.store.run_reader import Run
    from pytest_llmlat.values.balance import Balance
    from pytest_llmlat.values.cell_facts import CellFacts
    from pytest_llmlat.values.figure import FigureColumn, FigureDefinition
    from pytest_llmlat.values.figure_columns import DefinedColumn
    from pytest_llmlat.values.records import Cell, Record
    from pytest_llmlat.values.results import Summary

_DIGITS = 12
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A point of a history: one cell in one run."""

    run: str
    started: str
    commit: str | None
    machine: int
    """Index of its machine in ``History.machines``."""
    partial: bool
    disturbed: str | None
    """Why its latencies prove nothing; ``None`` if they may."""
    revision: str | None
    """Digest of what its task asks and accepts."""
    setting: str
    """Digest of what the backend said of itself: dtype, weights, context."""
    asked: str
    """Digest of which samples were asked."""
    figures: tuple[tuple[str, Estimate], ...]
    """Figures of the table and of the picture, by the names of their columns."""
    logs: tuple[tuple[str, float], ...] = ()
    """Logarithm of the e2e in seconds of each sample that has one."""

    @property
    def alike(self) -> tuple[object, ...]:
        """Identity of its series: points that are comparable have the same."""
        return self.machine, self.revision, self.setting, self.asked

    def figure(self, key: str) -> Estimate:
        """Return the figure of a column; without a value if it is not known."""
        return dict(self.figures).get(key, Estimate(value=None))


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """The points of one cell over all runs that have it, oldest first."""

    cell: Cell
    points: tuple[Point, ...]

    def changes(self, point: Point) -> tuple[str, ...]:
        """Say why a point is not comparable with the one before on its machine."""
        before: Point | None = None
        for each in self.points:
            if each is point:
                break
            if each.machine == point.machine:
                before = each
        return () if before is None else _changes(before, point)


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """All cells of some runs."""

    balance: Balance
    machines: tuple[Mapping[str, object], ...]
    """Each machine with its software that measured: the facts that latencies depend
    on."""
    runs: tuple[str, ...]
    """Ids of the runs, oldest first."""
    timelines: tuple[Timeline, ...]

    def differences(self, machine: int) -> tuple[str, ...]:
        """Say how a machine differs from the first one."""
        first, other = self.machines[0], self.machines[machine]
        return tuple(
            f"{name}: {other.get(name)}, not {first.get(name)}"
            for name in dict.fromkeys([*first, *other])
            if first.get(name) != other.get(name)
        )


def history_of(
    runs: Iterable[Run],
    *,
    balance: Balance,
    tell: Callable[[str], None] | None = None,
) -> History:
    """Compute the points of runs, which are sorted by when they began.

    All of it is counted anew from the records, with the same mean for every run. One
    cell is in memory at a time.

    Args:
        runs: opened.
        balance: which mean is called balanced.
        tell: gets a sentence for each cell of which lines had to be left out.
    """
    ordered = sorted(runs, key=lambda run: (str(run.told["started"]), _id(run)))
    machines: dict[tuple[tuple[str, str], ...], Mapping[str, object]] = {}
    found: dict[Cell, list[Point]] = {}
    for run in ordered:
        facts = {one.cell: one for one in run.facts}
        timed = _timed(run.told["environment"])
        key = tuple(sorted((name, repr(value)) for name, value in timed.items()))
        machines.setdefault(key, timed)
        place = list(machines).index(key)
        for cell, records in records_of(run, tell=tell):
            if records:
                point = _point(run, place, facts[cell], records, balance)
                found.setdefault(cell, []).append(point)
    return History(
        balance=balance,
        machines=tuple(machines.values()),
        runs=tuple(map(_id, ordered)),
        timelines=tuple(
            Timeline(cell=cell, points=tuple(points))
            for cell, points in sorted(found.items(), key=lambda item: item[0].id)
        ),
    )


def machine_lines(history: History) -> Iterator[str]:
    """Return a line for each letter of a machine: its facts."""
    for place, machine in enumerate(history.machines):
        if place == 0:
            cores = machine.get("cores")
            parts = (
                machine.get("cpu"),
                cores and f"{cores} cores",
                machine.get("gpus"),
            )
            shown = ", ".join(str(part) for part in parts if part)
            told = f"{shown or 'not told'}, and its software"
        else:
            told = "; ".join(history.differences(place))
        yield printable(f"machine {letter(place)}: {told}")


def letter(machine: int) -> str:
    """Return the short name of a machine: A to Z, then A1 and so on."""
    turn, place = divmod(machine, len(_LETTERS))
    return _LETTERS[place] + (str(turn) if turn else "")


def joined(timeline: Timeline) -> list[list[Point]]:
    """Return the points as lines: of one machine each, and broken at every change."""
    lines: list[list[Point]] = []
    for machine in dict.fromkeys(point.machine for point in timeline.points):
        own = [point for point in timeline.points if point.machine == machine]
        line = own[:1]
        for before, point in pairwise(own):
            if _changes(before, point):
                lines.append(line)
                line = []
            line.append(point)
        lines.append(line)
    return lines


def _point(
    run: Run,
    machine: int,
    facts: CellFacts,
    records: Sequence[Record],
    balance: Balance,
) -> Point:
    summary = summarise(facts, records, balance=balance)
    commit = run.told.get("commit")
    return Point(
        run=_id(run),
        started=str(run.told["started"]),
        commit=None if commit is None else str(commit),
        machine=machine,
        partial=summary.partial,
        disturbed=disturbed(facts),
        revision=facts.task_revision,
        setting=_digest(_setting(facts)),
        asked=_digest(sorted({record.sample for record in records})),
        figures=tuple(
            (column_key(*shown), _estimated(summary, records, *shown))
            for shown in _shown()
        ),
        logs=tuple(log_times(records, "e2e").items()),
    )


def _setting(facts: CellFacts) -> object:
    """Return the settings of a model, and the constraint if there was one."""
    held = facts.constraint
    return facts.backend if held is None else (facts.backend, held)


def _shown() -> Iterator[DefinedColumn]:
    """Yield each figure of the table and of the picture once."""
    layouts = (HISTORY_LAYOUT, PLOT_LAYOUT)
    found = {column_key(*c): c for layout in layouts for c in columns_of(layout)}
    yield from found.values()


def _estimated(
    summary: Summary,
    records: Sequence[Record],
    figure: FigureDefinition,
    column: FigureColumn,
) -> Estimate:
    """Return what a column has of a cell, of a median with its interval if it wants it.

    It is the one that a limit is judged by: answers that are alike count as one.
    """
    found = column_estimate(summary, figure, column)
    wanted = column.form == "bounds" and column.which == "p50" and figure.compared
    if not wanted or found.value is None:
        return found
    told, _ = figure_of(summary, records, f"{figure.short}_p50")
    low, high = told.low, told.high
    if low is None or high is None or low <= 0 or not math.isfinite(high):
        # An end that so few answers cannot tell.
        return found
    return Estimate(value=found.value, low=low, high=high)


def _changes(before: Point, after: Point) -> tuple[str, ...]:
    told = {
        "the task changed": before.revision != after.revision,
        "the model's settings changed": before.setting != after.setting,
        "other samples": before.asked != after.asked,
    }
    return tuple(name for name, changed in told.items() if changed)


def _timed(environment: Mapping[str, object]) -> Mapping[str, object]:
    return {
        k: v for k, v in environment.items() if k not in UNTIMED_FACTS and v is not None
    }


def _digest(value: object) -> str:
    return sha256(repr(value).encode("utf-8", "replace")).hexdigest()[:_DIGITS]


def _id(run: Run) -> str:
    return str(run.told["id"])
