"""The tables of figures that all reports show: their columns and what stands there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from pytest_llmlat.report.figures import (
    MISSING,
    bounds,
    counted,
    ends,
    placed,
    written,
)
from pytest_llmlat.report.load_points import load_notes
from pytest_llmlat.values.column_order import (
    CELL_LAYOUT,
    LOAD_LAYOUT,
    PAGE_ROW_LAYOUT,
    ROW_LAYOUT,
)
from pytest_llmlat.values.figure_columns import (
    column_estimate,
    column_key,
    column_value,
    columns_of,
    noted_counts,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from pytest_llmlat.values.column_order import TableLayout
    from pytest_llmlat.values.figure import FigureColumn, FigureDefinition
    from pytest_llmlat.values.results import Estimate, Scoreboard, Standing, Summary

Line = TypeVar("Line", bound="Summary | Standing")
_NOTES = "notes"


@dataclass(frozen=True, slots=True, kw_only=True)
class TableColumn(Generic[Line]):
    """A column of a table: its title, and its text for a line."""

    key: str
    """Name of the column for programs."""
    title: str
    text: Callable[[Line], str]
    value: Callable[[Line], float | str | None] = lambda _: None
    """Returns the number by which a table is sorted."""
    span: Callable[[Line], Estimate] | None = None
    """Returns the interval that the page draws; ``None`` for what is written only."""
    meaning: str = ""
    number: bool = True
    first: bool = True
    """Whether it is shown even if no line fills it."""


def cell_columns(summaries: Sequence[Summary]) -> list[TableColumn[Summary]]:
    """Return the columns of a table of cells; notes come last."""
    metric: TableColumn[Summary] = TableColumn(
        key="metric",
        title="metric",
        number=False,
        text=lambda s: s.metric or MISSING,
        value=lambda s: s.metric,
    )
    notes: TableColumn[Summary] = TableColumn(
        key=_NOTES,
        title=_NOTES,
        number=False,
        text=_cell_notes,
        value=lambda s: sum(noted_counts(s, "cells").values()),
    )
    return [*_columns(CELL_LAYOUT, summaries, {"metric": metric}), notes]


def row_columns(board: Scoreboard) -> list[TableColumn[Standing]]:
    """Return the columns of a table of rows; those that name the row come first.

    A star stands after who is on the Pareto front of several.
    """
    on = {
        id_
        for comparison in board.comparisons
        if len(comparison.rows) > 1
        for id_ in comparison.front
    }
    who: TableColumn[Standing] = TableColumn(
        key="model",
        title="model",
        number=False,
        text=lambda s: "".join(
            (s.model, " (partial)" * s.partial, " *" * (s.id in on))
        ),
    )
    where: TableColumn[Standing] = TableColumn(
        key="device",
        title="device",
        number=False,
        text=lambda s: placed(s.device, s.scenario),
    )
    return [who, where, *_columns(ROW_LAYOUT, board.standings)]


def page_row_columns(standings: Sequence[Standing]) -> list[TableColumn[Standing]]:
    """Return the columns of figures that the page's scoreboard has."""
    return _columns(PAGE_ROW_LAYOUT, standings)


def load_columns(summaries: Sequence[Summary]) -> list[TableColumn[Summary]]:
    """Return the columns of the points of load curves; notes come last."""
    load: TableColumn[Summary] = TableColumn(
        key="load", title="load", number=False, text=lambda s: s.cell.scenario
    )
    notes: TableColumn[Summary] = TableColumn(
        key=_NOTES, title=_NOTES, number=False, text=load_notes
    )
    return [load, *_columns(LOAD_LAYOUT, summaries), notes]


def titles(columns: Iterable[TableColumn[Line]]) -> tuple[str, ...]:
    """Return the titles of columns."""
    return tuple(column.title for column in columns)


def texts(columns: Iterable[TableColumn[Line]], line: Line) -> tuple[str, ...]:
    """Return the texts of a line."""
    return tuple(column.text(line) for column in columns)


def estimate_text(
    estimate: Estimate, figure: FigureDefinition, column: FigureColumn
) -> str:
    """Write a figure as its column has it."""
    if column.form == "bounds":
        return bounds(estimate, figure.unit)
    if column.form == "interval":
        return ends(estimate, figure.unit)
    return written(estimate.value, figure.unit)


def _columns(
    layout: TableLayout,
    lines: Sequence[Line],
    words: Mapping[str, TableColumn[Line]] | None = None,
) -> list[TableColumn[Line]]:
    """Return the columns of a layout: its first ones, and others that a line fills."""
    defined: dict[str, TableColumn[Line]] = {
        column_key(figure, column): _column(layout, figure, column)
        for figure, column in columns_of(layout)
        if column_key(figure, column) in layout.first
        or any(_stands(line, figure, column) for line in lines)
    }
    found: dict[str, TableColumn[Line]] = {**defined, **(words or {})}
    first = {key: found[key] for key in layout.first if key in found}
    return list({**first, **found}.values())


def _stands(
    of: Summary | Standing, figure: FigureDefinition, column: FigureColumn
) -> bool:
    """Whether a line fills a column, or is to show that it cannot."""
    wanted = column.stands_with is not None and getattr(of, column.stands_with)
    found = column_estimate(of, figure, column)
    return bool(wanted) or found.value is not None or found.low is not None


def _column(
    layout: TableLayout, figure: FigureDefinition, column: FigureColumn
) -> TableColumn[Line]:
    key = column_key(figure, column)

    def estimated(of: Line) -> Estimate:
        return column_estimate(of, figure, column)

    def text(of: Line) -> str:
        return _marked(estimate_text(estimated(of), figure, column), of, figure, column)

    return TableColumn(
        key=key,
        title=column.title,
        text=text,
        value=lambda of: column_value(of, figure, column),
        span=estimated if column.form == "interval" else None,
        meaning=column.meaning,
        first=key in layout.first,
    )


def _marked(
    text: str,
    of: Summary | Standing,
    figure: FigureDefinition,
    column: FigureColumn,
) -> str:
    """Mark a figure with its counts, and where messages held several tokens.

    A gap between these is longer than one between tokens.
    """
    if column.out_of is not None:
        # Nobody knows how many a cell would have had that was never begun.
        planned = getattr(of, column.out_of)
        return text if planned is None or text == str(planned) else f"{text}/{planned}"
    several = figure.per_token and text != MISSING and of.grouped
    return f"{text} grouped" if several else text


def _cell_notes(summary: Summary) -> str:
    counts = noted_counts(summary, "cells")
    return counted(counts, *(["partial"] if summary.partial else []))
