"""What a sentence names beside its answer: remarks, lists, the views of others."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmlat.grading.extractors.mentions import Mention

NEAR = 80
"""Characters before an answer, twice over, in which its remark begins."""
JOINED = re.compile(
    r"[)\]*'\"]{0,4}\s{0,3}(?:[/|&\u3001]|,?\s{0,3}(?:and )?then\b|,\s{0,3}"
    r"(?:or|and|oder|und)?\b|,|or\b|and\b|oder\b|und\b|ou\b|et\b|to\b"
    r"|or maybe\b|或者?|和)\s{0,3}[(\[*'\"]{0,4}"
    r"(?:(?:maybe|perhaps|also|even|option|the)\s{1,3}){0,2}[(\[]?",
    re.IGNORECASE,
)
MINOR = re.compile(
    r"\b(?:(?:a |an )?(?:bit|hint|touch|trace|dash|element|undertone|note|shade)s? of"
    r"|some|slight|a little|a few|minor|occasional|behind|ahead of|before|after|next to"
    r"|beside|between|followed by|,\s(?:and )?then(?:\s(?:comes|came|by|is|was))?"
    r"(?:\sthe)?|,\s(?:with))\s{1,3}\Z"
    r"|,\s(?:right |just |shortly |immediately |directly )?(?:after|before|following"
    r"|unlike|in contrast to|compared (?:to|with))\b[^,.;:\n]{1,40}\Z",
    re.IGNORECASE,
)
"""What makes an answer that is named later a remark."""
BESIDE = re.compile(
    r"\b(?:after|before|opposite|beside|behind|next to|(?:left|right|north|south|east"
    r"|west) of|between|under|above|below|following|than|across from)\s(?:the\s)?\Z",
    re.IGNORECASE,
)
PREDICATING = re.compile(
    r"\A[^,.;:\w]{0,3}\s?(?:is|was|comes|sits|stands|lives)\s", re.IGNORECASE
)
"""What makes an answer the place of the one that follows: "Opposite Ann is Bo"."""
OTHERS = re.compile(
    r"\b(?:some|many|most|others?|people|critics|students|readers)\b[^.,;:\n]{0,30}"
    r"\b(?:thinks?|believes?|says?|said|assumes?d?|guess(?:es)?|claims?|thought|argues?"
    r"|picks?|chooses?|calls?|considers?|sees?|read)\b[^.,;:\n]{0,40}\Z",
    re.IGNORECASE,
)
"""What says of an answer that it is the view of others."""
INSPECTED = re.compile(
    r"\b(?:let(?:'s| us| me)|we(?:'ll| will| can| need to| have to)?|i(?:'ll| will)?)\s"
    r"(?:(?:now|first|next|start by|begin by|then|also)\s){0,2}(?:look(?:ing)? at"
    r"|consider(?:ing)?|check(?:ing)?|examine|examining|start(?:ing)? with"
    r"|begin(?:ning)? with|evaluate|evaluating|analy[sz]e|analy[sz]ing"
    r"|go through|test|try)\b"
    r"[^.;:\n]{0,60}\Z",
    re.IGNORECASE,
)
"""What only turns to an answer: "Let's look at option B"."""
ORDER = re.compile(
    r"\b(?:order|ranking|sequence|sorted|from \w{1,12} to \w{1,12})\b[^.\n]{0,60}\Z",
    re.IGNORECASE,
)
ENUMERATED = 3
"""Number of different answers in a row that are the list of all possible answers."""


CONCEDED = re.compile(
    r"\s*(?:while|although|though|even though|despite|in spite of|since|because"
    r"|as|given(?: that)?)\b[^,\n]{1,120},"
    r"|\s*(?:\u867d\u7136|\u5c3d\u7ba1)[^,\n\uff0c]{1,120}[,\uff0c]"
    r"|\s*[^,.;:\u2013\u2014\n]{1,80}\b(?:at first(?: sight| glance)?|initially"
    r"|at the start|to begin with)\b[^,.\n]{0,20},? but\b",
    re.IGNORECASE,
)
"""What a sentence grants before it says what counts."""
GRANTED_ALL = re.compile(
    r"\s*(?:since|because|as)\b[^\n.]{1,200},(?=\s[^,.\n]{0,60}\b(?:must|ha(?:s|ve) to)"
    r"\b[^,\n]{1,80}\Z)",
    re.IGNORECASE,
)
"""All that a sentence grants before what must be so."""


FORMERLY = re.compile(
    r"\bi (?:was (?:going|about|tempted) to|wanted to|almost|nearly|first|initially"
    r"|would have|might have|had)\s(?:say|said|guess(?:ed)?|think|thought|pick(?:ed)?"
    r"|cho(?:o|se|sen)\w{0,2}|go(?:ne)? with|went with|answer(?:ed)?)\b"
    r"[^.,;:\n]{0,40}\Z|\bi was (?:thinking of|considering|leaning towards)\s"
    r"(?:the )?(?:option )?[(\[\"']{0,2}\Z",
    re.IGNORECASE,
)
"""What says of an answer that it was only thought of."""


def is_told_of(text: str, mention: Mention) -> bool:
    """Say whether a mention is the view of others, or what is only looked at."""
    before = text[max(0, mention.start - 2 * NEAR) : mention.start]
    looks = (OTHERS, INSPECTED, FORMERLY)
    return any(look.search(before) for look in looks)


def is_enumeration(text: str, mentions: Sequence[Mention]) -> bool:
    """Say whether a text starts with a row of several answers."""
    row = mentions[:ENUMERATED]
    joined = all(JOINED.fullmatch(text[a.end : b.start]) for a, b in pairwise(row))
    return joined and len({mention.value for mention in row}) == ENUMERATED


def is_order(text: str, mentions: Sequence[Mention]) -> bool:
    """Say whether a text gives an order of several answers: "the order is: Ann, Bo"."""
    before = text[: mentions[0].start]
    return bool(ORDER.search(before)) and is_enumeration(text, mentions)


def without_remarks(text: str, mentions: Sequence[Mention]) -> Sequence[Mention]:
    """Leave out what is named beside the first: "with some joy", "after Ann and Bo"."""
    if len(mentions) > 1 and mentions[0].value != mentions[1].value:
        gap = text[mentions[0].end : mentions[1].start]
        if BESIDE.search(text[: mentions[0].start]) and PREDICATING.search(gap):
            mentions = mentions[1:]
    kept, last, minor = [mentions[0]], mentions[0], False
    for mention in mentions[1:]:
        joined = JOINED.fullmatch(text[last.end : mention.start])
        minor = bool(MINOR.search(text[: mention.start]) or (minor and joined))
        if not minor:
            kept.append(mention)
        last = mention
    return kept


def without_enumeration(text: str, mentions: Sequence[Mention]) -> Sequence[Mention]:
    """Leave out the list of all answers where one is named beside it."""
    rows: list[list[Mention]] = [[mentions[0]]]
    for before, after in pairwise(mentions):
        listed = {mention.value for mention in rows[-1]}
        chosen = len(listed) >= ENUMERATED and after.value in listed
        if not chosen and JOINED.fullmatch(text[before.end : after.start]):
            rows[-1].append(after)
        else:
            rows.append([after])
    single = [
        row for row in rows if len({mention.value for mention in row}) < ENUMERATED
    ]
    return [mention for row in single for mention in row] if single else mentions
