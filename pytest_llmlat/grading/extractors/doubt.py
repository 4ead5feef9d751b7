"""Whether a sentence asserts what it names, denies it, or leaves it open.

Doubts are known in English, German, French and Chinese, the languages
that tasks and models answer in.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise
from typing import TYPE_CHECKING

from pytest_llmlat.grading.extractors.denials import denials, strengthened
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
    r"|(?:said|believed|thought|rumou?red|alleged|reported|claimed) to be"
    r"|in equal measure|equally|the (?:opposite|reverse)|toss-?up|entweder|vielleicht"
    r"|k\u00f6nnte|unklar|peut-\u00eatre|pourrait|soit|tempting)\b|\bnot (?:the case"
    r"|true|correct|right) that\b[^.|\n]{0,40}\||\b(?:half|partly"
    r"|partially)\b(?=[^|.\n]{0,15}\|)|\|\s{0,2}\w{1,12}\swould\b|\b(?:either"
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
CONSEQUENCE = re.compile(
    r",?\s(?:so|therefore|thus|hence|which means)\b", re.IGNORECASE
)
"""What leads on to what a sentence comes to: "Ann came before Bo, so not last"."""
RIGHT_AFTER = re.compile(
    r"[)\]*'\"]{0,4}\s{0,3}(?:(?:(?:is|was|must be|has to be|ist|est)\s(?:the\s)?"
    r"(?:only\s)?|(?=correct\b))(?:right|correct|richtig|correcte?|best|better|true"
    r"|more (?:accurate|likely|plausible|precise)"
    r"|answer(?=\s{0,3}(?:[.;,!]|\Z)))"
    r"(?:\s(?:one|answer|option|choice|statement))?"
    r"|(?:prevails|(?:pre)?dominates|fits best))\s{0,3}"
    r"(?:[.;,!]|\Z|\b(?:because|since|as|while|and)\b)",
    re.IGNORECASE,
)
"""What says of one option that it is the right one, whatever is said of others."""
OR_NAME = re.compile(r"\s(?:or|oder|ou)\s[A-Z]\w{2,20}\s{0,3}(?:[.!]|\Z)")
"""Another name that may be the answer too, though it is none of the options."""
BUT = re.compile(
    r"(?:[,;\u2014\u2013]|\s-)?\s(?:but|yet|still|aber|doch|mais)\s|\s?[,\uff0c]?但是?",
    re.IGNORECASE,
)
"""What leads from a doubt to what is said in spite of it."""
MAINLY = re.compile(
    r"\s?(?:mainly|mostly|primarily|predominantly|chiefly|above all|overall|surtout"
    r"|haupts\u00e4chlich|\u00fcberwiegend)\b",
    re.IGNORECASE,
)
"""What says after "but" what counts."""
IN_ANOTHER_CASE = re.compile(
    r"[)\]*'\"]{0,4}\s(?:would|w\u00fcrde|w\u00e4re)\s"
    r"(?!(?:still |also |then )?(?:be|seem|fit|work|say)\b)",
    re.IGNORECASE,
)
"""What says of an answer what came of it: "D would give 100"."""
RIVAL = re.compile(
    r"\b(?:might|may|could)\s(?:\w{1,12}\s){0,2}?be\s(?:an? |the )?(?:even )?"
    r"(?:better|best|right|correct|true|answer|equally)\b",
    re.IGNORECASE,
)
"""What makes of a reason a doubt: "B, though C might be better"."""
QUESTION = re.compile(r"[^.!?\n\u3002\uff1f]{0,60}[?\uff1f]")
IF_WORD = re.compile(r"\b(?:if|unless)\b", re.IGNORECASE)
IF_NOT = re.compile(
    r"\W{0,4}(?:if|wenn|si)\b[^,.\n]{0,40}(?:\bnot|n't|\bnicht|\bpas)\b[^,.\n]{0,40},"
    r"(?!.*\b(?:must|has to|muss|doit)\b)",
    re.IGNORECASE,
)
"""What makes an answer one of two: "if it was not Ann, it was Bo"."""
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
BUTS, FAR = 10, 400
"""The last "but"s of a sentence that are looked at, and characters before each."""
NAMED = 60
"""Answers of a sentence that are looked at; more are a list or a loop."""
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
    last, first = _asserting(last, find), _asserting(first, find)
    found = GIVEN_UP.search(last)
    if found is None and re.match(r"\W{0,5}(?:i|we)\b", first, re.IGNORECASE):
        found = GIVEN_UP.search(first)
    return found is not None and not find(found[0])


def _asserting(sentence: str, find: Finder) -> str:
    """Return a sentence without its reasons, if it names an answer before them."""
    reason = REASON.search(sentence)
    head = sentence[: reason.start()] if reason else sentence
    return head if find(head) else sentence


def without_retracted(text: str) -> str:
    """Blank out a sentence of which the next one says that it is wrong."""
    for found in RETRACTED.finditer(text):
        before = text[: found.start()].rstrip().rstrip(".!\"')]")
        start = max(before.rfind(mark) for mark in (". ", "! ", "? ", "\n")) + 1
        taken = re.sub(r"[^\n]", " ", text[start : found.end()])
        text = text[:start] + taken + text[found.end() :]
    return text


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
    mentions = mentions[:NAMED]
    text = strengthened(text)
    mentions = without_remarks(text, without_enumeration(text, mentions))
    conceded = GRANTED_ALL.match(text) or CONCEDED.match(text)
    if conceded:
        mentions = [m for m in mentions if m.start >= conceded.end()]
        text = " " * conceded.end() + text[conceded.end() :]
    otherwise = IF_NOT.match(text)
    if otherwise and any(m.end < otherwise.end() for m in mentions):
        return Claim(Stance.OPEN)
    text, mentions = _without_doubts(text, mentions)
    mentions = [m for m in mentions if not is_told_of(text, m)]
    if len({m.value for m in mentions}) > 1:
        others = [m for m in mentions if not IN_ANOTHER_CASE.match(text, m.end)]
        mentions = others or mentions
    if not mentions or (not first and is_order(text, mentions)):
        return Claim(Stance.SILENT)
    reason = REASON.search(text, mentions[0].end)
    if reason and RIVAL.search(text, reason.start()):
        return Claim(Stance.OPEN)
    if reason:
        mentions = [m for m in mentions if m.start < reason.start()]
        text = text[: reason.start()]
    denied = denials(text, mentions, truth=truth)
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


def _without_doubts(
    text: str, mentions: Sequence[Mention]
) -> tuple[str, Sequence[Mention]]:
    """Blank out a doubt in spite of which something is said: "I am not sure, but B"."""
    for found in reversed(list(BUT.finditer(text))[-BUTS:]):
        after = [m for m in mentions if m.start >= found.end()]
        head = text[max(0, found.start() - FAR) : found.start()]
        doubted = after and DOUBT.search(f"{head}|")
        if after and (doubted or MAINLY.match(text, found.end())):
            return " " * found.end() + text[found.end() :], after
    return text, mentions


def _of_asserted(text: str, asserted: Sequence[Mention], *, first: bool) -> Claim:
    """Judge the mentions that nothing denies."""
    values = {mention.value for mention in asserted}
    lead = asserted[0]
    if QUESTION.match(text, asserted[-1].end) and not first:
        return Claim(Stance.SILENT)
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
    supposed = WOULD.search(around) and SUPPOSED.search(around)
    if supposed or DOUBT.search(around) or IF.search(text[: lead.start]):
        return Claim(Stance.OPEN)
    either = text[lead.start].isupper() and OR_NAME.match(text, lead.end)
    only = text[: lead.start].endswith("only ") and LIMITED.match(text, lead.end)
    only = (either or only) or (
        IF_WORD.search(text[: lead.start]) and OTHERWISE.search(text, lead.end)
    )
    if only or CONDITION.search(text, lead.end) or ONLY_IF.match(text, lead.end):
        return Claim(Stance.OPEN)
    return Claim(Stance.ASSERTED, lead.value)
