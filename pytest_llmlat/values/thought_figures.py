"""Figures of thoughts: how long a model thinks before it answers, and in what tokens.

Only answers with thoughts have them; a model that does not think has none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmlat.values.figure import (
    NO_VALUES,
    FigureColumn,
    FigureDefinition,
    RecordValues,
    timed,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmlat.values.figure import View
    from pytest_llmlat.values.records import Record

_CELLS: tuple[View, ...] = ("cells", "history")


def _behind_thought(
    of: Callable[[Record], float | None],
) -> Callable[[Record], RecordValues]:
    """Read a figure of answers that had a thought; one that was cut in it has none."""

    def read(record: Record) -> RecordValues:
        if not record.thought_tokens and not record.thoughts:
            return NO_VALUES
        value = of(record)
        whole = record.finish in ("stop", "length") and not record.cut_in_thought
        if value is None or not whole:
            return NO_VALUES
        return RecordValues(values=(value,))

    return read


def _thinking(record: Record) -> RecordValues:
    """Return how long a request thought; one that was cut would have thought longer."""
    seconds = record.timing.thinking_s if record.timing else None
    if seconds is None or record.finish == "error":
        return NO_VALUES
    unended = record.finish == "timeout" and not timed(lambda t: t.ttft_s)(record)
    if record.cut_in_thought or unended:
        return RecordValues(values=(), censored=1)
    return RecordValues(values=(seconds,))


def _thought_tokens(record: Record) -> RecordValues:
    """Return how many tokens a request thought; one that was cut, more than it has."""
    tokens = record.thought_tokens
    if not tokens or record.finish not in ("stop", "length"):
        return NO_VALUES
    if record.cut_in_thought:
        return RecordValues(values=(), censored=1)
    return RecordValues(values=(tokens,))


def _answer_tokens(record: Record) -> float | None:
    output, thought = record.output_tokens, record.thought_tokens
    return None if output is None or thought is None else output - thought


def _first_thought(record: Record) -> RecordValues:
    """Return when a request began to think; known of one that timed out later too."""
    seconds = record.timing.ttfr_s if record.timing else None
    if seconds is None or record.finish == "error":
        return NO_VALUES
    return RecordValues(values=(seconds,))


THOUGHT_FIGURES: tuple[FigureDefinition, ...] = (
    FigureDefinition(
        name="ttfr_s",
        meaning="Time to the first token of a thought, in seconds; of answers with"
        " thoughts that came token by token.",
        shape="distribution",
        unit="s",
        better="lower",
        read=_first_thought,
        exported={"ttfr_s": timed(lambda t: t.ttfr_s)},
    ),
    FigureDefinition(
        name="thinking_s",
        meaning="From the first token of a thought to the first of the answer, in"
        " seconds; of answers with thoughts. One that was cut in its thoughts would"
        " have taken longer.",
        shape="distribution",
        unit="s",
        better="lower",
        read=_thinking,
        exported={"thinking_s": timed(lambda t: t.thinking_s)},
        columns=(
            FigureColumn(
                title="thinking p50",
                which="p50",
                views=_CELLS,
                meaning="median time from the first thought to the answer",
            ),
        ),
    ),
    FigureDefinition(
        name="answering_s",
        meaning="From the first token of the answer to its last, in seconds; of answers"
        " with thoughts.",
        shape="distribution",
        unit="s",
        better="lower",
        read=_behind_thought(timed(lambda t: t.answering_s)),
        exported={"answering_s": timed(lambda t: t.answering_s)},
    ),
    FigureDefinition(
        name="thought_tokens",
        meaning="Tokens of a thought, its tags included; of answers with thoughts. One"
        " that was cut in its thoughts would have more.",
        shape="distribution",
        unit="tokens",
        better="lower",
        read=_thought_tokens,
        exported={"thought_tokens": lambda record: record.thought_tokens},
        columns=(
            FigureColumn(
                title="thought tokens p50",
                which="p50",
                views=_CELLS,
                meaning="median number of tokens of a thought",
            ),
        ),
    ),
    FigureDefinition(
        name="answer_tokens",
        meaning="Tokens of an answer without its thoughts; of answers with thoughts.",
        shape="distribution",
        unit="tokens",
        better=None,
        read=_behind_thought(_answer_tokens),
        exported={"answer_tokens": _answer_tokens},
        columns=(
            FigureColumn(
                title="answer tokens p50",
                which="p50",
                views=_CELLS,
                meaning="median number of tokens of an answer behind a thought",
            ),
        ),
    ),
)
