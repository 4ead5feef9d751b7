"""What changed over the runs of a history: steps and creeps, in both halves.

Runs are in one series only if they were measured on the same machine and software, of
the same task, settings and samples. A run that lacks answers is in none, and one whose
times were disturbed is in none of time.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Literal, TypeAlias

from pytest_llmlat.gate.change_points import FEWEST, LEVEL, ChangeKind, changes_of
from pytest_llmlat.report.figures import printable
from pytest_llmlat.report.tones import ReportLine

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_llmlat.gate.change_points import SeriesChange
    from pytest_llmlat.report.history.points import History, Point

Half: TypeAlias = Literal["e2e", "quality"]
_PERCENT = 100.0


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryChange:
    """One change of a cell over its runs."""

    cell: str
    half: Half
    kind: ChangeKind
    run: str
    """The first run of the new level; of a creep the last run."""
    since: str
    """The first run that it is compared with."""
    before: int
    """Number of runs at the old level; of a creep all but the last."""
    after: int
    """Number of runs at the new level."""
    change: float
    """Size of the change: of e2e as a share, of quality in its points; positive is
    worse."""
    p: float
    """Probability that chance alone does as much in one series."""

    @property
    def worse(self) -> bool:
        """Whether it is one for the worse."""
        return self.change > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryChanges:
    """All changes of a history, and the number of series that were tested."""

    found: tuple[HistoryChange, ...]
    """The worst first."""
    series: int
    """Number of series that were long enough to test."""
    short: int
    """Number of series that were too short."""
    disturbed: int = 0
    """Number of runs of a cell whose times are in no series, since others used the
    machine."""

    @property
    def worse(self) -> bool:
        """Whether anything got worse."""
        return any(change.worse for change in self.found)

    def at(self, cell: str, run: str) -> tuple[HistoryChange, ...]:
        """Return the changes that are told beside a run."""
        return tuple(c for c in self.found if (c.cell, c.run) == (cell, run))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Series:
    cell: str
    half: Half
    runs: tuple[str, ...]
    values: tuple[float, ...]
    """Values of its runs: logarithms of e2e; of quality with its sign turned round."""


def find_changes(history: History) -> HistoryChanges:
    """Return the changes of all cells in both halves, tested at once."""
    alike = [
        (line, points)
        for line in history.timelines
        for points in _comparable(line.points)
    ]
    series = [
        one
        for line, points in alike
        for one in (_times(line.cell.id, points), _qualities(line.cell.id, points))
    ]
    long = [one for one in series if len(one.runs) >= FEWEST]
    judged = changes_of([one.values for one in long])
    found = [
        _named(one, change)
        for one, changes in zip(long, judged, strict=True)
        for change in changes
    ]
    return HistoryChanges(
        found=tuple(sorted(found, key=lambda c: (not c.worse, -abs(c.change)))),
        series=len(long),
        short=sum(0 < len(one.runs) < FEWEST for one in series),
        disturbed=sum(
            point.disturbed is not None and bool(point.logs)
            for _, points in alike
            for point in points
        ),
    )


def change_lines(changes: HistoryChanges) -> Iterator[ReportLine]:
    """Yield a sentence for each change, and one that sums up."""
    for change in changes.found:
        told = printable(f"{change.cell}: {change_text(change)}")
        yield ReportLine(told, "bad" if change.worse else "good")
    yield ReportLine(changes_sentence(changes), "bad" if changes.worse else None)


def changes_sentence(changes: HistoryChanges) -> str:
    """Say in one sentence what changed."""
    left = [
        f"{changes.short} series of fewer than {FEWEST} runs are too short to tell"
        if changes.short
        else "",
        "runs of a cell whose times were disturbed and are in none:"
        f" {changes.disturbed}"
        if changes.disturbed
        else "",
    ]
    if not changes.series:
        told = f"no series of {FEWEST} comparable runs: nothing can be told of changes"
        return "; ".join([told, *filter(None, left[1:])])
    worse = sum(change.worse for change in changes.found)
    better = len(changes.found) - worse
    counts = [
        f"{count} change{'s' if count > 1 else ''} for the {way}"
        for count, way in ((worse, "worse"), (better, "better"))
        if count
    ]
    told = (
        f"{' and '.join(counts) or 'no change'} in {changes.series} series of runs"
        f" (in at most {LEVEL * _PERCENT:.0f} % of stable histories is any told)"
    )
    return "; ".join([told, *filter(None, left)])


def change_text(change: HistoryChange) -> str:
    """Say what changed, how much, since when, and how sure that is."""
    size = (
        f"{change.change * _PERCENT:+.1f} %"
        if change.half == "e2e"
        else f"{-change.change:+.3f}"
    )
    way = "WORSE" if change.worse else "better"
    chance = f"p {change.p:.2g}"
    if change.kind is ChangeKind.CREEP:
        return (
            f"{way}: {change.half} creeps, {size} from {change.since} to {change.run}"
            f" ({change.before + change.after} runs; {chance})"
        )
    return (
        f"{way}: {change.half} {size} from {change.run} on ({change.before} runs"
        f" before, {change.after} since; {chance})"
    )


def _comparable(points: Sequence[Point]) -> Iterator[list[Point]]:
    """Yield the whole runs that were measured alike, whatever was measured between."""
    found: dict[tuple[object, ...], list[Point]] = defaultdict(list)
    for point in points:
        if not point.partial:
            found[point.alike].append(point)
    yield from found.values()


def _times(cell: str, points: Sequence[Point]) -> _Series:
    """Return the median of each run's times beside those of the same sample in all.

    What differs between samples is taken off, so that what is left is the run's own.
    """
    timed = [point for point in points if point.disturbed is None and point.logs]
    every: dict[str, list[float]] = defaultdict(list)
    for point in timed:
        for sample, log in point.logs:
            every[sample].append(log)
    usual = {sample: median(logs) for sample, logs in every.items()}
    return _Series(
        cell=cell,
        half="e2e",
        runs=tuple(point.run for point in timed),
        values=tuple(
            median(log - usual[sample] for sample, log in point.logs) for point in timed
        ),
    )


def _qualities(cell: str, points: Sequence[Point]) -> _Series:
    told = [(point.run, point.figure("quality").value) for point in points]
    known = [(run, value) for run, value in told if value is not None]
    return _Series(
        cell=cell,
        half="quality",
        runs=tuple(run for run, _ in known),
        values=tuple(-value for _, value in known),
    )


def _named(series: _Series, change: SeriesChange) -> HistoryChange:
    """Say of a change in which runs it is."""
    creeps = change.kind is ChangeKind.CREEP
    told = change.end if creeps else change.first
    size = math.expm1(change.change) if series.half == "e2e" else change.change
    return HistoryChange(
        cell=series.cell,
        half=series.half,
        kind=change.kind,
        run=series.runs[told],
        since=series.runs[change.start],
        before=told - change.start,
        after=change.end - told + 1,
        change=size,
        p=change.p,
    )
