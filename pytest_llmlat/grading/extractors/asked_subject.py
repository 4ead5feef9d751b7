"""Whose number a clause gives: that of what a question asks, or another's.

Asked how many stamps Ben has, "Al has 16" says nothing, and of "Ben has 48, Al has 16"
the first number counts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llmlat.grading.extractors.topic import COMMON, stem_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from pytest_llmlat.grading.extractors.numerals import Numeral

TOKEN = re.compile(r"[^\W\d_]{3,}|\b[A-Z][a-z]\b")
POSSESSOR = re.compile(r"\b[^\W\d_]{2,20}['\u2019]s?\s(?=\w)")
NAME = re.compile(r"(?<![.?!:\"]\s)(?<!\A)\b[A-Z][^\W\d_]{1,20}\b")
CASE = re.compile(
    r"\A\s{0,3}(?:if|when(?!\s(?:did|do|does|is|was|were|will))|given|since|suppose)\b"
    r"[^,\n]{1,200},|(?<=\s)(?:if|when)\s[^,?\n]{1,200}(?=\?)",
    re.IGNORECASE,
)
"""The condition of a question."""
EXCLUDED = re.compile(
    r"\b(?:without|excluding|except|not counting|besides|apart from)\s"
    r"(?:(?:the|his|her|their|its|any|an?)\s)?[^\W\d]{3,20}",
    re.IGNORECASE,
)
ASKING = frozenset(
    map(stem_of, ("how", "many", "much", "what", "which", "number", "long", "old"))
)
PRONOUN = re.compile(
    r"\b(?:he|she|it|they|him|her|them|his|its|their|we|i|you)\b", re.IGNORECASE
)
SUBJECT = re.compile(
    r"\W{0,4}(?:(?:and|so|but|while|whereas|then|thus|therefore|that|means)\b,?\s)*"
    r"(?P<subject>(?:[^\W\d][\w'\u2019-]{0,20}\s){0,4}?[^\W\d][\w'\u2019-]{0,20})"
    r"(?:\s(?:only|now|then|also|still)){0,2}"
    r"(?:\s(?:is|are|was|were|has|have|had|gets?|got|will|would|owns?|owned|costs?"
    r"|weighs?|makes?|made|earns?|earned|pays?|paid|buys|bought|sells|sold|eats|ate"
    r"|collects?|collected|scores?|scored|runs|ran|reads?|saves?|saved|spends?|spent)"
    r"\b|[*_]{0,3}\s{0,2}[:=])",
    re.IGNORECASE,
)
"""What a clause or a line speaks of."""
EACH = re.compile(
    r"\W{0,4}(?P<one>an?|each|every|one)\s(?P<noun>[^\W\d]{3,20})\s"
    r"(?:has|have|holds?|costs?|weighs?|takes?|needs?|contains?|is|eats|makes|gets?)\b",
    re.IGNORECASE,
)
"""A clause on one of the things of which several are asked about."""
EACH_ASKED = re.compile(r"\b(?:each|every|per|one|single|an?)\b", re.IGNORECASE)
SHIFTED = re.compile(
    r"\b(?:in|after) (?:\d{1,3}|[a-z]{3,10}) (?:more )?years?\b|\byears? (?:ago|later"
    r"|earlier|before|from now|hence)\b|\b(?:next|last) year\b",
    re.IGNORECASE,
)
TIMED = re.compile(r"\b(?:now|currently|today|at present|old|age)\b", re.IGNORECASE)
PRICED = re.compile(r"\b(?:prices?|costs?|costing)\b", re.IGNORECASE)
"""What asks for a price and what tells one: it is that of the thing of the facts."""
EARLIER = re.compile(r"\b(?:was|were|had|will)\b", re.IGNORECASE)
"""What asks about another time than today."""
BEHIND = re.compile(
    r"(?:\s?[%\u00b0])?(?:[\s-](?!(?:and|or|but|while|whereas|so|which|because|since|as|with"
    r"|from|to|for|at|by|on|after|before|per|than|when|if|leaving|making)\b)"
    r"[^\W\d][\w'\u2019-]{0,20}){0,6}"
)
"""The words behind a number that say of what it is."""
GOES_ON = re.compile(
    r"\W{0,3}(?:is|are|was|were|equals?|comes? to|came to|totals?|would be|will be"
    r"|makes?|reaches|becomes)\b|[^\w]{0,6}\Z",
    re.IGNORECASE,
)
"""What goes on to say something of the subject before."""
FURTHER = re.compile(
    r"\b(?:another|more|left|empty|remain\w{0,3}|leav(?:es?|ing)|extra|additional|short"
    r"|further|(?:bring|tak|rais|mak|push)(?:e?s|ing) (?:the|his|her|their|its)"
    r" [^\W\d]{1,15}(?: [^\W\d]{1,15})? to)\b",
    re.IGNORECASE,
)
ANOTHER = re.compile(r"\b(?:another|an (?:extra|additional))\s[$\u20ac\u00a3]?\Z")
CHANGED = re.compile(
    r"\b(?:back|change|saves?|saved|saving|still|difference|rest|needs?|needed|keeps?|kept|unsold"
    r"|unused|over)\b",
    re.IGNORECASE,
)
"""What a question asks that may be what is left."""
HEADS = re.compile(
    r"(?:\s[^\W\d]{1,15}){0,2}\s(?:is|are|was|were|will be)\s"
    r"(?:the|what|how|our|your|needed|required|necessary|remaining)\b",
    re.IGNORECASE,
)
"""What follows a number that a sentence starts with, and says what it is."""
RESULTING = re.compile(
    r"[=\u2192\u21d2]|\b(?:so|thus|therefore|hence|giv(?:es?|ing)|which|mak(?:es?|ing)"
    r"|donc|daher|folglich|for a total|total(?:s|ling|ing)?|altogether|in all)\b",
    re.IGNORECASE,
)
"""What leads on to a result."""
PART = re.compile(
    r"\s{0,3}(?:[^\W\d]{1,15}\s)?(?:more|less|fewer|times)\b"
    r"|\s{0,2}(?:[^\W\d]{1,15}\s)?[-+*/x\u00d7\u00f7=]\s?[\d$(]"
)
"""What makes of a number a part of a comparison or of a calculation."""


@dataclass(frozen=True, slots=True)
class AskedSubject:
    """What a question asks about, by the stems of its words."""

    words: frozenset[str] = frozenset()
    """Those of the sentence that asks; units and conditions are none."""
    counted: frozenset[str] = frozenset()
    """Those of them that say what is counted, as "stamps"."""
    others: frozenset[str] = frozenset()
    """Those of the facts, and of what is to be left out."""
    names: frozenset[str] = frozenset()
    """The names in the sentence that asks."""
    strangers: frozenset[str] = frozenset()
    """The names of the facts."""
    question: str = ""
    """The sentence that asks."""

    @classmethod
    def of(
        cls,
        whole: str,
        sentence: str,
        counted: frozenset[str],
        units: Collection[str],
    ) -> AskedSubject:
        """Take it from a question and the sentence of it that asks."""
        bare = EXCLUDED.sub(" ", CASE.sub(" ", sentence))
        unit_stems = {stem_of(unit) for unit in units if len(unit) > 1}
        words = _stems(bare) - ASKING - unit_stems
        named = {name.casefold() for name in NAME.findall(whole)}
        asked = {word.casefold() for word in TOKEN.findall(bare)} & named
        return cls(
            words=words,
            counted=counted,
            others=_stems(whole) - words - ASKING - unit_stems,
            names=frozenset(asked),
            strangers=frozenset(named - asked),
            question=sentence,
        )

    def is_of_another(self, clause: str) -> bool:
        """Say whether a clause speaks of something else that the question names."""
        timed = TIMED.search(self.question) and not EARLIER.search(self.question)
        timed = timed and not SHIFTED.search(self.question)
        if timed and SHIFTED.search(clause):
            return True
        if self._is_of_one(clause):
            return True
        found = SUBJECT.match(clause)
        if found is None:
            return False
        bare = POSSESSOR.sub("", clause)
        said = {word.casefold() for word in TOKEN.findall(bare)}
        subject = POSSESSOR.sub("", found["subject"])
        heads = [word.casefold() for word in TOKEN.findall(subject)]
        if self.names and not said & self.names and {*heads} & self.strangers:
            return True
        excluded = EXCLUDED.search(self.question) is not None
        priced = PRICED.search(self.question) and PRICED.search(clause)
        of_it = PRONOUN.search(self.question) or priced
        if not heads or (of_it and not excluded):
            return False
        shared = {stem_of(word) for word in said} & (self.words - self.counted)
        known = stem_of(heads[-1]) in self.others
        return bool(self.words - self.counted) and known and not shared

    def _is_of_one(self, clause: str) -> bool:
        """Say whether a clause is on one of several things: "a spider has 8 legs"."""
        each = EACH.match(clause)
        if each is None or EACH_ASKED.search(self.question):
            return False
        noun = each["noun"].casefold()
        many = re.search(rf"\d\s(?:[a-z]{{1,20}}\s)?{noun}", self.question)
        general = each["one"].casefold() in {"a", "an"}
        return stem_of(noun) in self.words and (many is not None or not general)

    def is_further(self, text: str, number: Numeral) -> bool:
        """Say whether a number comes on top of what is asked: "another 240 litres"."""
        before = text[max(0, number.start - 20) : number.start]
        return (
            bool(self.question)
            and ANOTHER.search(before) is not None
            and not FURTHER.search(self.question)
            and not CHANGED.search(self.question)
        )

    def told_of(self, words: str) -> int:
        """Count the words of a stretch that are those of what is asked."""
        return len(_stems(words) & self.words)

    def is_strangers(
        self, text: str, begin: int, number: Numeral, last: Numeral
    ) -> bool:
        """Say whether a number is another's, and the last that of who is asked about.

        "On Monday 30 were left, and on Tuesday 26", where Tuesday is asked for.
        """
        if number.start >= last.start:
            return False
        end = BEHIND.match(text, number.end).end()  # type: ignore[union-attr]
        before = {word.casefold() for word in TOKEN.findall(text[begin:end])}
        after = {w.casefold() for w in TOKEN.findall(text[number.end : last.start])}
        of_another = before & self.strangers and not before & self.names
        return bool(of_another and after & self.names and not after & self.strangers)

    def nearer(
        self,
        text: str,
        start: int,
        numbers: Sequence[Numeral],
        last: Numeral,
        counts: Callable[[str, Numeral], bool],
    ) -> Numeral | None:
        """Return the number of a sentence that is told of what is asked, not the last.

        Args:
            text: the answer.
            start: where its sentence begins.
            numbers: the numbers of the sentence that may be meant.
            last: the last one.
            counts: whether a number counts what is asked for, by its unit or noun.
        """
        if not numbers:
            return None
        told: list[tuple[int, Numeral]] = []
        lead, begin, gap = "", start, ""
        for number in [*(n for n in numbers if n.start < last.start), last]:
            end = BEHIND.match(text, number.end).end()  # type: ignore[union-attr]
            if not self.is_strangers(text, begin, number, last):
                told.append((self.told_of(text[begin:end]), number))
            gap = text[told[-2][1].end : number.start] if len(told) > 1 else ""
            lead, begin = text[begin : number.start], end
        adds = FURTHER.search(gap + text[last.end : begin]) is not None
        further = adds and not FURTHER.search(self.question)
        if "=" in lead or GOES_ON.match(lead):
            return None
        if RESULTING.search(lead) and not further:
            return None
        least = told[-1][0]
        wanted = counts(text, last)
        found = [(s, n) for s, n in told[:-1] if counts(text, n)]
        found = found or ([] if wanted else told[:-1])
        best = max((score for score, _ in found), default=0)
        if further and CHANGED.search(self.question):
            return None
        if best <= least and not (further and best >= least and (best or wanted)):
            return None
        fit = [n for score, n in found if score == best]
        return fit[-1] if fit and not PART.match(text, fit[-1].end) else None


def _stems(text: str) -> frozenset[str]:
    """Return the stems of the words of a text that say what it is about."""
    words = (word.casefold() for word in TOKEN.findall(text))
    return frozenset(stem_of(word) for word in words if not COMMON.fullmatch(word))
