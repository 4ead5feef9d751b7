"""One word out of a few: labels, names, truth values."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from pytest_llmlat.grading.extractors.extractor import Extractor
from pytest_llmlat.grading.extractors.reading import (
    UNREAD,
    Reading,
    normalized,
    plain,
    sentences,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pytest_llmlat.values.entities import Sample, Task

TRUTH = {"true": "true", "yes": "true", "false": "false", "no": "false"}
DETERMINERS = frozenset({"no"})
"""Answers that are common words as well: only at the start or after a marker."""

SUPERLATIVE = r"\w{1,20}est|most \w{1,20}|least \w{1,20}|first|last|winner"
NOUN = (
    r"answer|label|sentiment|polarity|emotion|feeling|mood|tone|classification"
    r"|category|class|prediction|verdict|conclusion|result|output|judge?ment"
    rf"|statement|claim|classif(?:y|ied)|label+ed|describe[ds]?|{SUPERLATIVE}"
)
FILLER = (
    r"(?:\W|\b(?:a|an|the|it|is|it's|be|clearly|overall|definitely|mostly|mainly|most"
    r"|largely|predominantly|generally|likely|probably|very|quite|simply|therefore|thus"
    r"|as|expressed|that of)\b){0,14}"
)
NEGATION = re.compile(
    r"(?:n't|\b(?:not|never|neither|nor|no|non|hardly|cannot|without|than|unlike"
    r"|far from|instead of))[^\w,.;:!?\n]+"
    r"(?:(?!but\b)\w+[^\w,.;:!?\n]+){0,4}$"
)
NEGATION_REACH = 80
"""Characters before a word in which a negation of it may stand."""
INTERJECTION = re.compile(
    r"(?:sure|okay|ok|certainly|of course|all ?right|well|hm+|great|absolutely)\b"
    r".{0,60}$"
)
DIRECT_WORDS = 10
"""A sentence of this many words that names one label is an answer, not a thought."""
SKIPPED = 3
"""Interjections and announcements that may come before the answer."""


@dataclass(frozen=True, slots=True)
class Mention:
    """A place in an answer where one of the allowed words stands."""

    start: int
    end: int
    value: str
    strong: bool = False
    """It follows the word "answer", which outweighs all others."""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The allowed words, compiled for the search."""

    values: Mapping[str, str]
    """The key of each spelling to the normalised answer."""
    word: re.Pattern[str]
    marked: tuple[re.Pattern[str], ...]
    """Phrases that state an answer, whose group ``word`` holds it."""
    listed: re.Pattern[str]
    """What follows a word that is only an item of a list of choices."""


def read_label(answer: str, task: Task, sample: Sample) -> Reading:
    """Return the one of ``task.labels`` that the answer gives, spelled as there."""
    del sample
    return read_word(answer, task.labels)


def read_boolean(answer: str, task: Task, sample: Sample) -> Reading:
    """Return "true" or "false" of a yes, no, true or false."""
    del task, sample
    return _decided(plain(answer).casefold(), _vocabulary(tuple(TRUTH.items())))


def read_word(answer: str, words: Sequence[str]) -> Reading:
    """Return the one of ``words`` that the answer gives.

    The first line or sentence decides, in this order: a word at its very start; a
    word after "answer:", "the sentiment is" and the like; the only word that a short
    sentence names without negating it. Failing that, a word stated as the answer
    further on, if such statements agree or the last says "answer"; failing that, the
    only word that a long first sentence names. All else is unread: a negated word
    does not choose another, and of two words neither is chosen.
    """
    spelled = tuple((word, word) for word in words if _key(word))
    if not spelled:
        return UNREAD
    return _decided(plain(answer).casefold(), _vocabulary(spelled))


def _key(word: str) -> str:
    """Return a word's form without case and with single blanks between its parts."""
    return " ".join(re.split(r"[\s_-]+", normalized(word))).strip()


@lru_cache(maxsize=256)
def _vocabulary(spelled: tuple[tuple[str, str], ...]) -> Vocabulary:
    """Compile pairs of (word as written, normalised answer); longest words first."""
    values = {_key(word): value for word, value in spelled}
    either = "|".join(
        r"[\s_-]{1,5}".join(map(re.escape, key.split()))
        for key in sorted(values, key=len, reverse=True)
    )
    word = rf"(?<!\w)(?P<word>{either})(?!\w)"
    return Vocabulary(
        values=values,
        word=re.compile(word),
        marked=(
            re.compile(
                rf"\b(?P<noun>{NOUN})\b(?:[^\w\n.:=]{{1,5}}\w{{1,30}}){{0,8}}?"
                rf"[^\w\n.:=]{{0,5}}(?:\b(?:is|was|as|be)\b|[:=]|->){FILLER}{word}"
            ),
            re.compile(
                rf"{word}\s{{1,3}}(?:is|was|must be|would be|came|finished|are)"
                r"\s{1,3}(?:the\s{1,3})?"
                rf"(?P<noun>(?:correct |right )?answer|{SUPERLATIVE})\b"
            ),
        ),
        listed=re.compile(rf"\s{{0,3}}(?:[/|,&]|or\b|and\b|to\b|-)\s{{0,3}}{word}"),
    )


def _decided(text: str, words: Vocabulary) -> Reading:
    """Apply the order of ``read_word`` to plain, casefolded text."""
    head = _head(text, words)
    leading = _leading(head, words)
    if leading is not None:
        return Reading(leading, explicit=True)
    value = _agreed(_stated(head, words))
    if value is not None:
        return Reading(value, explicit=True)
    named = {mention.value for mention in _mentions(head, words)}
    sole = named.pop() if len(named) == 1 else None
    if sole is not None and len(head.split()) <= DIRECT_WORDS:
        return Reading(sole)
    value = _agreed([*_stated(text, words), *_alone(text, words)])
    if value is not None:
        return Reading(value, explicit=True)
    return Reading(sole)


def _head(text: str, words: Vocabulary) -> str:
    """Return the first sentence that is no interjection, or nothing."""
    for sentence in sentences(text, SKIPPED):
        if words.word.search(sentence) or not INTERJECTION.match(sentence):
            return sentence
    return ""


def _leading(head: str, words: Vocabulary) -> str | None:
    """Return the word that a sentence starts with, if a pause comes after it."""
    found = words.word.match(head, len(head) - len(re.sub(r"^\W+", "", head)))
    if found is None or words.listed.match(head, found.end()):
        return None
    pause = re.compile(r"\s*(?:[^\w\s'%+]|because\b|since\b|as\b|$)")
    return _value(found, words) if pause.match(head, found.end()) else None


def _mentions(head: str, words: Vocabulary) -> Iterator[Mention]:
    """Yield the words that a sentence names and does not negate."""
    for found in words.word.finditer(head):
        before = head[max(0, found.start() - NEGATION_REACH) : found.start()]
        common = found["word"] in DETERMINERS and re.search(r"\w", before)
        if not common and not NEGATION.search(before):
            yield Mention(found.start(), found.end(), _value(found, words))


def _stated(text: str, words: Vocabulary) -> list[Mention]:
    """Return the words that are stated as the answer, in their order."""
    found = [
        Mention(
            match.start("word"),
            match.end("word"),
            _value(match, words),
            strong=match["noun"].endswith("answer"),
        )
        for pattern in words.marked
        for match in pattern.finditer(text)
        if not words.listed.match(text, match.end("word"))
        and not NEGATION.search(
            text[max(0, match.start() - NEGATION_REACH) : match.start()]
        )
    ]
    return sorted(found, key=lambda mention: mention.start)


def _alone(text: str, words: Vocabulary) -> list[Mention]:
    """Return the words that have a line to themselves."""
    lines = (re.sub(r"^\W+|\W+$", "", line[:200]) for line in text.splitlines())
    found = (words.word.fullmatch(line) for line in lines)
    return [Mention(-1, -1, _value(match, words)) for match in found if match]


def _agreed(mentions: Sequence[Mention]) -> str | None:
    """Return the last word after "answer", else the one that all agree on."""
    strong = [mention.value for mention in mentions if mention.strong]
    if strong:
        return strong[-1]
    values = {mention.value for mention in mentions}
    return values.pop() if len(values) == 1 else None


def _value(match: re.Match[str], words: Vocabulary) -> str:
    """Return the normalised answer of a word that was found."""
    return words.values[_key(match["word"])]


LABEL = Extractor(read=read_label, needs_labels=True)
BOOLEAN = Extractor(read=read_boolean)
