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

from pytest_llmlat.grading.extractors.readable_answer import ENDING, sentences
from pytest_llmlat.grading.extractors.remarks import (
    CONCEDED,
    GRANTED_ALL,
    JOINED,
    is_order,
    is_told_of,
    without_enumeration,
    without_remarks,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmlat.grading.extractors.mentions import Finder, Mention

REACH = 80
"""Characters before or after a word in which a denial of it may stand."""

CERTAIN = re.compile(
    r"\b(?:(?:there is |there's )?no doubt(?: that)?|without (?:a |any )?doubt"
    r"|not only|ohne zweifel|sans doute|nobody but|no one but)\b",
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
    r"|discard\w{0,3}|outweigh\w{0,3}|less|fail(?:s|ed)? to|wrongly|mistakenly|nicht"
    r"|nie|niemals"
    r"|keine?[nmrs]?|kaum|weder|keineswegs|keinesfalls|alles andere als|au\u00dfer"
    r"|statt|pas|jamais|ni|aucune?|gu\u00e8re|sauf|loin d'\u00eatre|plut\u00f4t que"
    r"|au lieu de))[^\w,.;:!?\n]+(?:(?!but\b|so\b|sondern\b"
    r"|mais\b)[\w']+[^\w,.;:!?\n]+){0,4}\Z|(?:不(?:是|选|选择|应选|太|够|能|会|算|属于|可能是?|一定是?)?|并非"
    r"|并不是?|没有|非|未|除了|绝非|而非)\s?\Z|\bnon-\Z|\bnot (?:the case|true|correct"
    r"|right) that\b[^,.;\n]{0,40}\Z|\bnot:?\s{0,2}\Z"
    r"|\b(?:eher|mehr|st\u00e4rker)\b[^.,;\n]{1,40}\bals\s\Z"
    r"|\bplut\u00f4t\b[^.,;\n]{1,40}\bque\s\Z",
    re.IGNORECASE,
)
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
    rf"[)\]*'\"]{{0,4}}\s{{0,3}}(?:{VERB}(?:n't|\s?not|\s{{1,3}}nicht)\b"
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
    r"[)\]*'\"]{0,4}[-:\u2013\u2014, ]{0,4}(?:(?:is|are|was|ist|est)\s{1,3})?"
    r"(?:false)\b",
    re.IGNORECASE,
)
"""Verdicts on an option or a name; where truth is asked they are the answer."""
FALLEN = re.compile(
    r"\b(?:which|but this|but that) (?:is|was|would be) (?:\w{1,12} )?"
    r"(?:false|wrong|incorrect|impossible|not (?:true|correct|right|the case))\b",
    re.IGNORECASE,
)
"""A verdict on what is said of an option."""
DOUBT = re.compile(
    r"\b(?:(?-i:may)|might|could|unclear|unsure|uncertain|not sure|not certain|maybe"
    r"|perhaps|possibly|hard to|difficult to|could have|tr(?:y|ies|ied|ying) to"
    r"|want(?:s|ed)? to|pretends?|(?:claim|purport)(?:s|ed)? to|attempts? to|doubt"
    r"|mixed(?! with (?:a|some)\b)|depend(?:s|ing)|if only|only (?:\w{1,12} ){0,3}if"
    r"|none of (?:the|these|those) (?:options|answers|choices|statements|above)"
    r"|sometimes|not always|meant to be|supposed to be|expected to be|or (?:otherwise"
    r"|not)|can(?:not|'t| not) (?:say|tell|determine|be said|decide)|(?:take a lot"
    r"|a stretch|too much) to (?:say|call)|(?:wrong|false|incorrect) to (?:say|call"
    r"|claim|think)|used to be"
    r"|in equal measure|equally|the (?:opposite|reverse)|toss-?up|entweder|vielleicht"
    r"|k\u00f6nnte|unklar|peut-\u00eatre|pourrait|soit|tempting)\b|\bnot (?:the case"
    r"|true|correct|right) that\b[^.|\n]{0,40}\||\b(?:half|partly"
    r"|partially)\b(?=[^|.\n]{0,15}\|)|\|\s{0,2}\w{1,12}\swould\b|\b(?:both|either"
    r"|whether|torn between)\b(?=[^|]{0,40}\|)|(?:\b(?:not|never|unable)"
    r"|n't)\b[^.\n|]{0,40}\b(?:say|call|tell|claim|think|believe|argue|conclude"
    r"|describe|know)\b(?=[^.\n|]{0,40}\|)|可能|也许|或许|不确定",
    re.IGNORECASE,
)
WOULD = re.compile(r"(?:\bwould|'d) (?:\w{1,12} ){0,2}(?:be|have)\b", re.IGNORECASE)
SUPPOSED = re.compile(
    r"\b(?:if|unless|were|had|only|otherwise|but|without|before|instead|then|people"
    r"|some|others|one)\b",
    re.IGNORECASE,
)
"""What makes of "would be" something that is not so."""
IF = re.compile(
    r"\b(?:if|unless|wenn|assum(?:e|ing)|suppos(?:e|ing)|imagine)\b[^,\n]{0,80}\Z|如果",
    re.IGNORECASE,
)
REASON = re.compile(
    r",?\s(?:because|since|as|while|although|though|even though|whereas|given that"
    r"|due to|despite|weil|denn|obwohl|parce que)\s|\bexplanation\b|因为",
    re.IGNORECASE,
)
TOO = re.compile(r"[)\]*'\"]{0,3}\s(?:too|as well)\b", re.IGNORECASE)
CONSEQUENCE = re.compile(
    r",?\s(?:so|therefore|thus|hence|which means)\b", re.IGNORECASE
)
"""What leads on to what a sentence comes to: "Ann came before Bo, so not last"."""
RIGHT_AFTER = re.compile(
    r"[)\]*'\"]{0,4}\s{0,3}(?:is|was|must be|has to be)\s(?:the\s)?(?:only\s)?"
    r"(?:right|correct|best|better|true|more (?:accurate|likely|plausible|precise))"
    r"(?:\s(?:one|answer|option|choice|statement))?\s{0,3}(?:[.;,!]|\Z|\b(?:because|since|as|while|and)\b)",
    re.IGNORECASE,
)
"""What says of one option that it is the right one, whatever is said of others."""
OR_NAME = re.compile(r"\s(?:or|oder|ou)\s[A-Z]\w{2,20}\s{0,3}(?:[.!]|\Z)")
"""Another name that may be the answer too, though it is none of the options."""
RIVAL = re.compile(
    r"\b(?:might|may|could)\s(?:\w{1,12}\s){0,2}?be\s(?:an? |the )?(?:even )?"
    r"(?:better|best|right|correct|true|answer|equally)\b",
    re.IGNORECASE,
)
"""What makes of a reason a doubt: "B, though C might be better"."""
QUESTION = re.compile(r"[^.!?\n]{0,60}\?")
IF_WORD = re.compile(r"\b(?:if|unless)\b", re.IGNORECASE)
OTHERWISE = re.compile(r"\b(?:otherwise|else|if not)\b", re.IGNORECASE)
LIMITED = re.compile(r"\s(?:for|if|when|in|under|of|within)\b", re.IGNORECASE)
ONLY_IF = re.compile(r"\s{1,3}(?:only )?if\b(?! you (?:ask|consider)\b)", re.IGNORECASE)
CONDITION = re.compile(
    r"\b(?:if|unless|provided|assuming)\b[^.\n]{1,80}\b(?:otherwise|else|if not)\b",
    re.IGNORECASE,
)
"""What makes an answer one of two: "B if it rains, otherwise C"."""
RETRACTED = re.compile(
    r"(?:(?<=[.!]\s)|(?<=\n))(?:no, |but |however,? |actually,? ){0,2}"
    r"(?:that|this|it|they|which|th(?:at|e|is) (?:\w{1,12} )?(?:answer|guess|reading))"
    r"\s{0,2}(?:is|are|was|were|'s|would be|must be|turned out) (?:\w{1,12}ly )?"
    r"(?:wrong|incorrect|not (?:right|correct|it|so|the answer)|mistaken|a mistake"
    r"|an error|in error)\b[^.!?\n]{0,80}",
    re.IGNORECASE,
)
"""A sentence that takes back the one before it."""
GIVEN_UP = re.compile(
    r"\b(?:i|we|one) (?:do not|don't|cannot|can't|can not|could not|couldn't"
    r"|am unable to|am not able to) (?:know|tell|solve|determine|say|decide|answer"
    r"|figure|choose|find)|\b(?:cannot|can't|could not) be (?:determined|known|solved"
    r"|decided|answered|said)|\b(?:not(?: have)? enough|(?:do not|don't) have enough"
    r"|insufficient|too little) (?:information|data|context)|\bimpossible to (?:say"
    r"|tell|determine|know|decide)|\bno way to (?:tell|know)|\b(?:unknown|undetermined"
    r"|indeterminate|inconclusive|ambiguous|unclear)\b"
    r"|\bneed(?:ed)? more (?:information|data|context|details?)|\bno idea\b|\bn/a\b"
    r"|无法(?:确定|判断)|不知道",
    re.IGNORECASE,
)
"""Words of one who has no answer."""
NONE_OF = re.compile(r"none\b|neither\b|nobody\b|nothing\b", re.IGNORECASE)
NOT_LISTED = re.compile(
    r"not (?:listed|given|among|there|provided|available|present|one of|in the)\b",
    re.IGNORECASE,
)
"""What says of the answer that it may not be chosen."""
SENTENCES = 50
"""Sentences of a last line that are looked at."""


class Stance(Enum):
    """What a sentence does with what it names."""

    ASSERTED = "asserted"
    DENIED = "denied"
    OPEN = "open"
    SILENT = "silent"


@dataclass(frozen=True, slots=True)
class Claim:
    """What a stretch of text says about the answer."""

    stance: Stance
    value: str | None = None


def has_given_up(text: str, find: Finder) -> bool:
    """Say whether the first or last sentence says that there is no answer."""
    first = next(iter(sentences(text, 1)), "")
    last = text.rstrip().rpartition("\n")[2][-ENDING:]
    last = (sentences(last, SENTENCES) or [""])[-1]
    found = GIVEN_UP.search(last)
    if found is None and re.match(r"\W{0,5}(?:i|we)\b", first, re.IGNORECASE):
        found = GIVEN_UP.search(first)
    return found is not None and not find(found[0])


def strengthened(text: str) -> str:
    """Blank out "no doubt" and the like, at the same length."""
    return CERTAIN.sub(lambda found: " " * len(found[0]), text)


def without_retracted(text: str) -> str:
    """Blank out a sentence of which the next one says that it is wrong."""
    for found in RETRACTED.finditer(text):
        before = text[: found.start()].rstrip().rstrip(".!\"')]")
        start = max(before.rfind(mark) for mark in (". ", "! ", "? ", "\n")) + 1
        taken = re.sub(r"[^\n]", " ", text[start : found.end()])
        text = text[:start] + taken + text[found.end() :]
    return text


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
    mentions = without_remarks(text, without_enumeration(text, mentions))
    conceded = GRANTED_ALL.match(text) or CONCEDED.match(text)
    if conceded:
        mentions = [m for m in mentions if m.start >= conceded.end()]
        text = " " * conceded.end() + text[conceded.end() :]
    mentions = [m for m in mentions if not is_told_of(text, m)]
    if not mentions or (not first and is_order(text, mentions)):
        return Claim(Stance.SILENT)
    reason = REASON.search(text, mentions[0].end)
    if reason and RIVAL.search(text, reason.start()):
        return Claim(Stance.OPEN)
    if reason:
        mentions = [m for m in mentions if m.start < reason.start()]
        text = text[: reason.start()]
    denied = _denials(text, mentions, truth=truth)
    refuted = {
        m.value
        for m, no in zip(mentions, denied, strict=True)
        if no and CONSEQUENCE.search(text, mentions[0].end, m.start)
    }
    asserted = [
        m
        for m, no in zip(mentions, denied, strict=True)
        if not no and m.value not in refuted
    ]
    if not asserted:
        return Claim(Stance.DENIED)
    chosen = [] if truth else [m for m in asserted if RIGHT_AFTER.match(text, m.end)]
    if len({m.value for m in chosen}) == 1 and not JOINED.fullmatch(
        text[asserted[0].end : chosen[0].start]
    ):
        asserted = chosen[:1]
        text = text[: RIGHT_AFTER.match(text, chosen[0].end).end()]  # type: ignore[union-attr]
    return _of_asserted(text, asserted, first=first)


def _denials(text: str, mentions: Sequence[Mention], *, truth: bool) -> list[bool]:
    """Say of each mention whether it is denied, alone or together with others."""
    stops = [m.start for m in mentions[1:]] + [len(text)]
    denied = [
        is_denied(text, mention, truth=truth)
        or bool(not truth and FALLEN.search(text, mention.end, stop))
        for mention, stop in zip(mentions, stops, strict=True)
    ]
    for index in range(len(mentions) - 2, -1, -1):  # (A) and (C) are false
        gap = text[mentions[index].end : mentions[index + 1].start]
        joined = JOINED.fullmatch(gap)
        after = AFTER.match(text, mentions[index + 1].end) or (
            not truth and FALSE_AFTER.match(text, mentions[index + 1].end)
        )
        denied[index] = denied[index] or bool(joined and after and denied[index + 1])
    for index, mention in enumerate(mentions):  # "A and B are out; D and E too"
        if index and all(denied[:index]) and TOO.match(text, mentions[-1].end):
            denied[index] = denied[index] or mention.start > mentions[index - 1].end
    return denied


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
    if WOULD.search(around) and SUPPOSED.search(around):
        return Claim(Stance.OPEN)
    if DOUBT.search(around) or IF.search(text[: lead.start]):
        return Claim(Stance.OPEN)
    either = text[lead.start].isupper() and OR_NAME.match(text, lead.end)
    only = text[: lead.start].endswith("only ") and LIMITED.match(text, lead.end)
    only = (either or only) or (
        IF_WORD.search(text[: lead.start]) and OTHERWISE.search(text, lead.end)
    )
    if only or CONDITION.search(text, lead.end) or ONLY_IF.match(text, lead.end):
        return Claim(Stance.OPEN)
    return Claim(Stance.ASSERTED, lead.value)
