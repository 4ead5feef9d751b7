"""Figures of rates: requests, good answers and tokens a second."""

from __future__ import annotations

from pytest_llmlat.values.figure import (
    FigureColumn,
    FigureDefinition,
)

RATE_FIGURES: tuple[FigureDefinition, ...] = (
    FigureDefinition(
        name="requests_per_s",
        meaning="Answered requests per second; under a load, over its window.",
        headlines=("value",),
        shape="number",
        unit="1/s",
        better="higher",
        limited=True,
        columns=(
            FigureColumn(title="req/s", views=("loads",)),
            FigureColumn(title="answered", views=("curves",)),
        ),
    ),
    FigureDefinition(
        name="goodput_per_s",
        meaning="Answers per second that met every objective.",
        shape="number",
        unit="1/s",
        better="higher",
        limited=True,
        columns=(
            FigureColumn(title="goodput/s", views=("loads",), stands_with="slo"),
            FigureColumn(title="within objectives", views=("curves",)),
        ),
    ),
    FigureDefinition(
        name="good_and_correct_per_s",
        meaning="Answers per second that met every objective and are right.",
        shape="number",
        unit="1/s",
        better="higher",
        columns=(
            FigureColumn(title="good+correct/s", views=("loads",), stands_with="slo"),
        ),
    ),
    FigureDefinition(
        name="good_share",
        meaning="Share of all requests that met every objective.",
        shape="number",
        unit="ratio",
        better="higher",
    ),
    FigureDefinition(
        name="unjudged",
        meaning="Answers whose stamps do not tell whether they met every objective;"
        " where there is one, goodput is null.",
        shape="number",
        unit="count",
        better=None,
    ),
    FigureDefinition(
        name="output_tokens_per_s",
        meaning="Output tokens per second of all requests together.",
        shape="number",
        unit="tokens/s",
        better="higher",
        columns=(FigureColumn(title="tok/s", views=("loads",)),),
    ),
    FigureDefinition(
        name="prefill_tokens_per_s",
        meaning="Prompt tokens per second of waiting for the first token, without"
        " the queue.",
        shape="number",
        unit="tokens/s",
        better="higher",
    ),
    FigureDefinition(
        name="decode_tokens_per_s",
        meaning="Tokens after the first per second spent on them, of one request.",
        shape="number",
        unit="tokens/s",
        better="higher",
        row_meaning="Tokens after the first per second spent on them.",
        columns=(
            FigureColumn(
                title="tok/s",
                views=("rows",),
                meaning="tokens a second while one answer is written",
            ),
        ),
    ),
)
