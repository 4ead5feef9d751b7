"""The reader that finds out by itself which kind of answer a row wants."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from pytest_llmlat.grading.extractors.choices import as_chosen, read_choice
from pytest_llmlat.grading.extractors.extractor import Extractor
from pytest_llmlat.grading.extractors.final_number import as_number, read_number
from pytest_llmlat.grading.extractors.labels import read_word
from pytest_llmlat.grading.extractors.numerals import to_number
from pytest_llmlat.grading.extractors.readable_answer import (
    Reader,
    Reading,
    ReferenceReader,
    language,
    normalized,
)
from pytest_llmlat.grading.extractors.references import as_answered, as_stated
from pytest_llmlat.grading.extractors.short_answers import (
    as_named,
    as_referred,
    read_named,
)
from pytest_llmlat.grading.extractors.topic import Topic
from pytest_llmlat.grading.extractors.truth_values import TRUTH, read_boolean

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_llmlat.values.entities import Sample, Task

LETTER = re.compile(r"\(?[A-Z]\)?\.?")


def read_answer(answer: str, task: Task, sample: Sample) -> Reading:
    """Read a number, a choice, a truth value or a short text, as the row wants it.

    The row's ``kind`` says which (``number``, ``choice``, ``boolean``, ``text``); else
    the shape of the reference does. A list ``options`` that holds the reference gives
    the words that are allowed, and then the answer is read as a label is.
    """
    return KINDS[_kind(sample)](answer, task, sample)


def as_wanted(text: str, task: Task, sample: Sample) -> str | None:
    """Return a right answer as the kind that the row wants is read."""
    return REFERENCES[_kind(sample)](text, task, sample)


def _kind(sample: Sample) -> str:
    """Name the kind of answer that a row wants."""
    named = str(dict(sample.fields).get("kind", "")).casefold()
    return named if named in KINDS else _shape(sample)


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
    counted = UNIT.sub("", reference) if not options else reference
    return "text" if to_number(counted) is None else "number"


def _options(sample: Sample) -> list[str]:
    """Return the texts of the row's options."""
    options = dict(sample.fields).get("options")
    listed = options if isinstance(options, list | tuple) else []
    return [option for option in listed if isinstance(option, str)]


def read_text(answer: str, task: Task, sample: Sample) -> Reading:
    """Return a name or a few words: one of the options, or whatever is stated."""
    options = _options(sample)
    question = dict(sample.fields).get("question")
    topic = Topic.of(question, options) if isinstance(question, str) else None
    if options:
        return read_word(answer, options, topic=topic, language=language(task, sample))
    found = read_named(answer, topic or Topic())
    if topic is None or found.value is None:
        return found
    value = as_referred(found.value, answer, topic, sample.references)
    return replace(found, value=value)


def as_text(text: str, task: Task, sample: Sample) -> str | None:
    """Return the form of a right answer that is a name or a few words."""
    if _options(sample):
        return as_stated(read_text, text, task, sample)
    return as_named(text)


LETTER = re.compile(r"\(?[A-Z]\)?\.?")
UNIT = re.compile(r"(?<=\d) [a-zäöüßéèà]+$")
"""The one word behind a number that says of what it is: "31 dollars" wants a number."""
KINDS: Mapping[str, Reader] = {
    "number": read_number,
    "choice": read_choice,
    "boolean": read_boolean,
    "text": read_text,
}
REFERENCES: Mapping[str, ReferenceReader] = {
    "number": as_number,
    "choice": as_chosen,
    "boolean": partial(as_answered, read_boolean),
    "text": as_text,
}


EXTRACTOR = Extractor(any_text=True, read=read_answer, reference=as_wanted)
