"""Whether a sentence asserts what it names, denies it, or leaves it open.

Denials and doubts are known in English, German, French and Chinese, the languages
that tasks and models answer in.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

REACH = 80
"""Characters before or after a word in which a denial of it may stand."""

CERTAIN = re.compile(
    r"\b(?:(?:there is |there's )?no doubt(?: that)?|without (?:a |any )?doubt"
    r"|not only|ohne zweifel|sans doute|nobody but|no one but)\b",
    re.IGNORECASE,
)
"""Words that look like a denial and strengthen."""
BEFORE = re.compile(
    r"(?:n't|\b(?:not|never|neither|nor|no|non|hardly|barely|cannot|without|than|unlike"
    r"|far from|instead of|anything but|nothing|lacks?|lacking|absence of|lack of"
    r"|rul(?:es?|ed|ing) out|eliminat\w{1,4}|exclud\w{1,4}|less|fails? to"
    r"|nicht|keine?[nmrs]?|kaum|weder|pas|jamais|ni|aucune?))"
    r"[^\w,.;:!?\n]+(?:(?!but\b|so\b|sondern\b|mais\b)[\w']+[^\w,.;:!?\n]+){0,4}\Z"
    r"|(?:不是|并非|并不|不|没有|非|未)\s?\Z|\bnon-\Z|\bnot:?\s{0,2}\Z",
    re.IGNORECASE,
)
FALSE_BEFORE = re.compile(r"\bfalse(?:ly)?\s\Z", re.IGNORECASE)
VERB = r"(?:is|are|was|were|can|could|do|does|did|has|have|had|would|must|will|be|ist)"
AFTER = re.compile(
    rf"[)\]*'\"]{{0,4}}\s{{0,3}}(?:{VERB}(?:n't|\s?not|\s{{1,3}}nicht)\b"
    r"|n'(?:est|a|était) pas\b|不(?:是|对|正确|成立)|错"
    r"|(?:is|are|was|were|be|ist|sind|est)\s{1,3}(?:\w{1,12}\s{1,3})?"
    r"(?:wrong|incorrect|out\b|eliminated|excluded|impossible|ruled|falsch|fausse?)"
    r"|(?:has|had|have|makes?|made)\s{1,3}no\b|(?:fails|contradicts?)\b"
    r"|[^.\n]{0,40}\bbut (?:it|that)(?: i|')s (?:wrong|false|incorrect|not)\b"
    r"|\?\s{0,3}(?:no|nein|non)\b|\s{0,2}at first (?:sight|glance)\b"
    r"|[-:\u2013\u2014, ]{0,4}[\u2717\u2718\u274c]"
    r"|[-:\u2013\u2014, ]{1,4}(?:wrong|incorrect|no|falsch|faux)"
    r"\s{0,3}(?:[.,;!\n]|\Z))",
    re.IGNORECASE,
)
FALSE_AFTER = re.compile(
    r"[)\]*'\"]{0,4}[-:\u2013\u2014, ]{0,4}(?:(?:is|are|was|ist|est)\s{1,3})?"
    r"(?:false)\b",
    re.IGNORECASE,
)
"""Verdicts on an option or a name; where truth is asked they are the answer."""
DOUBT = re.compile(
    r"\b(?:may|might|could|either|whether|unclear|unsure|uncertain|not sure|not certain"
    r"|maybe|perhaps|possibly|hard to|difficult to|would be|would have|could have"
    r"|tr(?:y|ies|ied|ying) to|wants? to|pretends?|attempts? to|doubt|half|partly"
    r"|partially|mixed|depend(?:s|ing)|if only|can(?:not|'t| not) (?:say|tell|determine"
    r"|be said|decide)|entweder|vielleicht|k\u00f6nnte|unklar|peut-\u00eatre"
    r"|pourrait|soit|both|tempting)\b|可能|也许|或许|不确定",
    re.IGNORECASE,
)
IF = re.compile(r"\b(?:if|unless|wenn|falls|si)\b[^,\n]{0,80}\Z|如果", re.IGNORECASE)
JOINED = re.compile(
    r"[)\]*'\"]{0,4}\s{0,3}(?:[/|&]|,\s{0,3}(?:or|and|oder|und)?\b|,|or\b|and\b|oder\b"
    r"|und\b|ou\b|et\b|to\b|or maybe\b|或者?|和)\s{0,3}[(\[*'\"]{0,4}"
    r"(?:(?:maybe|perhaps|also|even|option|the)\s{1,3}){0,2}[(\[]?",
    re.IGNORECASE,
)
REASON = re.compile(
    r",?\s(?:because|since|as|while|although|though|even though|whereas|given that"
    r"|due to|despite|weil|denn|obwohl|car|parce que)\s|\bexplanation\b|因为",
    re.IGNORECASE,
)
QUESTION = re.compile(r"[^.!?\n]{0,60}\?")


class Stance(Enum):
    """What a sentence does with what it names."""

    ASSERTED = "asserted"
    DENIED = "denied"
    OPEN = "open"
    SILENT = "silent"


@dataclass(frozen=True, slots=True)
class Mention:
    """A place in a text where one of the possible answers stands."""

    start: int
    end: int
    value: str


@dataclass(frozen=True, slots=True)
class Claim:
    """What a stretch of text says about the answer."""

    stance: Stance
    value: str | None = None


def strengthened(text: str) -> str:
    """Blank out "no doubt" and the like, at the same length."""
    return CERTAIN.sub(lambda found: " " * len(found[0]), text)


def is_denied(text: str, mention: Mention, *, truth: bool) -> bool:
    """Say whether a mention is turned down by the words round it."""
    before = text[max(0, mention.start - REACH) : mention.start]
    if BEFORE.search(before) or (not truth and FALSE_BEFORE.search(before)):
        return True
    if AFTER.match(text, mention.end, mention.end + REACH):
        return True
    return not truth and bool(FALSE_AFTER.match(text, mention.end))


def claimed(
    text: str, mentions: Sequence[Mention], *, truth: bool = False, first: bool = False
) -> Claim:
    """Judge one sentence, or what follows the words that announce an answer.

    Args:
        text: the sentence, in plain text.
        mentions: the possible answers named in it, in their order.
        truth: the answers are truth values, so that "is false" denies nothing.
        first: the text follows an announcement, so that the answer is what comes
            first and the rest are remarks, unless it is joined to another by "or".
    """
    if not mentions:
        return Claim(Stance.SILENT)
    text = strengthened(text)
    reason = REASON.search(text, mentions[0].end)
    if reason:
        mentions = [m for m in mentions if m.start < reason.start()]
    denied = [is_denied(text, mention, truth=truth) for mention in mentions]
    for index in range(len(mentions) - 2, -1, -1):  # (A) and (C) are false
        gap = text[mentions[index].end : mentions[index + 1].start]
        joined = JOINED.fullmatch(gap)
        after = AFTER.match(text, mentions[index + 1].end) or (
            not truth and FALSE_AFTER.match(text, mentions[index + 1].end)
        )
        denied[index] = denied[index] or bool(joined and after and denied[index + 1])
    asserted = [m for m, no in zip(mentions, denied, strict=True) if not no]
    if not asserted:
        return Claim(Stance.DENIED)
    return _of_asserted(text, asserted, first=first)


def _of_asserted(text: str, asserted: Sequence[Mention], *, first: bool) -> Claim:
    """Judge the mentions that nothing denies."""
    values = {mention.value for mention in asserted}
    lead = asserted[0]
    if len(values) > 1:
        joined = any(
            JOINED.fullmatch(text[a.end : b.start]) and a.value != b.value
            for a, b in pairwise(asserted)
        )
        if joined or not first:
            return Claim(Stance.OPEN)
    around = text[: lead.start] + "|" + (text[lead.end :] if not first else "")
    if QUESTION.match(text, lead.end):
        return Claim(Stance.SILENT)
    if DOUBT.search(around) or IF.search(text[: lead.start]):
        return Claim(Stance.OPEN)
    return Claim(Stance.ASSERTED, lead.value)
