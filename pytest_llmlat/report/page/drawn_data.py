"""What is drawn of all cells of a run, gathered from what the page has of each."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_llmlat.report.page.calibration_plot import calibration_plots
from pytest_llmlat.report.page.cell_content import (
    CellContent,
    CellDrawing,
    CellRoom,
)
from pytest_llmlat.report.page.rows import row_key
from pytest_llmlat.report.page.samples import Fewest, Store, shares
from pytest_llmlat.values.percentiles import distribution

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_llmlat.report.page.calibration_plot import CalibrationPlot
    from pytest_llmlat.values.results import Scoreboard

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


def rooms_of(board: Scoreboard) -> dict[str, CellRoom]:
    """Return how much of each cell of a board the page has room for, by its id."""
    dots = max(20, min(_DOTS, _ALL_DOTS // max(1, len(board.summaries))))
    counts = [summary.samples for summary in board.summaries]
    return {
        summary.cell.id: CellRoom(samples=most, dots=dots)
        for summary, most in zip(board.summaries, shares(counts), strict=True)
    }


def read(board: Scoreboard, contents: Iterable[CellContent]) -> PlotPoints:
    """Gather what is drawn, and store the samples.

    Args:
        board: tells which cells there are, and in which order they are shown.
        contents: of its cells, each once at most; their ids are those of the board.
    """
    places = {s.cell.id: place for place, s in enumerate(board.summaries)}
    drawings = [CellDrawing(Fewest(0)) for _ in places]
    store = Store(len(places))
    for content in contents:
        place = places[content.cell.id]
        drawings[place] = content.drawing
        store.take(place, content.samples)
    return PlotPoints(
        drawn={
            "cells": [drawing.content() for drawing in drawings],
            "medians": _medians(board, drawings),
        },
        store=store,
        calibrations=calibration_plots(
            (summary.cell, drawing.labelled)
            for summary, drawing in zip(board.summaries, drawings, strict=True)
        ),
    )


def _medians(
    board: Scoreboard, drawings: Sequence[CellDrawing]
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
