"""The reader that finds out by itself which kind of answer a row wants."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pytest_llmlat.grading.extractors.choices import read_choice
from pytest_llmlat.grading.extractors.extractor import Extractor
from pytest_llmlat.grading.extractors.labels import TRUTH, read_boolean, read_word
from pytest_llmlat.grading.extractors.numerals import read_number, to_number
from pytest_llmlat.grading.extractors.reading import (
    UNREAD,
    Reader,
    Reading,
    normalized,
    plain,
    sentences,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_llmlat.values.entities import Sample, Task

LETTER = re.compile(r"\(?[A-Z]\)?\.?")
STATED = re.compile(
    r"\banswer\b(?: to [^\n.:]{0,80})?(?:\s{0,3}[:=]|\s{1,3}is\b:?)\s{0,5}"
    r"(?=(?P<words>[^\n]{1,200}))",
    re.IGNORECASE,
)
COPULA = re.compile(
    r"\b(?:is|was|are|were)\s{1,3}(?=(?P<words>[^\n]{1,200}))", re.IGNORECASE
)
SHORT_WORDS = 5
"""A free answer of more words than this is a sentence."""


def read_answer(answer: str, task: Task, sample: Sample) -> Reading:
    """Read a number, a choice, a truth value or a short text, as the row wants it.

    The row's ``kind`` says which (``number``, ``choice``, ``boolean``, ``text``); else
    the shape of the reference does. A list ``options`` that holds the reference gives
    the words that are allowed, and then the answer is read as a label is.
    """
    kind = str(dict(sample.fields).get("kind", "")).casefold()
    reader = KINDS.get(kind) or KINDS[_shape(sample)]
    return reader(answer, task, sample)


def _shape(sample: Sample) -> str:
    """Name the kind of answer that a reference looks like."""
    reference = sample.reference.strip()
    options = {normalized(option) for option in _options(sample)}
    if normalized(reference) in TRUTH and options <= TRUTH.keys():
        return "boolean"
    if LETTER.fullmatch(reference):
        return "choice"
    if normalized(reference) in options:
        return "text"
    return "text" if to_number(reference) is None else "number"


def _options(sample: Sample) -> list[str]:
    """Return the texts of the row's options."""
    options = dict(sample.fields).get("options")
    listed = options if isinstance(options, list | tuple) else []
    return [option for option in listed if isinstance(option, str)]


def read_short(answer: str, task: Task, sample: Sample) -> Reading:
    """Return a name or a few words: one of the options, or whatever is stated.

    Without options: what "answer:" or "the answer is" states last; else the first
    line, if it is short; else what a first sentence says after its only "is".
    """
    del task
    options = _options(sample)
    if options:
        return read_word(answer, options)
    text = plain(answer)
    stated = [_short(match["words"]) for match in STATED.finditer(text)]
    if stated:
        return Reading(stated[-1], explicit=stated[-1] is not None)
    head = next(iter(sentences(text, 1)), "")
    copulas = list(COPULA.finditer(head))
    if len(copulas) == 1:
        return Reading(_short(copulas[0]["words"]))
    return Reading(_short(head)) if head else UNREAD


def _short(words: str) -> str | None:
    """Return the first sentence of a few words, without what encloses it."""
    first = next(iter(sentences(words, 1)), "")
    bare = re.sub(r"^\W+|\W+$", "", first[:200])
    return " ".join(bare.split()) if 0 < len(bare.split()) <= SHORT_WORDS else None


KINDS: Mapping[str, Reader] = {
    "number": read_number,
    "choice": read_choice,
    "boolean": read_boolean,
    "text": read_short,
}


EXTRACTOR = Extractor(read=read_answer)
