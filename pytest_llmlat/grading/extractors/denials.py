"""Whether a sentence turns down an answer that it names.

Denials are known in English, German, French and Chinese, the languages that tasks and
models answer in.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from pytest_llmlat.grading.extractors.remarks import JOINED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmlat.grading.extractors.mentions import Mention

REACH = 80
"""Characters before or after a word in which a denial of it may stand."""

CERTAIN = re.compile(
    r"\b(?:(?:there is |there's )?no doubt(?: that)?|without (?:a |any )?doubt"
    r"|not only|more or less|mehr oder weniger|ohne zweifel"
    r"|sans doute|nobody but|no one but)\b",
    re.IGNORECASE,
)
"""Words that look like a denial and strengthen."""
BEFORE = re.compile(
    r"(?:n't|\b(?:not|never|neither|nor|no|hardly|barely|scarcely|cannot|without|than"
    r"|unlike|far from|instead of|nothing|lacks?|lacking|absence of|lack of|all but"
    r"|(?:any|every|no)(?:thing|one|body|where)? (?:but|except|besides|other than)"
    r"|everyone else|not so much|(?:the )?(?:opposite|contrary|reverse) of|stop(?:s"
    r"|ped)? being|avoid\w{0,3}|free of|hid(?:es?|ing|den)?|conceals?|masks?|los(?:t|es"
    r"|ing)|devoid of|refus\w{1,3} to|except(?: for)?|apart from|aside from"
    r"|as opposed to|dismiss\w{0,3}|rul(?:es?|ed|ing) out|eliminat\w{1,4}|exclud\w{1,4}"
    r"|discard\w{0,3}|outweigh\w{0,3}|less|weniger|moins|fail(?:s|ed)? to"
    r"|wrongly|mistakenly|nicht|nie|niemals|keine?[nmrs]?|kaum|weder|keineswegs"
    r"|keinesfalls|alles andere als|au\u00dfer"
    r"|statt|pas|jamais|ni|aucune?|gu\u00e8re|sauf|loin d'\u00eatre|plut\u00f4t que"
    r"|au lieu de))[^\w,.;:!?\n]+(?:(?!but\b|so\b|sondern\b"
    r"|mais\b)[\w']+[^\w,.;:!?\n]+){0,4}\Z|(?:不(?:是|选|选择|应选|太|够|能|会|算|属于|可能是?|一定是?)?|并非"
    r"|并不是?|没有|非|未|除了|绝非|而非)\s?\Z|\bnon-\Z|\bnot (?:the case|true|correct"
    r"|right) that\b[^,.;\n]{0,40}\Z|\bnot:?\s{0,2}\Z"
    r"|\b(?:eher|mehr|st\u00e4rker)\b[^.,;\n]{1,40}\bals\s\Z"
    r"|\bplu(?:t\u00f4t|s)\b[^.,;\n]{1,40}\bque\s\Z",
    re.IGNORECASE,
)
EXCEPTED = re.compile(
    r"\b(?:all|every\w{0,6}|any\w{0,6}|the (?:others?|rest))\b[^.,;\n]{0,40}"
    r"\b(?:except|but|besides|apart from|aside from|other than)\s(?:for )?"
    r"(?:the |option )?[(\[\"'*]{0,3}\Z",
    re.IGNORECASE,
)
RULED_OUT = re.compile(
    r"[)\]*'\"]{0,4}\s(?:is|are|was|were|can be|fails?|must be)\b"
    r"(?:\s\w{1,12}){0,2}?\s?(?:wrong|incorrect|false|out|ruled|eliminated|excluded"
    r"|impossible|\Z)",
    re.IGNORECASE,
)
"""What denies all answers but one: "all options except C are wrong"."""
FALSE_BEFORE = re.compile(
    r"\bfalse(?:ly)?\s\Z|\b(?:false|wrong|incorrect|falsch|fau(?:x|sses?)) "
    r"(?:is|are|ist|sind|est|sont)(?: \w{1,12},?)?(?: (?:and|und|et))?\s\Z",
    re.IGNORECASE,
)
VERB = (
    r"(?:is|are|was|were|can|ca(?=n)|wo(?=n)|could|do|does|did|has|have|had|would|must"
    r"|will|be|ist)"
)
BE = (
    r"(?:(?:(?:can|could|may|must|would|should|will|has|have)\s{1,3})?(?:be|been)"
    r"|is|are|was|were|looks?|seems?|ist|sind|est)"
)
AFTER = re.compile(
    rf"[)\]*'\"]{{0,4}}\s{{0,3}}(?:{VERB}(?:n't|\s?not|\s{{1,3}}"
    r"(?:(?:es|das|er|sie)\s)?(?:\w{1,12}\s)?nicht)\b"
    r"|n'(?:est|a|était) pas\b|不(?:是|对|正确|成立)|错"
    rf"|{BE}\s{{1,3}}(?:\w{{1,12}}\s{{1,3}}){{0,2}}"
    r"(?:wrong|incorrect|mistaken|out\b|eliminated|excluded|impossible|ruled|dismissed"
    r"|discarded|invalid|contradicted|refuted|violated|missing|absent|unlikely"
    r"|implausible|irrelevant|not\b|falsch|fausse?)|(?:words?|terms?|adjectives?"
    r"|phrases?)\b|(?:aspects?|elements?|points?|indicators?|parts?|sides?|factors?"
    r"|comments?|remarks?)(?:\s?[:(]|\s(?:include|are|of)\b)|(?:has|had|have|makes?|made)"
    r"\s{1,3}no\b|(?:fails|contradicts?|violates)\b|:\s{0,2}not\b|(?:is|are|was)\s{1,3}"
    r"(?:(?:far |much |way )?too\b|the (?:worst|least)\b|an? (?:trap|distractor"
    r"|decoy)\b)|[^.\n]{0,40}\bbut (?:it|that)(?: i|')s (?:wrong|false"
    r"|incorrect|not)\b|[^.\n]{0,40}\bbut (?:it |that )?(?:is|was|are|does)(?:n't"
    r"| not)\b|\?\s{0,3}(?:no|nein|non)\b|\s{0,2}at first (?:sight|glance)\b"
    r"|[-:\u2013\u2014, ]{0,4}[\u2717\u2718\u274c]|[-:\u2013\u2014, ]{1,4}(?:wrong"
    r"|incorrect|no|falsch|faux)\s{0,3}(?:[.,;!(\n\u2013\u2014-]|\Z))",
    re.IGNORECASE,
)
FALSE_AFTER = re.compile(
    r"[)\]*'\"]{0,4}[-:\u2013\u2014, ]{0,4}(?:(?:is|are|was|ist|est)\s{1,3}"
    r"(?:(?!not\b)\w{1,10}\s)?)?(?:false)\b",
    re.IGNORECASE,
)
"""Verdicts on an option or a name; where truth is asked they are the answer."""
FALLEN = re.compile(
    r"\b(?:which|but this|but that) (?:is|was|would be) (?:\w{1,12} )?"
    r"(?:false|wrong|incorrect|impossible|not (?:true|correct|right|the case))\b",
    re.IGNORECASE,
)
"""A verdict on what is said of an option."""
TOO = re.compile(r"[)\]*'\"]{0,3}\s(?:too|as well)\b", re.IGNORECASE)
DASH = re.compile(r"\s?[\u2013\u2014]\s?|\s-\s")
"""What ends a denial: "not negative at all - positive"."""
LAST_OF_ROW = re.compile(r"\b(?:and|or|nor|und|oder|noch|et|ou|ni)\b", re.IGNORECASE)
"""What joins the last of several answers in a row."""


def strengthened(text: str) -> str:
    """Blank out "no doubt" and the like, at the same length."""
    return CERTAIN.sub(lambda found: " " * len(found[0]), text)


def is_denied(text: str, mention: Mention, *, truth: bool) -> bool:
    """Say whether a mention is turned down by the words round it."""
    before = text[max(0, mention.start - REACH) : mention.start]
    before = DASH.split(before)[-1]
    if EXCEPTED.search(before):
        return RULED_OUT.match(text, mention.end) is None
    if BEFORE.search(before) or (not truth and FALSE_BEFORE.search(before)):
        return True
    if AFTER.match(text, mention.end, mention.end + REACH):
        return True
    return not truth and bool(FALSE_AFTER.match(text, mention.end))


def denied_in(text: str, mentions: Sequence[Mention]) -> set[str]:
    """Return the answers that a sentence turns down."""
    denied = denials(strengthened(text), mentions, truth=False)
    return {m.value for m, no in zip(mentions, denied, strict=True) if no}


def denials(text: str, mentions: Sequence[Mention], *, truth: bool) -> list[bool]:
    """Say of each mention whether it is denied, alone or together with others."""
    stops = [m.start for m in mentions[1:]] + [len(text)]
    denied = [
        is_denied(text, mention, truth=truth)
        or bool(not truth and FALLEN.search(text, mention.end, stop))
        for mention, stop in zip(mentions, stops, strict=True)
    ]
    by_verdict = [
        bool(
            AFTER.match(text, mention.end)
            or (not truth and FALSE_AFTER.match(text, mention.end))
        )
        for mention in mentions
    ]
    for index in range(len(mentions) - 2, -1, -1):  # (A), (B) and (C) are false
        gap = text[mentions[index].end : mentions[index + 1].start]
        if JOINED.fullmatch(gap) and by_verdict[index + 1] and denied[index + 1]:
            by_verdict[index] = denied[index] = True
    _deny_rows(text, mentions, denied)
    for index, mention in enumerate(mentions):  # "A and B are out; D and E too"
        if index and all(denied[:index]) and TOO.match(text, mentions[-1].end):
            denied[index] = denied[index] or mention.start > mentions[index - 1].end
    return denied


def _deny_rows(text: str, mentions: Sequence[Mention], denied: list[bool]) -> None:
    """Deny the rest of a row whose first is denied: "I rule out A, B and D"."""
    gaps = [text[a.end : b.start] for a, b in pairwise(mentions)]
    for index, gap in enumerate(gaps):
        row = index
        while row < len(gaps) and JOINED.fullmatch(gaps[row]):
            row += 1
        ended = row > index and LAST_OF_ROW.search(gaps[row - 1])
        if denied[index] and ended and JOINED.fullmatch(gap):
            denied[index : row + 1] = [True] * (row + 1 - index)
