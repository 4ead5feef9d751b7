"""Figures of what a right answer costs."""

from __future__ import annotations

from pytest_llmlat.values.figure import (
    FigureColumn,
    FigureDefinition,
)

COST_FIGURES: tuple[FigureDefinition, ...] = (
    FigureDefinition(
        name="seconds_per_correct",
        meaning="Time spent on all judged requests per right answer, in seconds;"
        " null where nothing was right or the metric knows no right and"
        " wrong.",
        shape="number",
        unit="s",
        better="lower",
        row_meaning="Time spent on all judged requests per right answer, in seconds.",
        columns=(
            FigureColumn(
                title="s/correct",
                views=("page",),
                meaning="seconds spent for each right answer",
            ),
        ),
    ),
    FigureDefinition(
        name="tokens_per_correct",
        meaning="Output tokens of all judged requests, thoughts included, per right"
        " answer; null where nothing was right or tokens of some are not known.",
        shape="number",
        unit="tokens",
        better="lower",
        row_meaning="Output tokens of all judged requests per right answer.",
        columns=(
            FigureColumn(
                title="tokens/correct",
                views=("page",),
                meaning="tokens spent for each right answer, thoughts included",
            ),
        ),
    ),
    FigureDefinition(
        name="correct_within_budget",
        meaning="Share of answers that are right and came within the task's budget.",
        shape="number",
        unit="ratio",
        better="higher",
        row_meaning="Share of judged requests that were right and within the budget.",
        columns=(
            FigureColumn(
                title="In time",
                views=("page",),
                meaning="share of answers right and within their budget",
            ),
        ),
    ),
)
