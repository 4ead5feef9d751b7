"""The one answer that is left when a text turns down all the others."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pytest_llmlat.grading.extractors.denials import denied_in
from pytest_llmlat.grading.extractors.doubt import Claim, Stance, claimed
from pytest_llmlat.grading.extractors.readable_answer import sentences

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_llmlat.grading.extractors.mentions import Finder

FEWEST = 3
"""Answers of which all but one may be turned down; of two, the other is not meant:
"not positive" may be neutral."""
NEITHER = re.compile(
    r"\b(?:neither|nor|weder|noch|ni)\b|\u65e2(?:\u4e0d|\u975e)", re.IGNORECASE
)
"""What turns down several at once; "calm words: few, tense words: few" does not."""
SENTENCES = 50
"""Sentences of an answer that are looked at."""


def left_over(
    text: str, find: Finder, values: frozenset[str], *, apart: bool
) -> Iterator[Claim]:
    """Yield the answer that is left: of A, B and C by "A and B are both false".

    Nothing may be asserted or left open beside it.

    Args:
        text: the answer, in plain text.
        find: finds the possible answers.
        values: all of them.
        apart: several sentences may turn them down, one after the other, in whatever
            words; else it takes one that says "neither".
    """
    if len(values) < FEWEST:
        return
    gone: set[str] = set()
    for sentence in sentences(text, SENTENCES):
        mentions = find(sentence)
        if not mentions:
            continue
        if claimed(sentence, mentions).stance is not Stance.DENIED:
            return
        if not apart and NEITHER.search(sentence) is None:
            return
        denied = denied_in(sentence, mentions)
        gone = gone | denied if apart else denied
    left = [*(values - gone)]
    if len(left) == 1:
        yield Claim(Stance.ASSERTED, left.pop())
