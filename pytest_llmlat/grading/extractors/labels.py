"""One word out of a few: labels and names."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from pytest_llmlat.grading.extractors.evidence import Candidates, decided
from pytest_llmlat.grading.extractors.extractor import Extractor
from pytest_llmlat.grading.extractors.mentions import Mention
from pytest_llmlat.grading.extractors.readable_answer import (
    UNREAD,
    Reading,
    in_english,
    language,
    normalized,
    plain,
)
from pytest_llmlat.grading.extractors.references import as_answered
from pytest_llmlat.grading.extractors.side_by_side import about_asked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from pytest_llmlat.grading.extractors.topic import Topic
    from pytest_llmlat.values.entities import Sample, Task

DETERMINERS = frozenset({"no"})
"""Answers that are common words as well: only where a pause follows."""
OFFERING = re.compile(
    r"\bor\b|\A\W*(?:if|is|are|was|were|do|does|did|can)\b", re.IGNORECASE
)
"""What makes of the names in a question answers that it offers."""
SCORED = re.compile(
    r"(?P<label>[\w/-]{2,30})[\"'*]{0,3}\s{0,2}[:=(]\s{0,2}(?P<score>\d{1,3}(?:\.\d{1,6})?)\s?"
    r"(?P<percent>%)?(?=\s{0,2}(?:[,;)\n]|\Z))"
)
"""A label and how sure it is: "negative: 0.9"."""
STARS = re.compile(r"(?<![\w.])(\d{1,2})\s{0,2}(?:/|out of|of|von|sur)\s{0,2}\d{1,2}")
INVERTED = re.compile(
    r"(?<![\w'-])([\w'-]{2,30}) it (is|must be)\b(?=\s{0,3}(?:[.!,]|\Z))", re.IGNORECASE
)
"""A judgement that comes first: "but gratitude it is"."""
AFFIRMED = re.compile(
    r"(?:(?<=[.!?\n]\s)|\A)(?P<label>[^.!?\n]{2,30})\?\s{1,3}"
    r"(?:yes|absolutely|definitely|certainly|of course|indeed|ja|oui)\b[.!,]?",
    re.IGNORECASE,
)
"""A question for one label, and a yes to it: "Positive? Absolutely."."""
CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
GAP = re.compile(r"[\s_-]{1,5}")
ON = re.compile(r"\s{1,3}\w")
SHIELDED = re.compile(r"[\u2605\u2b50]\ufe0f?")
FORMS = (
    ("ion", 5, ("", "s", "ed", "ing", "ory")),
    ("ment", 5, ("", "s", "ed", "ing")),
    ("ness", 3, ("",)),
    ("iness", 3, ("y",)),
    ("ism", 4, ("istic",)),
    ("er", 3, ("ry",)),
    ("itude", 3, ("eful",)),
    ("osity", 4, ("ous",)),
    ("ance", 4, ("ed", "ing")),
    ("ation", 5, ("e", "es", "ed", "ing")),
    ("al", 5, ("e", "es", "ed", "ing")),
    ("ief", 3, ("ieved",)),
    ("e", 5, ("ed", "ing")),
    ("t", 6, ("", "s", "ed", "ing")),
    ("", 3, ("ful",)),
)
INFLECTED = {"de": ("e", "en", "er", "es", "em"), "fr": ("e", "s", "es")}
"""Endings of a label, the shortest stem, and endings of its adjective or its verb."""


def read_label(answer: str, task: Task, sample: Sample) -> Reading:
    """Return the one of ``task.labels`` that the answer gives, spelled as there."""
    spoken = language(task, sample)
    return read_word(answer, task.labels, judging=True, language=spoken)


def read_word(
    answer: str,
    words: Sequence[str],
    *,
    judging: bool = False,
    topic: Topic | None = None,
    about: Callable[[str], bool] = bool,
    language: str = "",
) -> Reading:
    """Return the one of ``words`` that the answer gives, by the order of evidence.

    Args:
        answer: the text, without thoughts.
        words: what may be answered. Names are known by their capital where the answer
            writes any of them with it: "may" is not May then.
        judging: the words judge a text, as labels do; other forms of them are read
            where none of them is named itself ("angry" for anger).
        topic: what is asked, if it is known.
        about: says whether a sentence may be about what is asked, without a topic.
        language: that of the task, where it is not English.
    """
    values = {_key(word): word for word in words if _key(word)}
    if not values:
        return UNREAD
    answer = unicodedata.normalize("NFC", in_english(answer, language))
    if len(answer.casefold()) != len(answer):
        answer = answer.casefold()
    if all(key.isdigit() for key in values):
        answer = _rated(answer)
    answer = AFFIRMED.sub(r"\g<label>. ", answer)
    answer = INVERTED.sub(r"it \2 \1", answer)
    folded = _folded(answer)
    named = {key: word for key, word in values.items() if key.split()[0] in folded}
    if judging and not _words(named, plain(answer)):
        values = {
            form: word for key, word in values.items() for form in _forms(key, language)
        }
        named = {form: word for form, word in values.items() if form in folded}
    if judging and (likeliest := _likeliest(answer, values)):
        return Reading(likeliest[0]) if len(likeliest) == 1 else UNREAD
    find = partial(_words, named)
    if all(word[:1].isupper() for word in named.values()):
        find_capital = partial(_capitals, named)
        find = find_capital if find_capital(answer) else find
    asked = Candidates(find=find, judging=judging, values=frozenset(words), about=about)
    if topic is not None:
        asked = _asked_by(topic, asked, words)
    return decided(answer, asked)


def _asked_by(topic: Topic, asked: Candidates, words: Sequence[str]) -> Candidates:
    """Return the candidates of a question that may name some of them itself.

    Asked who sits opposite Bob, "Dave sits opposite Bob" names Dave only, and "Dave
    sits next to Carol", without Bob, is about something else.
    """
    values = {_key(word): word for word in words}
    given = {mention.value for mention in _words(values, topic.question)}
    if not 0 < len(given) < len(values) or OFFERING.search(topic.question):

        def tells(sentence: str) -> bool:
            return topic.allows(sentence) and not topic.is_apart(sentence, words)

        return replace(asked, about=tells, told=partial(about_asked, topic, asked.find))

    def find(text: str) -> Sequence[Mention]:
        mentions = asked.find(text)
        return [each for each in mentions if each.value not in given] or mentions

    def about(sentence: str) -> bool:
        named = {mention.value for mention in asked.find(sentence)}
        return topic.allows(sentence) and (len(named) <= 1 or bool(named & given))

    return replace(
        asked, find=find, about=about, told=partial(about_asked, topic, find)
    )


def _likeliest(answer: str, values: Mapping[str, str]) -> list[str]:
    """Return the labels with the highest of several scores, if a text is all scores."""
    scores = {
        values[_key(found["label"])]: float(found["score"])
        for found in SCORED.finditer(answer)
        if _key(found["label"]) in values
    }
    bare = SCORED.sub("", answer)
    if len(scores) < 2 or re.search(r"\w", bare):  # noqa: PLR2004
        return []
    best = max(scores.values())
    return [label for label, score in scores.items() if score == best]


def _rated(answer: str) -> str:
    """Turn stars, and "4 out of 5", into the number of the rating."""
    stars = SHIELDED.findall(answer)
    if stars and not re.search(r"\d", answer):
        answer = f"{len(stars)}"
    return STARS.sub(r"\1", answer)


def _key(word: str) -> str:
    """Return a word's form without case and with single blanks between its parts."""
    return " ".join(re.split(r"[\s_-]+", normalized(word))).strip()


def _forms(key: str, language: str) -> Iterator[str]:
    """Yield the adjective, its inflections or the verb's forms of a label."""
    yield from (f"{key}{ending}" for ending in INFLECTED.get(language, ()))
    for ending, least, others in FORMS:
        stem = key.removesuffix(ending)
        if key.endswith(ending) and len(stem) >= least:
            yield from (f"{stem}{other}" for other in others)


def _folded(text: str) -> str:
    """Casefold a text, unless that would move the places in it."""
    folded = text.casefold()
    return folded if len(folded) == len(text) else text.lower()[: len(text)]


def _is_inside(text: str, place: int) -> bool:
    """Say whether a letter at a place makes a word go on.

    It does not in scripts that are written without blanks.
    """
    if not 0 <= place < len(text):
        return False
    char = text[place]
    return (char.isalnum() or char == "_") and not CJK.match(char)


def _places(folded: str, parts: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Yield where a word stands whole, its parts with blanks or hyphens between."""
    start = folded.find(parts[0])
    while start >= 0:
        end = start + len(parts[0])
        for part in parts[1:]:
            gap = GAP.match(folded, end)
            whole = gap and folded.startswith(part, gap.end())
            end = gap.end() + len(part) if gap and whole else 0
            if not end:
                break
        before = start - 1
        bounded = not _is_inside(folded, before) and folded[before:start] != "-"
        if end and bounded and not _is_inside(folded, end):
            yield start, end
        start = folded.find(parts[0], max(end, start + 1))


def _words(values: Mapping[str, str], text: str) -> list[Mention]:
    """Find the allowed words in a text; of two that overlap the longer one."""
    folded = _folded(text)
    found = [
        Mention(start, end, word)
        for key, word in values.items()
        for start, end in _places(folded, key.split())
        if not (key in DETERMINERS and ON.match(folded, end))
    ]
    found.sort(key=lambda mention: (mention.start, -mention.end))
    apart: list[Mention] = []
    for mention in found:
        if not apart or mention.start >= apart[-1].end:
            apart.append(mention)
    return apart


def _capitals(values: Mapping[str, str], text: str) -> list[Mention]:
    """Find the allowed names where they are written with their capital."""
    return [found for found in _words(values, text) if text[found.start].isupper()]


LABEL = Extractor(
    read=read_label, reference=partial(as_answered, read_label), needs_labels=True
)
