"""Answers in a row: lists and orders of all that may be answered, which choose none."""

from __future__ import annotations

import re
from itertools import zip_longest
from typing import TYPE_CHECKING

from pytest_llmlat.grading.extractors.mentions import Mention
from pytest_llmlat.grading.extractors.phrases import ITEM

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmlat.grading.extractors.mentions import Finder

CHAINING = re.compile(r"[<>\u2192\u2265\u2264]")
CHAINED = re.compile(r"\s{0,3}(?:\w{1,12}\s)?[<>\u2192\u2265\u2264]{1,2}\s{0,3}")
"""What joins the members of an order."""
STOPS = (".", "!")
ENDS = re.compile(r"(?:[.!?]\s{1,3}|\A\W{0,4})\Z")
"""What stands before an answer that is a sentence by itself."""
BRIEF_CHAIN = 2
"""Number of answers with a sign between them up to which they are no order of all."""
LONE = 80
"""Characters of a line or of bold text that may be an answer by itself."""
MOST = 50
"""Statements, lines and conclusions of an answer that are looked at."""


def is_all(text: str, find: Finder) -> Mention | None:
    """Return the mention that a text consists of, but for its marks."""
    for mention in find(text):
        rest = text[: mention.start] + text[mention.end :]
        if not re.search(r"\w", rest):
            return mention
    return None


def is_list(text: str, value: str, mark: str, find: Finder) -> bool:
    """Say whether another answer has the same mark, in its line or before others."""
    first, *further = text.splitlines()[:MOST]
    if mark and any(
        mention.value != value
        and first[mention.end :].lstrip().startswith(mark)
        and (mark not in STOPS or ENDS.search(first[: mention.start]))
        for mention in find(first)
    ):
        return True
    for line in further:
        alone = is_all(line[:LONE], find)
        if not mark and alone is not None and alone.value != value:
            return True
        mentions = find(line[:LONE]) if mark else ()
        if mentions and not re.search(r"\w", line[: mentions[0].start]):
            other = mentions[0].value != value
            if other and line[mentions[0].end :].lstrip().startswith(mark):
                return True
    return False


def is_paired(text: str, mentions: Sequence[Mention]) -> bool:
    """Say whether only a dash stands between the first two answers: "Ann - Bo"."""
    return len(mentions) > 1 and bool(
        re.fullmatch(
            r"\s?[-\u2013\u2014]\s?", text[mentions[0].end : mentions[1].start]
        )
    )


def without_order(text: str, find: Finder) -> str:
    """Blank out lines that each are one answer, such as those of an order or a list.

    So are those of an order in one line: "Ann > Bo > Cleo".
    """
    text = _without_chains(text, find)
    lines = text.splitlines()
    alone = [is_all(ITEM.sub("", line), find) for line in lines[:MOST]]
    if len({mention.value for mention in alone if mention is not None}) <= 1:
        return text
    pairs = zip_longest(lines, alone)
    return "\n".join("" if mention else line or "" for line, mention in pairs)


def _without_chains(text: str, find: Finder) -> str:
    """Blank out answers that signs of an order join, three or more of them."""
    if not CHAINING.search(text):
        return text
    row: list[Mention] = []
    for mention in [*find(text), Mention(len(text), len(text), "")]:
        if row and CHAINED.fullmatch(text, row[-1].end, mention.start):
            row.append(mention)
            continue
        if len(row) > BRIEF_CHAIN:
            start, end = row[0].start, row[-1].end
            text = text[:start] + " " * (end - start) + text[end:]
        row = [mention]
    return text
