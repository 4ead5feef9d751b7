"""Options that are one sentence but for a word: "The red book is the leftmost"."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pytest_llmlat.grading.extractors.labels import read_word
from pytest_llmlat.grading.extractors.readable_answer import UNREAD, Reading
from pytest_llmlat.grading.extractors.topic import Topic

if TYPE_CHECKING:
    from collections.abc import Sequence

ARTICLES = frozenset({"", "the", "a", "an", "der", "die", "das", "le", "la", "les"})
LONGEST = 3
"""Words by which such options may differ."""
LEAST = 2
"""Words that such options have in common behind, at least."""


def read_framed(answer: str, options: Sequence[str], stem: str) -> Reading:
    """Return the option whose own word answers the question that the others ask.

    "The leftmost is the white one" is "The white book is the leftmost", where the
    others are "The red book is the leftmost" and so on.

    Args:
        answer: the text, without thoughts.
        options: the texts of the options.
        stem: what the question tells before them.
    """
    words = [re.findall(r"[\w'-]+", option.casefold()) for option in options]
    shortest = min(map(len, words), default=0)
    head = _common(words, shortest)
    tail = _common([row[::-1] for row in words], shortest - head)
    own = [row[head : len(row) - tail] for row in words]
    article = " ".join(words[0][:head]) if words else "?"
    if len(own) < 2 or article not in ARTICLES or tail < LEAST:  # noqa: PLR2004
        return UNREAD
    if not all(0 < len(row) <= LONGEST for row in own):
        return UNREAD
    names = {" ".join(row): option for row, option in zip(own, options, strict=True)}
    if len(names) < len(options):
        return UNREAD
    noun = re.escape(words[0][-tail])
    known = "|".join(map(re.escape, names))
    answer = re.sub(rf"\b({known})\s{noun}\b", r"\1", answer)
    question = f"{stem.strip()}\nWhich {' '.join(words[0][-tail:])}?"
    found = read_word(answer, tuple(names), topic=Topic.of(question, tuple(names)))
    return Reading(names.get(found.value or ""), explicit=found.explicit)


def _common(rows: Sequence[Sequence[str]], most: int) -> int:
    """Count the first words that all rows have in common."""
    count = 0
    while count < most and len({row[count] for row in rows}) == 1:
        count += 1
    return count
