"""Columns of tables, made from the definitions of figures."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias, get_args

from pytest_llmlat.values.figure import Percentile
from pytest_llmlat.values.figure_table import FIGURES
from pytest_llmlat.values.results import Distribution, Estimate

if TYPE_CHECKING:
    from pytest_llmlat.values.column_order import TableLayout
    from pytest_llmlat.values.figure import FigureColumn, FigureDefinition, View
    from pytest_llmlat.values.results import FigureValue, Standing, Summary

DefinedColumn: TypeAlias = "tuple[FigureDefinition, FigureColumn]"


def figure_value(of: Summary | Standing, figure: FigureDefinition) -> FigureValue:
    """Return the figure of a cell or a row; ``None`` if rows do not have it."""
    if figure.read is not None:
        return dict(of.figures).get(figure.name)
    if figure.averaged is not None or figure.earned is not None:
        return dict(of.averages).get(figure.name)
    if figure.by_entry:
        return dict(of.numbers).get(figure.name)
    held: FigureValue = getattr(of, figure.name, None)
    return held


def column_key(figure: FigureDefinition, column: FigureColumn) -> str:
    """Return the name of a column for programs, such as ``e2e_p99_s``."""
    if column.form == "interval":
        return f"{figure.name}_interval"
    return _with(figure.name, column.which)


def columns_of(layout: TableLayout) -> tuple[DefinedColumn, ...]:
    """Return the columns of a table: its first ones, then the figures' order."""
    found = {
        column_key(figure, column): (figure, column)
        for figure in FIGURES.values()
        for column in figure.columns
        if set(layout.views) & set(column.views)
    }
    first = {key: found[key] for key in layout.first if key in found}
    return tuple({**first, **found}.values())


def column_estimate(
    of: Summary | Standing, figure: FigureDefinition, column: FigureColumn
) -> Estimate:
    """Return the text's number of a column for a cell or a row, with its interval."""
    held = figure_value(of, figure)
    if not held and column.otherwise is not None:
        held = figure_value(of, FIGURES[column.otherwise])
    if isinstance(held, Distribution):
        return Estimate(value=getattr(held, column.which))
    return held if isinstance(held, Estimate) else Estimate(value=held)


def column_value(
    of: Summary | Standing, figure: FigureDefinition, column: FigureColumn
) -> float | None:
    """Return the figure of a column alone; of a column of intervals the low end."""
    found = column_estimate(of, figure, column)
    return found.low if column.form == "interval" else found.value


def noted_counts(of: Summary | Standing, view: View) -> dict[str, int]:
    """Return the counts that the notes of a table tell, by name."""
    found: dict[str, int] = {}
    for figure in FIGURES.values():
        if view not in figure.noted:
            continue
        count = figure_value(of, figure)
        if count is not None and not isinstance(count, Estimate | Distribution):
            found[figure.name.replace("_", " ")] = round(count)
    return found


def headline_values(summary: Summary) -> dict[str, float | None]:
    """Return the few figures that other programs' files tell of a cell, by names."""
    found = {}
    for figure in FIGURES.values():
        for which in figure.headlines:
            held = figure_value(summary, figure)
            name = _with(figure.name, which)
            found[name] = (
                getattr(held, which)
                if isinstance(held, Estimate | Distribution)
                else held
            )
    return found


def _with(name: str, which: str) -> str:
    """Put a percentile before the unit: ``e2e_s`` and ``p99`` make ``e2e_p99_s``."""
    if which == "value":
        return name
    stem, _, unit = name.rpartition("_")
    return f"{stem}_{which}_{unit}" if stem else f"{unit}_{which}"


def limited_figures() -> dict[str, tuple[FigureDefinition, Percentile | None]]:
    """Return the figures that an absolute limit can be on, by their names in options.

    By the names that options have for them: of ``ttft_p95`` the distribution, and which
    of its statistics.
    """
    found: dict[str, tuple[FigureDefinition, Percentile | None]] = {}
    for figure in FIGURES.values():
        if figure.limited and figure.shape == "distribution":
            for which in get_args(Percentile):
                found[f"{figure.short}_{which}"] = figure, which
        elif figure.limited:
            found[figure.short] = figure, None
    return found


def distribution_of(summary: Summary, figure: FigureDefinition) -> Distribution:
    """Return the distribution that a cell has of a figure."""
    found = figure_value(summary, figure)
    return found if isinstance(found, Distribution) else Distribution()
