"""The order in which an answer is looked for, the same for all that is one of a few.

1. The last explicit statement: "Answer: X", "the answer is X", a box, ``#### X``, a
   field of JSON, "the sentiment is X".
2. A whole answer that is X, or bold or a line of its own.
3. X as the leading word of the first sentence.
4. The last conclusion: "therefore X", "so it must be X", "= X".
5. The first sentence that names X, and then the only X that the text asserts.

What is stated as open ("X or Y", "may be X", "X?") at the first of these that says
anything is unread; what is denied says nothing, and the search goes on.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pytest_llmlat.grading.extractors.doubt import Claim, Mention, Stance, claimed
from pytest_llmlat.grading.extractors.reading import (
    EMPHASIS,
    UNREAD,
    Reading,
    plain,
    sentences,
    without_run_on,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    Finder = Callable[[str], Sequence[Mention]]

SUPERLATIVE = r"\w{1,20}est|most \w{1,20}|least \w{1,20}|winner"
NOUNS = (
    r"answer|label|sentiment|polarity|emotion|feeling|mood|tone|classification|topic"
    r"|category|class|prediction|verdict|conclusion|result|output|judge?ment|rating"
    r"|intent|statement|claim|formula|whole|hypothesis|value|choice"
    r"|(?:correct|right|best|final|chosen) (?:one|option|choice|letter|statement)"
    r"|antwort|l\u00f6sung|ergebnis|stimmung|r\u00e9ponse|sentiment est|ton"
)
STRONG = r"answer|antwort|r\u00e9ponse|choice"
GAP = r"(?:[^\w\n.:=]{1,5}(?!not\b|no\b)[\w']{1,30}){0,8}?[^\w\n.:=]{0,5}"
STATED = re.compile(
    rf"\b(?P<noun>{NOUNS})\b{GAP}(?:\b(?:is|was|are|ist|lautet|est)\b:?|[:=\uff1a]|->)"
    r"[^\w(\[\n]{0,8}\n?"
    r"|(?P<other>\b(?:classif(?:y|ied)|label+ed|describe[ds]?|rate[ds]?|categori[sz]ed?)"
    r"\b[^\n.:=]{0,60}?\bas\b"
    r"|\b(?:choose|pick|select|go (?:with|for)|opt for|option)\b"
    r"|答案(?:是|为|\uff1a|:)|(?:情感|情绪)(?:是|为|\uff1a|:)|答えは|感情は|ответ\s{0,3}:"
    r"|####)",
    re.IGNORECASE,
)
FIELD = re.compile(r"\"(?P<key>\w{1,20})\"\s{0,5}:\s{0,5}\"?(?P<words>[^\"\n,}]{1,80})")
CONCLUDED = re.compile(
    r"(?:\b(?:therefore|thus|hence|so|consequently|in conclusion|it (?:must|has to) be"
    r"|it is|it's|left with|leaves|only (?:person|one|option) left is|also|folglich"
    r"|donc)\b|[=\u21d2]|所以|因此)[,:]?\s{0,3}",
    re.IGNORECASE,
)
BOLD = re.compile(r"\*\*([^*\n]{1,80})\*\*|__([^_\n]{1,80})__")
CORRECTED = re.compile(
    r"\b(?:no,? wait|wait,|looking closer|on second thought|correction:"
    r"|let me (?:re-?check|correct))",
    re.IGNORECASE,
)
INTERJECTION = re.compile(
    r"(?:sure|okay|ok|certainly|of course|all ?right|well|hm+|great|absolutely"
    r"|based on|here(?:'s| is)|let's|let us)\b",
    re.IGNORECASE,
)
ITEM = re.compile(r"\s{0,8}(?:[-*\u2022]\s{1,4}|\d{1,2}[.)]\s{1,4})?")
QUOTED = re.compile(r"\"[^\"\n]{3,300}\"|`[^`\n]{12,300}`")
LONE = 80
"""Characters of a line or of bold text that may be an answer by itself."""
HASHED = re.compile(r"^[ \t]{0,8}####[ \t]{0,5}(?P<words>[^\n]{1,80})$", re.MULTILINE)
MOST = 50
"""Statements, lines and conclusions of an answer that are looked at."""
SENTENCES = 200
"""Sentences of an answer that are looked at."""
WIDEST = 4000
"""Characters of the end of an answer in which conclusions are looked for."""


def decided(answer: str, find: Finder, *, truth: bool = False) -> Reading:
    """Return what an answer gives as the one right thing, by the order above."""
    answer = without_run_on(answer)
    corrections = list(CORRECTED.finditer(answer))
    if corrections:
        after = _decided(answer[corrections[-1].end() :], find, truth=truth)
        if after.value is not None:
            return after
    return _decided(answer, find, truth=truth)


def _decided(answer: str, find: Finder, *, truth: bool) -> Reading:
    """Apply the order to a text without corrections."""
    text = shielded(plain(answer), find)
    ways: tuple[tuple[Iterator[Claim], bool], ...] = (
        (_fields(answer, find), True),
        (_statements(text, find, truth=truth), True),
        (_lone(answer, text, find), True),
        (_leading(text, find, truth=truth), True),
        (_conclusions(text, find, truth=truth), False),
        (_heads(text, find, truth=truth), False),
    )
    for claims, explicit in ways:
        for found in claims:
            if found.stance is Stance.ASSERTED:
                return Reading(found.value, explicit=explicit)
            if found.stance is Stance.OPEN:
                return UNREAD
    return _sole(text, find, truth=truth)


def shielded(text: str, find: Finder) -> str:
    """Blank out quotations, but for one that is nothing but an answer."""

    def blank(found: re.Match[str]) -> str:
        inner = found[0][1:-1]
        return found[0] if _is_all(inner, find) else " " * len(found[0])

    return QUOTED.sub(blank, text)


def _is_all(text: str, find: Finder) -> Mention | None:
    """Return the mention that a text consists of, but for its marks."""
    for mention in find(text):
        rest = text[: mention.start] + text[mention.end :]
        if not re.search(r"\w", rest):
            return mention
    return None


def _fields(answer: str, find: Finder) -> Iterator[Claim]:
    """Yield what a JSON field or a line after ``####`` gives, the last one first."""
    fields = (*FIELD.finditer(answer), *HASHED.finditer(answer))
    for found in reversed(fields[-MOST:]):
        mention = _is_all(found["words"], find)
        if mention is not None:
            yield Claim(Stance.ASSERTED, mention.value)


def _span(text: str, start: int) -> str:
    """Return the rest of the sentence, or the next line if nothing is left on it."""
    return next(iter(sentences(text[start : start + 400], 1)), "")


def _statements(text: str, find: Finder, *, truth: bool) -> Iterator[Claim]:
    """Yield what explicit statements say: the last first, "answer" before others."""
    found = list(STATED.finditer(text))[-MOST:]
    strong = [
        m for m in found if m["noun"] and re.fullmatch(STRONG, m["noun"], re.IGNORECASE)
    ]
    others = [m for m in found if m not in strong]
    for match in (*reversed(strong), *reversed(others)):
        line = text.rfind("\n", 0, match.start()) + 1
        stop = max(text.rfind(mark, 0, match.start()) for mark in (". ", "? ", "! "))
        before = text[max(line, stop + 1, match.start() - 80) : match.start()]
        before = before.rpartition(",")[2]
        span = _span(text, match.end())
        lead = before + " "
        whole = lead + span
        mentions = [
            Mention(m.start + len(lead), m.end + len(lead), m.value) for m in find(span)
        ]
        yield claimed(whole, mentions, truth=truth, first=True)


def _lone(answer: str, text: str, find: Finder) -> Iterator[Claim]:
    """Yield an answer that is all of the text, bold, or a line of its own."""
    whole = _is_all(text, find) if len(text) < WIDEST else None
    if whole is not None and "?" not in text:
        yield Claim(Stance.ASSERTED, whole.value)
        return
    bold = [EMPHASIS.sub("", m[1] or m[2]) for m in BOLD.finditer(answer)][:MOST]
    lines = text.splitlines()[:MOST]
    for pieces in (bold, lines):
        named = {
            mention.value
            for piece in pieces
            if len(piece) <= LONE and "?" not in piece
            for mention in (_is_all(piece, find),)
            if mention is not None
        }
        if len(named) == 1:
            yield Claim(Stance.ASSERTED, named.pop())


def _leading(text: str, find: Finder, *, truth: bool) -> Iterator[Claim]:
    """Yield the word that the first sentence starts with, if a pause follows."""
    for sentence in sentences(text, 2):
        mentions = find(sentence)
        if mentions and not re.search(r"\w", sentence[: mentions[0].start]):
            lead = mentions[0]
            tail = sentence[lead.end :]
            at_once = re.match(r"\s{0,3}(?:[^\w\s'%+]|$)", tail)
            if at_once and not (truth and "=" in tail):
                yield claimed(sentence, mentions, truth=truth, first=True)
        if mentions or not INTERJECTION.match(sentence):
            return


def _conclusions(text: str, find: Finder, *, truth: bool) -> Iterator[Claim]:
    """Yield what conclusions say, the last first; open ones say nothing."""
    start = max(0, len(text) - WIDEST)
    for match in reversed(list(CONCLUDED.finditer(text, start))[-MOST:]):
        line = text.rfind("\n", 0, match.start()) + 1
        before = (
            text[max(line, match.start() - 40) : match.start()]
            .rpartition(".")[2]
            .rpartition(",")[2]
        )
        before = "" if truth and match[0][0] == "=" else before
        span = _span(text, match.end())
        mentions = find(span)
        shifted = [
            Mention(m.start + len(before) + 1, m.end + len(before) + 1, m.value)
            for m in mentions
        ]
        yield claimed(f"{before} {span}", shifted, truth=truth)


def _heads(text: str, find: Finder, *, truth: bool) -> Iterator[Claim]:
    """Yield what the first sentence that names an answer says of it."""
    for sentence in sentences(text, SENTENCES):
        mentions = find(sentence)
        found = claimed(sentence, mentions, truth=truth)
        if found.stance is not Stance.SILENT:
            yield found
            return


def _sole(text: str, find: Finder, *, truth: bool) -> Reading:
    """Return the only answer that the sentences of a text assert."""
    values: set[str | None] = set()
    for sentence in sentences(text, SENTENCES):
        found = claimed(sentence, find(sentence), truth=truth)
        if found.stance is Stance.ASSERTED:
            values.add(found.value)
        elif found.stance is Stance.OPEN:
            return UNREAD
    return Reading(values.pop()) if len(values) == 1 else UNREAD
