"""Parts of a sentence that each tell of another, one of them of what is asked."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pytest_llmlat.grading.extractors.contraries import poles, struck_out
from pytest_llmlat.grading.extractors.doubt import REASON
from pytest_llmlat.grading.extractors.readable_answer import SENTENCE_END

if TYPE_CHECKING:
    from pytest_llmlat.grading.extractors.mentions import Finder
    from pytest_llmlat.grading.extractors.topic import Topic

SIDE_BY_SIDE = re.compile(r"(,\s(?:and\s)?|;\s|\sand\s)", re.IGNORECASE)
"""What separates the parts of a sentence that each tell of another."""
HEADED = re.compile(r"\W{0,4}[\w ]{1,20}(?::|\s[-\u2013\u2014=\u2192])\s")
"""A part that says first whose answer it gives: "left: red, right: blue"."""
NEGATED = re.compile(
    r"n't\b|\b(?:not|never|neither|nor|cannot|no|nicht|nie|kein\w{0,2}|pas|ni)\b",
    re.IGNORECASE,
)


def about_asked(topic: Topic, find: Finder, text: str) -> str:
    """Strike out what a text says of others than what is asked.

    Where the parts of a sentence name an answer each, the part that speaks of the
    superlative or the place that is asked for counts: "Ann sits on the far left, Bo in
    the middle and Cy beside him".
    """
    text = topic.told(text)
    kept, start = "", 0
    for end in [*(m.end() for m in SENTENCE_END.finditer(text)), len(text)]:
        reason = REASON.search(text, start, end)
        begun = reason is not None and text[start : reason.start()].strip()
        stop = reason.start() if reason and begun else end
        parts = SIDE_BY_SIDE.split(text[start:stop])
        told = _one_told(topic, find, parts)
        kept += "".join(
            part
            if told in (None, index) or SIDE_BY_SIDE.fullmatch(part)
            else struck_out(part)
            for index, part in enumerate(parts)
        )
        kept += text[stop:end]
        start = end
    return kept


def _one_told(topic: Topic, find: Finder, parts: list[str]) -> int | None:
    """Return the place of the one part that is about what is asked, if one is."""
    named = [{mention.value for mention in find(part)} for part in parts]
    if any(len(names) > 1 for names in named) or sum(map(bool, named)) <= 1:
        return None
    naming = [index for index, names in enumerate(named) if names]
    whole = [
        index
        for index, part in enumerate(parts)
        if poles(part, asked=True) & topic.poles or topic.is_told_in(part)
    ]
    headed = all(HEADED.match(parts[index]) for index in naming)
    if headed and not whole:
        whole = [index for index in naming if topic.shares(parts[index])]
    if not whole:
        whole = [
            index
            for index in naming
            if topic.shares(parts[index])
            and topic.allows(parts[index])
            and not NEGATED.search(parts[index])
        ]
    return whole[0] if len(whole) == 1 and named[whole[0]] else None
