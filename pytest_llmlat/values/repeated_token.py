"""Answers that are one token over and over, up to the limit of tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_llmlat.values.records import Record

FEWEST_TOKENS = 8
"""A shorter answer that was cut may be so by right, such as a row of zeros."""


def is_one_token(record: Record) -> bool:
    """Whether an answer was cut at the limit and is one token from its second on.

    What damaged weights or a wrong type give looks so, and an answer in the usual time.
    The first may be the same without the blank before it. Of a server that does not
    count its tokens it is not known.
    """
    text, tokens = record.answer, record.output_tokens
    if record.finish != "length" or not text or record.thoughts is not None:
        return False
    if tokens is None or tokens < FEWEST_TOKENS:
        return False
    longest = len(text) // (tokens - 1)
    return any(_repeats(text, length, tokens - 1) for length in range(1, longest + 1))


def _repeats(text: str, length: int, times: int) -> bool:
    """Whether a text ends in so many of its last letters, and begins with no more."""
    first = len(text) - length * times
    return 0 <= first <= length and text[first:] == text[-length:] * times
