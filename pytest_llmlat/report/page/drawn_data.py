"""What is drawn of each cell, gathered in one pass over the records of a run.

Times of all answers are kept as numbers; texts go to the samples, cell by cell.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING, Any

from pytest_llmlat.report.page.calibration_plot import (
    LabelledGrades,
    calibration_plots,
)
from pytest_llmlat.report.page.rows import row_key
from pytest_llmlat.report.page.samples import Fewest, Store, digest, rounded
from pytest_llmlat.values.answer_speed import answer_time
from pytest_llmlat.values.percentiles import distribution

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_llmlat.report.page.calibration_plot import CalibrationPlot
    from pytest_llmlat.values.records import Record
    from pytest_llmlat.values.results import Scoreboard

STEPS = 200
"""Steps of a distribution that are drawn; of more answers, as many of their ranks."""
_DOTS = 150
_ALL_DOTS = 12_000
"""Points at most of all cells in a plot of single answers, for the browser's sake."""


@dataclass(frozen=True, slots=True)
class PlotPoints:
    """Points of the page's plots, gathered in one pass over the records."""

    drawn: dict[str, Any]
    """What the plots are drawn of, as JSON."""
    store: Store
    calibrations: list[CalibrationPlot]


@dataclass(slots=True)
class _Parts:
    """Sums of the parts of the answers' time: waiting, first token, the rest."""

    split: int = 0
    """Answers whose first token is known."""
    whole: int = 0
    """Answers of which only the end is known."""
    queued: int = 0
    """Answers that are split and had a scheduled arrival."""
    queue_s: float = 0.0
    first_s: float = 0.0
    rest_s: float = 0.0
    whole_s: float = 0.0

    def add(self, record: Record) -> None:
        timing = record.timing
        if timing is None or answer_time(record) is None:
            return
        if timing.ttft_s is None:
            self.whole += 1
            self.whole_s += timing.e2e_s
            return
        waited = timing.queue_s
        self.split += 1
        self.queued += waited is not None
        self.queue_s += waited or 0.0
        self.first_s += timing.ttft_s - (waited or 0.0)
        self.rest_s += timing.e2e_s - timing.ttft_s


@dataclass(slots=True)
class _Drawing:
    """The drawing of one cell while its records pass by."""

    dots: Fewest[tuple[float, float]]
    times: array[float] = field(default_factory=lambda: array("d"))
    timeouts: int = 0
    parts: _Parts = field(default_factory=_Parts)
    budget_s: float | None = None
    asked: int = 0
    chances: float = 0.0
    labelled: LabelledGrades = field(default_factory=LabelledGrades)

    def add(self, record: Record) -> None:
        self.labelled.add(record)
        self.budget_s = record.budget_s
        self.asked += 1
        self.chances += record.chance
        e2e_s = answer_time(record)
        self.parts.add(record)
        if e2e_s is not None:
            self.times.append(e2e_s)
        elif record.finish == "timeout":
            self.timeouts += 1
        timing = record.timing
        if e2e_s is None or timing is None or timing.ttft_s is None:
            return
        if record.output_tokens is not None:
            dot = (float(record.output_tokens), rounded(timing.ttft_s))
            self.dots.add(digest(record.sample), dot)

    def content(self) -> dict[str, Any]:
        """Return what is drawn as JSON."""
        parts = self.parts
        return {
            "steps": steps(self.times, self.timeouts),
            "answered": len(self.times),
            "timeouts": self.timeouts,
            "dots": self.dots.values(),
            "dotted": self.dots.seen,
            "budget": self.budget_s,
            "chance": self.chances / self.asked if self.asked else None,
            "split": parts.split,
            "whole": parts.whole,
            "queued": parts.queued,
            "spent": [
                *map(rounded, (parts.queue_s, parts.first_s, parts.rest_s)),
                rounded(parts.whole_s),
            ],
        }


def read(board: Scoreboard, records: Iterable[Record]) -> PlotPoints:
    """Go through the records once.

    Args:
        board: tells which cells there are and how many samples each has.
        records: those of a cell one after the other.

    Raises:
        ValueError: the records of a cell do not stand together.
    """
    places = {s.cell.id: place for place, s in enumerate(board.summaries)}
    few = max(20, min(_DOTS, _ALL_DOTS // max(1, len(places))))
    drawings = {id_: _Drawing(Fewest(few)) for id_ in places}
    store = Store([s.samples for s in board.summaries])
    seen: set[str] = set()
    for id_, group in groupby(records, key=lambda record: record.cell.id):
        if id_ in seen:
            raise ValueError(f"the records of {id_!r} do not stand together")
        seen.add(id_)
        if id_ in places:
            drawing = drawings[id_]
            store.store(places[id_], _passing(group, drawing))
    return PlotPoints(
        drawn={
            "cells": [drawing.content() for drawing in drawings.values()],
            "medians": _medians(board, list(drawings.values())),
        },
        store=store,
        calibrations=calibration_plots(
            (summary.cell, drawings[summary.cell.id].labelled)
            for summary in board.summaries
        ),
    )


def _passing(records: Iterable[Record], drawing: _Drawing) -> Iterable[Record]:
    for record in records:
        drawing.add(record)
        yield record


def steps(times: Sequence[float], timeouts: int) -> list[list[float]]:
    """Return the steps of the distribution: [seconds, share that had answered].

    A time-out counts in the share and has no step: all that is known of it is that
    it took longer. So the last step is below 1 where there was one.
    """
    ranked = sorted(times)
    count, total = len(ranked), len(ranked) + timeouts
    if count <= STEPS:
        ranks = list(range(1, count + 1))
    else:
        ranks = [1 + round(k * (count - 1) / (STEPS - 1)) for k in range(STEPS)]
    shown: dict[float, int] = {}
    for rank in ranks:
        value = ranked[rank - 1]
        shown[rounded(value)] = bisect_right(ranked, value)
    return [[value, rounded(rank / total)] for value, rank in shown.items()]


def _medians(
    board: Scoreboard, drawings: Sequence[_Drawing]
) -> list[tuple[int, str, float | None]]:
    """Return the median time of each row in each family: (a cell's place, family, s).

    A row may have several tasks of a family; their answers are ranked together.
    """
    groups: dict[tuple[tuple[str, str, str], str], list[int]] = defaultdict(list)
    for place, summary in enumerate(board.summaries):
        groups[row_key(summary.cell), summary.cell.family].append(place)
    return [
        (
            places[0],
            family,
            distribution(
                (time for place in places for time in drawings[place].times),
                censored=sum(drawings[place].timeouts for place in places),
            ).p50,
        )
        for (_, family), places in groups.items()
    ]
