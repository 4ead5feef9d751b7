"""Figures that are means over requests, each with its interval (``averaged``)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmlat.analysis.batch_means import shared_variance
from pytest_llmlat.analysis.intervals import MeasuredFigure, averaged, mean_figure
from pytest_llmlat.analysis.item_units import known_columns
from pytest_llmlat.analysis.queue_growth import grows
from pytest_llmlat.values.figure_table import FIGURES
from pytest_llmlat.values.results import Estimate

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_llmlat.analysis.item_units import Units
    from pytest_llmlat.values.figure import FigureDefinition
    from pytest_llmlat.values.records import Record

AveragedFigures = dict[str, MeasuredFigure]
"""Means over requests by the names of their figures; one that no record has is left
out."""


def averaged_figures(records: Sequence[Record], units: Units) -> AveragedFigures:
    """Return each mean over requests that has the figure, with its interval.

    Args:
        records: of a cell, in the order of sending.
        units: which of them are alike.
    """
    found: AveragedFigures = {}
    for figure in FIGURES.values():
        if figure.averaged is None:
            continue
        values = [figure.averaged(record) for record in records]
        if any(value is not None for value in values):
            found[figure.name] = _mean(figure, values, records, units)
    return found


def averages(
    cells: Sequence[tuple[Mapping[str, MeasuredFigure], str]], *, row: bool
) -> tuple[tuple[str, Estimate], ...]:
    """Return the averaged figures of a cell, or of a row: the mean over its families.

    Cells that have none of a figure are not in its mean.

    Args:
        cells: what each has, and its family.
        row: it is for a row, which has fewer figures.
    """
    told = []
    for figure in FIGURES.values():
        if figure.averaged is None or (row and figure.row_meaning is None):
            continue
        own = [
            (found[figure.name], family)
            for found, family in cells
            if figure.name in found
        ]
        told.append((figure.name, _over_families(own)))
    return tuple(told)


def _over_families(own: Sequence[tuple[MeasuredFigure, str]]) -> Estimate:
    if not own:
        return Estimate(value=None)
    if len(own) == 1:
        return own[0][0].estimate
    families = [family for _, family in own]
    weights = [1 / families.count(f) / len(set(families)) for f in families]
    return averaged([figure.to_average.estimate for figure, _ in own], weights)


def _mean(
    figure: FigureDefinition,
    values: Sequence[float | None],
    records: Sequence[Record],
    units: Units,
) -> MeasuredFigure:
    sums, counts = units.sums_of(*known_columns(values)).T
    there = counts > 0
    shared: float | None = 0.0
    if figure.timed:
        # Under a load requests wait for each other, and neighbours are alike.
        filled = [value or 0.0 for value in values]
        scenario = records[0].cell.scenario
        shared = None if grows(records) else shared_variance(filled, scenario)
    return mean_figure(sums[there], counts[there], shared=shared)
