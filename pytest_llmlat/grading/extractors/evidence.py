"""The order in which an answer is looked for, the same for every kind of answer.

1. The last explicit statement: a field of JSON, "Answer: X", "the answer is X", a box,
   ``#### X``, and then "the sentiment is X" and the like.
2. X alone: the whole text, its first line, the only X in bold or on its own line.
3. X as the leading word of the first sentence.
4. The last conclusion: "therefore X", "so it must be X", "= X".
5. The first sentence that names X, and then the only X that the text asserts. (Of
   numbers, which any working is full of, it is the last one instead.)

What is stated as open ("X or Y", "may be X", "X?") at the first of these that says
anything is unread; what is denied says nothing, and the search goes on.

Explicit is what counts even where the answer was cut: a statement, X alone at the start
or as the whole, X as the leading word, and the one complete sentence of a text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llmlat.grading.extractors.doubt import (
    DOUBT,
    GIVEN_UP,
    IF,
    IF_NOT,
    IF_WORD,
    NONE_OF,
    NOT_LISTED,
    OTHERWISE,
    REASON,
    RIGHT_AFTER,
    Claim,
    Stance,
    claimed,
    has_given_up,
    without_retracted,
)
from pytest_llmlat.grading.extractors.elimination import left_over
from pytest_llmlat.grading.extractors.json_fields import fields
from pytest_llmlat.grading.extractors.listed_answers import (
    BRIEF_CHAIN,
    LONE,
    MOST,
    is_all,
    is_list,
    is_paired,
    without_order,
)
from pytest_llmlat.grading.extractors.mentions import Finder, Mention
from pytest_llmlat.grading.extractors.order import EvidenceWay, in_order
from pytest_llmlat.grading.extractors.phrases import (
    ABOUT,
    BELIEVED,
    BOLD,
    CONCLUDED,
    DEFINED,
    ENDED,
    EVALUATED,
    HASHED,
    INTERJECTION,
    MARKED,
    PAUSE,
    PREDICATE,
    PREDICATED,
    QUOTED,
    STATED,
    UNFINISHED,
    VERDICT,
)
from pytest_llmlat.grading.extractors.readable_answer import (
    EMPHASIS,
    Reading,
    plain,
    sentences,
)
from pytest_llmlat.grading.extractors.remarks import is_enumeration

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SENTENCES = 200
"""Sentences of an answer that are looked at."""
WIDEST = 4000
"""Characters of the end of an answer in which conclusions are looked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidates:
    """What may be answered to a question, and how it is known in a text."""

    find: Finder
    """Finds the possible answers in a text."""
    truth: bool = False
    """Whether the labels are truth values, so that "false" and "not" are answers."""
    judging: bool = False
    """Whether the labels are judgements of a text, such as a sentiment, so that a
    sentence that names one is about the answer, and no step on the way to it."""
    about: Callable[[str], bool] = bool
    """Whether a sentence may be about what is asked, and is no step on the way."""
    told: Callable[[str], str] = str
    """Strikes out what a text says of the contrary of what is asked."""
    values: frozenset[str] = frozenset()
    """All that may be answered, where the last one left is the answer."""
    apart: bool = False
    """Whether several sentences may turn the others down, one after the other."""


def decided(answer: str, asked: Candidates) -> Reading:
    """Return what an answer gives as the one right thing, by the order above."""

    def ways(answer: str) -> Iterator[EvidenceWay]:
        answer = asked.told(answer)
        text = plain(answer)
        text = shielded(text if asked.truth else without_retracted(text), asked)
        yield _marked(answer, asked), True
        sure, judging, valued = STATED
        yield _statements(text, sure, asked), True
        yield _statements(text, judging, asked), True
        yield _contradictions(text, asked), False
        yield _statements(text, valued, asked), False
        yield _whole(text, asked), True
        yield _opening(text, asked), True
        yield _lone(answer, text, asked), False
        yield _leading(text, asked, PAUSE), True
        yield _leading(text, asked, ENDED), False
        yield _leading(text, asked, MARKED), False
        unfinished = asked.truth and UNFINISHED.search(text, max(0, len(text) - LONE))
        if unfinished or has_given_up(text, asked.find):
            yield (Claim(Stance.OPEN),), False
        yield _judged(text, asked), True
        told = without_order(text, asked.find)
        yield _conclusions(told, asked), False
        yield _approved(told, asked), False
        yield _heads(told, asked), False
        yield _sole(told, asked), False
        yield left_over(text, asked.find, asked.values, apart=asked.apart), False

    return in_order(answer, ways)


def shielded(text: str, asked: Candidates) -> str:
    """Blank out quotations, but for one that is nothing but an answer."""

    def blank(found: re.Match[str]) -> str:
        inner = found[0][1:-1]
        return found[0] if is_all(inner, asked.find) else " " * len(found[0])

    return QUOTED.sub(blank, text)


def _marked(answer: str, asked: Candidates) -> Iterator[Claim]:
    """Yield what JSON fields say, and lines after ``####``."""
    for words in map(plain, fields(answer)):
        yield claimed(words, asked.find(words), first=True)
    for line in reversed(list(HASHED.finditer(answer))[-MOST:]):
        mention = is_all(line["words"], asked.find)
        if mention is not None:
            yield Claim(Stance.ASSERTED, mention.value)


def _span(text: str, start: int) -> str:
    """Return the rest of the sentence, or the next line if nothing is left on it."""
    return next(iter(sentences(text[start : start + 400], 1)), "")


def _statements(
    text: str, stated: re.Pattern[str], asked: Candidates
) -> Iterator[Claim]:
    """Yield what explicit statements say, the last one first."""
    for match in reversed(list(stated.finditer(text))[-MOST:]):
        line = text.rfind("\n", 0, match.start()) + 1
        stop = max(text.rfind(mark, 0, match.start()) for mark in (". ", "? ", "! "))
        before = text[max(line, stop + 1, match.start() - 80) : match.start()]
        lead = before.rpartition(",")[2] + " "
        span = _span(text, match.end())
        mentions = [
            Mention(m.start + len(lead), m.end + len(lead), m.value)
            for m in asked.find(span)
        ]
        words = span.lstrip(' \t*"')
        missing = NOT_LISTED.match(words) is not None
        if missing or (
            not mentions and (GIVEN_UP.match(words) or NONE_OF.match(words))
        ):
            yield Claim(Stance.OPEN)
        if IF_WORD.search(before) and OTHERWISE.search(span):
            yield Claim(Stance.OPEN)
        yield claimed(lead + span, mentions, truth=asked.truth, first=True)


def _whole(text: str, asked: Candidates) -> Iterator[Claim]:
    """Yield an answer that is all of the text, or its one complete sentence."""
    if len(text) > WIDEST or "?" in text:
        return
    whole = is_all(text, asked.find)
    if whole is not None:
        yield Claim(Stance.ASSERTED, whole.value)
    elif (
        text.endswith((".", "!"))
        and len(sentences(text, 2)) == 1
        and not has_given_up(text, asked.find)
    ):
        claim = claimed(text, asked.find(text), truth=asked.truth)
        if claim.stance is Stance.ASSERTED and asked.about(text):
            yield claim


def _opening(text: str, asked: Candidates) -> Iterator[Claim]:
    """Yield an answer that is the first line, if no other line is another one."""
    lines = text.splitlines()[:MOST]
    alone = [
        mention
        for line in lines
        if len(line) <= LONE and "?" not in line
        for mention in (None if line.endswith(":") else is_all(line, asked.find),)
    ]
    named = {mention.value for mention in alone if mention is not None}
    if len(named) == 1 and alone[0] is not None:
        yield Claim(Stance.ASSERTED, named.pop())


def _lone(answer: str, text: str, asked: Candidates) -> Iterator[Claim]:
    """Yield an answer that alone is bold, or a line of its own."""
    bold = [EMPHASIS.sub("", m[1] or m[2]) for m in BOLD.finditer(answer)][:MOST]
    lines = text.splitlines()[:MOST]
    for pieces in (bold, lines):
        named = {
            mention.value
            for piece in pieces
            if len(piece) <= LONE and "?" not in piece
            for mention in (is_all(piece, asked.find),)
            if mention is not None
        }
        if len(named) == 1:
            yield Claim(Stance.ASSERTED, named.pop())


def _judged(text: str, asked: Candidates) -> Iterator[Claim]:
    """Yield the judgement that the first sentence gives as its predicate."""
    if not (asked.judging or asked.truth):
        return
    for sentence in sentences(text, 2):
        mentions = asked.find(sentence)
        if mentions and (not asked.truth or ABOUT.match(sentence)):
            lead = mentions[0]
            head = sentence[: lead.start]
            if PREDICATE.search(head) and PREDICATED.match(sentence, lead.end):
                others = {*_predicates(text, asked)} - {lead.value}
                if asked.judging and others:
                    yield Claim(Stance.OPEN)
                yield claimed(sentence, mentions, truth=asked.truth, first=True)
        if mentions or not INTERJECTION.match(sentence):
            return


def _predicates(text: str, asked: Candidates) -> Iterator[str]:
    """Yield what the sentences of a text say of their subjects."""
    for sentence in sentences(text, MOST):
        for mention in asked.find(sentence)[:1]:
            known = PREDICATED.match(sentence, mention.end)
            if known and PREDICATE.search(sentence[: mention.start]):
                claim = claimed(sentence, [mention], truth=asked.truth)
                if claim.value is not None:
                    yield claim.value


def _leading(text: str, asked: Candidates, pause: re.Pattern[str]) -> Iterator[Claim]:
    """Yield the word that the first sentence starts with, if a pause follows."""
    for sentence in sentences(text, 2):
        mentions = asked.find(sentence)
        if mentions and not re.search(r"\w", sentence[: mentions[0].start]):
            lead = mentions[0]
            tail = sentence[lead.end :]
            at_once = pause.match(tail)
            listed = at_once and is_list(
                text, lead.value, at_once[0].strip(), asked.find
            )
            listed = listed or is_enumeration(sentence, mentions)
            paired = at_once and pause is MARKED and is_paired(sentence, mentions)
            listed = listed or paired
            if at_once and not (listed or (asked.truth and "=" in tail)):
                yield claimed(sentence, mentions, truth=asked.truth, first=True)
        if mentions or not INTERJECTION.match(sentence):
            return


def _contradictions(text: str, asked: Candidates) -> Iterator[Claim]:
    """Yield the open claim of a yes or no that goes on to say the contrary.

    "Yes, the claim is false" is neither.
    """
    sentence = next(iter(sentences(text, 1)), "")
    lead = next(iter(asked.find(sentence)), None) if asked.truth else None
    if lead is None or re.search(r"\w", sentence[: lead.start]):
        return
    tail = sentence[lead.end :]
    verdict = VERDICT.match(tail)
    said = next(iter(asked.find(tail)), None) if verdict else None
    if verdict is None or said is None or said.start > verdict.end() + BRIEF_CHAIN:
        return
    if said.value != lead.value and not tail[said.end :].startswith(" that"):
        yield Claim(Stance.OPEN)


def _conclusions(text: str, asked: Candidates) -> Iterator[Claim]:
    """Yield what conclusions say, the last first; open ones say nothing."""
    start = max(0, len(text) - WIDEST)
    found = [*CONCLUDED.finditer(text, start)]
    found += (EVALUATED if asked.truth else DEFINED).finditer(text, start)
    found.sort(key=lambda match: match.start())
    for match in reversed(found[-MOST:]):
        line = text.rfind("\n", 0, match.start()) + 1
        sentence = text[max(line, match.start() - 40) : match.start()]
        sentence = sentence.rpartition(".")[2]
        before = re.split(r"[,;]", sentence)[-1]
        if BELIEVED.search(sentence) or (
            match[0] == "is" and REASON.search(f" {sentence}")
        ):
            continue
        if match.re is EVALUATED and (DOUBT.search(f"{before}|") or IF.search(before)):
            yield Claim(Stance.OPEN)
        arrow = match[0][0] in "\u2192\u21d2-"
        if arrow or (asked.truth and (match.re is EVALUATED or match[0][0] == "=")):
            before = ""
        span = _span(text, match.end())
        if IF_NOT.match(sentence) or (
            IF_WORD.search(sentence) and OTHERWISE.search(span)
        ):
            yield Claim(Stance.OPEN)
        mentions = asked.find(span)
        shifted = [
            Mention(m.start + len(before) + 1, m.end + len(before) + 1, m.value)
            for m in mentions
        ]
        if asked.about(f"{before} {match[0]} {span}"):
            first = match.re is DEFINED or match[0][:3].casefold() in {"it ", "it'"}
            yield claimed(f"{before} {span}", shifted, truth=asked.truth, first=first)


def _approved(text: str, asked: Candidates) -> Iterator[Claim]:
    """Yield the one answer that a text says is the right one: "C is right"."""
    if asked.truth:
        return
    for sentence in reversed(sentences(text, SENTENCES)):
        mentions = asked.find(sentence)
        if any(RIGHT_AFTER.match(sentence, mention.end) for mention in mentions):
            yield claimed(sentence, mentions)
            return


def _heads(text: str, asked: Candidates) -> Iterator[Claim]:
    """Yield what the first sentence that names an answer says of it."""
    for sentence in filter(asked.about, sentences(text, SENTENCES)):
        mentions = asked.find(sentence)
        found = claimed(sentence, mentions, truth=asked.truth)
        if found.stance is not Stance.SILENT:
            yield found
            return


def _sole(text: str, asked: Candidates) -> Iterator[Claim]:
    """Yield the only answer that the sentences of a text assert."""
    values: set[str | None] = set()
    for sentence in filter(asked.about, sentences(text, SENTENCES)):
        found = claimed(sentence, asked.find(sentence), truth=asked.truth)
        if found.stance is Stance.ASSERTED:
            values.add(found.value)
        elif found.stance is Stance.OPEN:
            return
    if len(values) == 1:
        yield Claim(Stance.ASSERTED, values.pop())
