"""Figures of cost: of time and tokens for a right answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmlat.values.answer_speed import answer_speed, answer_time
from pytest_llmlat.values.figure import (
    FigureColumn,
    FigureDefinition,
)

if TYPE_CHECKING:
    from pytest_llmlat.values.records import Record


def _right_in_time(record: Record) -> float | None:
    """Return 1 for right and within the budget; ``None`` if nobody knows right."""
    if record.grade.correct is None:
        return None
    seconds = answer_time(record)
    in_time = seconds is not None and seconds <= record.budget_s
    return float(record.grade.correct and in_time)


def _earned_at_its_speed(record: Record) -> float | None:
    return record.grade.value * answer_speed(record) if record.graded else None


MONEY_FIGURES: tuple[FigureDefinition, ...] = (
    FigureDefinition(
        name="cost_per_answer",
        meaning="Money spent on all requests per answer, in the currency of the entry's"
        " price; null without a price, or where the tokens of some are not known.",
        shape="estimate",
        unit="money",
        better="lower",
        row_meaning="Money spent on all requests of its cells per answer.",
        limited=True,
        earned="answers",
        columns=(
            FigureColumn(
                title="cost/answer",
                views=("page",),
                meaning="money spent for each answer",
            ),
        ),
    ),
    FigureDefinition(
        name="cost_per_1k_tokens",
        meaning="Money spent on all requests per thousand output tokens, thoughts"
        " included.",
        shape="estimate",
        unit="money",
        better="lower",
        row_meaning="Money spent on all requests of its cells per thousand output"
        " tokens.",
        limited=True,
        earned="tokens",
    ),
    FigureDefinition(
        name="cost_per_correct",
        meaning="Money spent on all judged requests per right answer (cost of pass)."
        " Where nothing was right it is infinite: its value is null, and its low end"
        " what it is at least.",
        shape="estimate",
        unit="money",
        better="lower",
        row_meaning="Money spent on all judged requests of its cells per right answer.",
        limited=True,
        earned="right",
        columns=(
            FigureColumn(
                title="cost/correct",
                views=("cells", "rows"),
                form="bounds",
                meaning="money spent for each right answer",
            ),
        ),
    ),
)
"""In the currency of the run's prices; there where an entry has one."""

COST_FIGURES: tuple[FigureDefinition, ...] = (
    *MONEY_FIGURES,
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
        shape="estimate",
        unit="ratio",
        better="higher",
        row_meaning="Mean over families of the share of answers that are right and came"
        " within the task's budget.",
        limited=True,
        of_time=True,
        averaged=_right_in_time,
        columns=(
            FigureColumn(
                title="Right in time",
                views=("page",),
                form="bounds",
                meaning="share of answers right and within their budget",
            ),
        ),
    ),
    FigureDefinition(
        name="timely_quality",
        meaning="Mean over requests of what an answer earned times its own speed: right"
        " answers count by how soon they came, wrong ones not at all.",
        shape="estimate",
        unit="ratio",
        better="higher",
        row_meaning="Mean over families of what answers earned times their own speed.",
        limited=True,
        of_time=True,
        averaged=_earned_at_its_speed,
        columns=(
            FigureColumn(
                title="Timely quality",
                views=("page",),
                form="bounds",
                meaning="mean of what each answer earned times its own speed",
            ),
        ),
    ),
)
