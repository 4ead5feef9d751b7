"""The reader that finds out by itself which kind of answer a row wants."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

from pytest_llmlat.grading.extractors.choices import as_chosen, read_choice
from pytest_llmlat.grading.extractors.doubt import DOUBT
from pytest_llmlat.grading.extractors.extractor import Extractor
from pytest_llmlat.grading.extractors.final_number import as_number, read_number
from pytest_llmlat.grading.extractors.labels import TRUTH, read_boolean, read_word
from pytest_llmlat.grading.extractors.numerals import to_number
from pytest_llmlat.grading.extractors.phrases import BOLD, INTERJECTION
from pytest_llmlat.grading.extractors.readable_answer import (
    UNREAD,
    Reader,
    Reading,
    ReferenceReader,
    language,
    normalized,
    plain,
    sentences,
    without_run_on,
)
from pytest_llmlat.grading.extractors.references import as_answered, as_stated
from pytest_llmlat.grading.extractors.topic import Topic

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
LEFT = re.compile(
    r"\b(?:leaves(?: only)?|left with|it must be|it has to be"
    r"|(?:therefore|thus|hence|so),? it (?:is|was))\s{1,3}(?=(?P<words>[^\n]{1,200}))",
    re.IGNORECASE,
)
SUBJECT = re.compile(
    r"(?:the|an?|it|this|that|these|he|she|they|what|who)\b", re.IGNORECASE
)
ARTICLE = re.compile(r"(?:the|an?|in|at|on)\b", re.IGNORECASE)
DENYING = re.compile(r"(?:not|never|anything but|neither|no)\b", re.IGNORECASE)
OPEN = re.compile(r"\b(?:or|either|maybe|perhaps|possibly)\b", re.IGNORECASE)
REMARK = re.compile(
    r",\s{1,3}(?=(?:the|an?|in|on|at|of|which|who|as|because|since|not|from|with)\b)"
    r"|\s\(|\s(?:because|since)\b|;|\s[\u2013\u2014-]\s",
    re.IGNORECASE,
)
SHORT_WORDS = 5
"""A free answer of more words than this is a sentence."""


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


def read_short(answer: str, task: Task, sample: Sample) -> Reading:
    """Return a name or a few words: one of the options, or whatever is stated.

    Without options: what "answer:" or "the answer is" states last; else the only words
    in bold; else what a conclusion leaves; else the first sentence that is no
    interjection, if it is short, or what it says before or after its only "is".
    """
    options = _options(sample)
    if options:
        question = dict(sample.fields).get("question")
        topic = Topic.of(question, options) if isinstance(question, str) else None
        return read_word(answer, options, topic=topic, language=language(task))
    answer = without_run_on(answer)
    text = plain(answer)
    stated = [_short(match["words"]) for match in STATED.finditer(text)]
    if stated:
        return Reading(stated[-1], explicit=stated[-1] is not None)
    bold = {_short(found[1] or found[2]) for found in BOLD.finditer(answer)}
    if len(bold) == 1 and not answer.lstrip().startswith("#"):
        return Reading(bold.pop())
    left = list(LEFT.finditer(text))
    if left:
        return Reading(_short(left[-1]["words"]))
    lines = [line for line in sentences(text, 3) if not INTERJECTION.match(line)]
    return _first(lines[0] if lines else next(iter(sentences(text, 1)), ""))


def _first(head: str) -> Reading:
    """Read the first sentence of a free answer."""
    head = THIS_IS.sub("", head)
    if not head or DOUBT.search(head) or head.rstrip().endswith("?"):
        return UNREAD
    copulas = list(COPULA.finditer(head))
    if len(copulas) != 1:
        return Reading(_short(head) if "," not in head else None)
    subject, words = head[: copulas[0].start()].strip(), copulas[0]["words"]
    if DENYING.match(words):
        return UNREAD
    if SUBJECT.match(subject) is None and ARTICLE.match(words):
        return Reading(_short(subject))
    return Reading(_short(words))


def _short(words: str) -> str | None:
    """Return the first sentence of a few words, without what encloses or explains it.

    What leaves the answer open ("A or B") or denies it is nothing.
    """
    first = next(iter(sentences(words, 1)), "")
    bare = REMARK.split(first[:200], maxsplit=1)[0]
    bare = re.sub(r"^\W+|\W+$", "", bare)
    if DENYING.match(bare) or OPEN.search(bare):
        return None
    return " ".join(bare.split()) if 0 < len(bare.split()) <= SHORT_WORDS else None


THIS_IS = re.compile(r"^(?:it|that|this)['\u2019]s\s+", re.IGNORECASE)
"""How a short answer may begin: "It's Canberra!"."""
UNIT = re.compile(r"(?<=\d) [a-zäöüßéèà]+$")
"""The one word behind a number that says of what it is: "31 dollars" wants a number."""
KINDS: Mapping[str, Reader] = {
    "number": read_number,
    "choice": read_choice,
    "boolean": read_boolean,
    "text": read_short,
}
REFERENCES: Mapping[str, ReferenceReader] = {
    "number": as_number,
    "choice": as_chosen,
    "boolean": partial(as_answered, read_boolean),
    "text": partial(as_stated, read_short),
}


EXTRACTOR = Extractor(any_text=True, read=read_answer, reference=as_wanted)
