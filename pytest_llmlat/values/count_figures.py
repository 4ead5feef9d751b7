"""Counts of requests, of what became of them, and of tokens."""

from __future__ import annotations

from pytest_llmlat.values.figure import (
    FigureColumn,
    FigureDefinition,
)
from pytest_llmlat.values.repeated_token import is_one_token

COUNT_FIGURES: tuple[FigureDefinition, ...] = (
    FigureDefinition(
        name="samples",
        meaning="Requests; an item that is asked twice counts twice.",
        headlines=("value",),
        shape="number",
        unit="count",
        better=None,
        row_meaning="Requests of all its cells.",
        optional=False,
        columns=(
            FigureColumn(
                title="n",
                views=("cells",),
                out_of="planned",
                meaning="requests: an item that is asked twice counts twice",
            ),
            FigureColumn(
                title="n",
                views=("loads", "history"),
                meaning="requests: an item that is asked twice counts twice",
            ),
        ),
    ),
    FigureDefinition(
        name="errors",
        meaning="Requests on which the backend broke; they count as wrong.",
        shape="number",
        unit="count",
        better="lower",
        row_meaning="Requests of all its cells on which the backend broke.",
        optional=False,
        headlines=("value",),
        noted=("cells", "loads"),
    ),
    FigureDefinition(
        name="timeouts",
        meaning="Requests that were given up at the time limit; they count as wrong.",
        shape="number",
        unit="count",
        better="lower",
        row_meaning="Requests of all its cells that were given up at the time limit.",
        optional=False,
        headlines=("value",),
        noted=("cells", "loads"),
    ),
    FigureDefinition(
        name="unparsed",
        meaning="Answers in which no answer could be found; they count as wrong. Not"
        " known where another tool's files do not tell.",
        shape="number",
        unit="count",
        better="lower",
        noted=("cells",),
    ),
    FigureDefinition(
        name="truncated",
        meaning="Answers that were cut at the limit of tokens. Not known where another"
        " tool's files do not tell.",
        shape="number",
        unit="count",
        better="lower",
        noted=("cells",),
    ),
    FigureDefinition(
        name="context_overflows",
        meaning="Prompts that did not fit into the model's context, so that nothing was"
        " answered; they count as wrong, and are among the truncated.",
        shape="number",
        unit="count",
        better="lower",
        optional=False,
        count=lambda record: int(record.finish == "context"),
        noted=("cells",),
    ),
    FigureDefinition(
        name="refused",
        meaning="Requests that the model declined to answer. Not known where another"
        " tool's files do not tell.",
        shape="number",
        unit="count",
        better="lower",
        noted=("cells",),
    ),
    FigureDefinition(
        name="empty",
        meaning="Answers without any text. Not known where another tool's files have no"
        " texts.",
        shape="number",
        unit="count",
        better="lower",
        noted=("cells",),
    ),
    FigureDefinition(
        name="one_token_repeated",
        meaning="Answers of 8 tokens and more that were cut at the limit and are one"
        " token over and over, as damaged weights give them.",
        shape="number",
        unit="count",
        better="lower",
        optional=False,
        count=lambda record: int(is_one_token(record)),
        noted=("cells",),
    ),
    FigureDefinition(
        name="cut_in_thought",
        meaning="Answers that were cut at the limit of tokens before they had thought"
        " to the end; they count as wrong.",
        shape="number",
        unit="count",
        better="lower",
        optional=False,
        noted=("cells",),
    ),
    FigureDefinition(
        name="prompt_tokens",
        meaning="Tokens of all answered prompts; null where some are not known.",
        shape="number",
        unit="count",
        better=None,
    ),
    FigureDefinition(
        name="output_tokens",
        meaning="Tokens of all answers; null where some are not known.",
        shape="number",
        unit="count",
        better=None,
    ),
    FigureDefinition(
        name="retries",
        meaning="How often requests were sent again.",
        shape="number",
        unit="count",
        better="lower",
        optional=False,
        noted=("loads",),
    ),
    FigureDefinition(
        name="grouped",
        meaning="Answers in which some message carried several tokens.",
        shape="number",
        unit="count",
        better=None,
        optional=False,
        row_meaning="Those of all its cells with such a message.",
    ),
)
