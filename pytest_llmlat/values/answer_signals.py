"""Signals of an answer, from its record or as it came: the same for both."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmlat.values.going_on import AnswerSignals

if TYPE_CHECKING:
    from pytest_llmlat.values.records import Extraction, Generation, Record


def signals_of_record(record: Record, agreement: float | None = None) -> AnswerSignals:
    """Return the signals of an answer that was stored."""
    return AnswerSignals(
        # What another tool did not tell is no signal to go on.
        unparsed=bool(record.unparsed),
        refused=bool(record.refused),
        cut=bool(record.truncated),
        empty=bool(record.empty),
        tokens=record.output_tokens,
        agreement=agreement,
    )


def signals_of_answer(
    generation: Generation, read: Extraction | None, agreement: float | None = None
) -> AnswerSignals:
    """Return the signals of an answer that just came.

    Args:
        generation: the answer.
        read: what the extractor found in it; ``None`` where there is nothing to read.
        agreement: share of repeats that read alike.
    """
    cut = generation.finish in ("length", "context")
    there = generation.finish != "context"
    return AnswerSignals(
        unparsed=there and read is not None and read.value is None,
        refused=bool(generation.refusal) or bool(read and read.refused),
        cut=cut,
        empty=there and not generation.text.strip(),
        tokens=generation.output_tokens,
        agreement=agreement,
    )
