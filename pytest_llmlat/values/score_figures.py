"""Figures of quality and speed, and of the balanced score that is made of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmlat.values.answer_speed import answer_speed
from pytest_llmlat.values.figure import (
    FigureColumn,
    FigureDefinition,
    RatioParts,
)

if TYPE_CHECKING:
    from pytest_llmlat.values.records import Record


def _time_weight(record: Record) -> RatioParts:
    """Return what the speed loses, of what there is, as times grow."""
    speed = answer_speed(record)
    return RatioParts(above=speed * (1 - speed), below=speed)


SCORE_FIGURES: tuple[FigureDefinition, ...] = (
    FigureDefinition(
        name="quality",
        meaning="The metric itself, between 0 and 1.",
        headlines=("value",),
        shape="estimate",
        unit="ratio",
        better="higher",
        row_meaning="Mean over families of the metric itself.",
        limited=True,
        columns=(
            FigureColumn(
                title="quality [95 %]", views=("cells", "history"), form="bounds"
            ),
            FigureColumn(title="quality", views=("row_lines",)),
            FigureColumn(
                title="Quality",
                views=("page",),
                meaning="the metric itself, mean over families",
            ),
            FigureColumn(title="quality", views=("plot",), form="bounds"),
        ),
    ),
    FigureDefinition(
        name="chance",
        meaning="The quality of guessing, averaged over what was asked.",
        shape="number",
        unit="ratio",
        better=None,
        row_meaning="Mean over families of the quality of guessing.",
        columns=(
            FigureColumn(title="chance", views=("cells", "row_lines")),
            FigureColumn(
                title="Chance",
                views=("page",),
                meaning="the quality of guessing, mean over families",
            ),
        ),
    ),
    FigureDefinition(
        name="normalized",
        meaning="Quality with chance taken off: 0 is guessing or worse, 1 is perfect.",
        shape="estimate",
        unit="ratio",
        better="higher",
        row_meaning="Mean over families of the quality with chance taken off.",
    ),
    FigureDefinition(
        name="balanced",
        meaning="The mean of normalized quality and speed, and of the cost score"
        " where that is weighed, that was asked for; between 0 and 1.",
        headlines=("value",),
        shape="estimate",
        unit="ratio",
        better="higher",
        row_meaning="Mean over families of the balanced score.",
        limited=True,
        of_time=True,
        columns=(
            FigureColumn(title="balanced", views=("cells",)),
            FigureColumn(
                title="balanced [95 %]", views=("row_lines", "history"), form="bounds"
            ),
            FigureColumn(
                title="Balanced",
                views=("page",),
                meaning="mean of quality, speed, and cost where it is weighed",
            ),
            FigureColumn(
                title="95 % interval",
                views=("page",),
                form="interval",
                meaning="of the balanced score",
            ),
            FigureColumn(title="balanced score", views=("plot",), form="bounds"),
        ),
    ),
    FigureDefinition(
        name="speed",
        meaning="Mean of 1 / (1 + e2e / budget) over all requests, failures 0;"
        " between 0 and 1.",
        shape="estimate",
        unit="ratio",
        better="higher",
        row_meaning="Mean over families of the speed.",
        limited=True,
        of_time=True,
        columns=(
            FigureColumn(title="speed", views=("row_lines",)),
            FigureColumn(
                title="Speed",
                views=("page",),
                meaning="1 / (1 + e2e / budget), mean over families",
            ),
        ),
    ),
    FigureDefinition(
        name="cost_score",
        meaning="Mean of 1 / (1 + cost / cost budget) over all requests, failures 0;"
        " between 0 and 1. Cost is in the unit of the task's cost budget: money, or"
        " measured joules. Null where there is no such budget, or cost is not known.",
        shape="estimate",
        unit="ratio",
        better="higher",
        row_meaning="Mean over families of the cost score.",
        of_time=True,
        columns=(
            FigureColumn(title="cost score", views=("row_lines",)),
            FigureColumn(
                title="Cost score",
                views=("page",),
                meaning="1 / (1 + cost / cost budget), mean over families",
            ),
        ),
    ),
    FigureDefinition(
        name="geometric",
        meaning="Geometric mean of normalized quality and speed.",
        shape="number",
        unit="ratio",
        better="higher",
    ),
    FigureDefinition(
        name="arithmetic",
        meaning="Arithmetic mean of normalized quality and speed.",
        shape="number",
        unit="ratio",
        better="higher",
    ),
    FigureDefinition(
        name="harmonic",
        meaning="Harmonic mean of normalized quality and speed.",
        shape="number",
        unit="ratio",
        better="higher",
    ),
    FigureDefinition(
        name="proportional",
        meaning="x / (1 + x) of x, the geometric mean of normalized quality and of how"
        " often the time goes into the budget, speed / (1 - speed): one per cent of"
        " either is worth the same at any budget.",
        shape="number",
        unit="ratio",
        better="higher",
    ),
    FigureDefinition(
        name="patient",
        meaning="The balanced score if wrong answers had taken as long as right ones;"
        " null where they are not sooner for certain, or less than 0.02 is gained.",
        shape="number",
        unit="ratio",
        better=None,
    ),
    FigureDefinition(
        name="score_bias",
        meaning="About how much too high the balanced score is on average since it is"
        " made of few items, negative for too low; null where all or none are right.",
        shape="number",
        unit="difference",
        better=None,
    ),
    FigureDefinition(
        name="time_weight",
        meaning="The weight of time beside that of quality: by how many per cent the"
        " speed falls if all times grow by one per cent; e2e / (budget + e2e) of one"
        " answer.",
        shape="number",
        unit="ratio",
        better=None,
        row_meaning="The same over all requests.",
        of_time=True,
        ratio=_time_weight,
        columns=(
            FigureColumn(
                title="Time weighs",
                views=("page",),
                meaning="what one per cent of time is worth, in per cent of quality",
            ),
        ),
    ),
)
