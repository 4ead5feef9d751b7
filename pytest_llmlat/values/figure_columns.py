"""The columns that tables get from the definitions of figures, and what they hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

from pytest_llmlat.values.figure import Percentile
from pytest_llmlat.values.figure_table import FIGURES
from pytest_llmlat.values.results import Distribution

if TYPE_CHECKING:
    from pytest_llmlat.values.figure import FigureColumn, FigureDefinition, View
    from pytest_llmlat.values.results import Standing, Summary


def column_key(figure: FigureDefinition, column: FigureColumn) -> str:
    """Return the name of a column for programs, such as ``e2e_p99_s``."""
    return _with(figure.name, column.which)


def shown_in(view: View) -> list[tuple[FigureDefinition, FigureColumn]]:
    """Return the columns of a table, in the order of the figures."""
    return [
        (figure, column)
        for figure in FIGURES.values()
        for column in figure.columns
        if view in column.views
    ]


def column_value(
    of: Summary | Standing, figure: FigureDefinition, column: FigureColumn
) -> float | None:
    """Return what stands in a column for a cell or a row."""
    if figure.read is None:
        spread = getattr(of, figure.name, None)
    else:
        spread = dict(getattr(of, "figures", ())).get(figure.name)
    if not isinstance(spread, Distribution):
        return None
    value: float | None = getattr(spread, column.which)
    return value


def headline_values(summary: Summary) -> dict[str, float | None]:
    """Return the few figures that JUnit's file shows of a cell, by their names."""
    found = {}
    for figure in FIGURES.values():
        for which in figure.headlines:
            if figure.read is None:
                of = getattr(summary, figure.name)
            else:
                of = dict(summary.figures)[figure.name]
            name = figure.name if which == "value" else _with(figure.name, which)
            found[name] = getattr(of, which) if figure.shape != "number" else of
    return found


def _with(name: str, which: str) -> str:
    """Put a percentile before the unit: ``e2e_s`` and ``p99`` make ``e2e_p99_s``."""
    stem, _, unit = name.rpartition("_")
    return f"{stem}_{which}_{unit}" if stem else f"{unit}_{which}"


def limited_figures() -> dict[str, tuple[FigureDefinition, Percentile | None]]:
    """Return what an absolute limit can be on, percentiles and the mean apart.

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
    if figure.read is not None:
        return dict(summary.figures)[figure.name]
    found: Distribution = getattr(summary, figure.name)
    return found
