"""What a question asks: to tell a sentence that answers it from a step on the way."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING

from pytest_llmlat.grading.extractors.contraries import (
    poles,
    without_clauses,
    without_contraries,
)
from pytest_llmlat.grading.extractors.doubt import REASON
from pytest_llmlat.grading.extractors.readable_answer import SENTENCE_END

if TYPE_CHECKING:
    from collections.abc import Sequence

WORD = re.compile(r"[^\W\d_]{3,}|\d+(?!\d|st\b|nd\b|rd\b|th\b)")
COMMON = re.compile(
    r"the|and|not|has|had|one|its|his|her|for|but|are|can|out|all|any|own|two|six|ten"
    r"|who|whom|whose|what|which|that|this|these|those|there|their|they|them|with|from"
    r"|have|does|did|was|were|been|being|when|where|then|than|into|over|only|also|each"
    r"|behind|between|before|after|beside|near|neither|nor|exactly|must|will|would|should|could|answer|question|following"
)
"""Words that say nothing of what a sentence is about."""
OFFERED = re.compile(
    r"\b(?:(?<=of )|(?<=among )|(?<=between )|(?<=[,:] ))?([A-Z]\w+)"
    r"(?:,\s([A-Z]\w+))?(?:,\s([A-Z]\w+))?(?:,\s([A-Z]\w+))?,?\s(?:or)\s([A-Z]\w+)"
)
"""Alternatives that a question offers: "Who is older, Ann or Bob?"."""
CATEGORY = re.compile(
    r"\b(?:which|what)\s(?:(?:kind|type|sort) of )?"
    r"(?!(?:is|are|was|were|do|does|did)\b)"
    r"(?:\w{3,20} )??(?P<noun>[a-z]{3,20})(?=\s(?:is|are|was|were|do|does|did"
    r"|has|have|had|can|will|[a-z]{3,20}s)\b)",
    re.IGNORECASE,
)
"""The noun that a question asks for: "Which acid gives"."""
KIND_OF = re.compile(
    r"\bwhat(?:'s| is| was| are) the (?:\w{3,20} )??(?P<noun>[a-z]{3,20})"
    r"(?=\s(?:of|in|that|which|for)\b)",
    re.IGNORECASE,
)
"""The same of "What is the capital of"."""
ENDING = re.compile(r"(?<=\w{3})(?:ing|ed|ers|es|s|er|est|e)\Z")
TELLS_HOW = re.compile(
    r"\W{0,5}(?:give|answer|round|express|write|state|choose|choices|options|pick|reply"
    r"|respond|show|explain|think|use|end|assume)\b",
    re.IGNORECASE,
)
TOO = re.compile(r"\btoo\b", re.IGNORECASE)
LINKS = re.compile(r"\A(?:and|so)\s|\s(?:and|so|thus|then|but|while)\Z")
LEAST_COPIED = 3
"""Blanks of the shortest sentence that is a copy, and no answer."""
SAME = MappingProxyType(
    {"wide": "width", "high": "height", "tall": "height", "deep": "depth"}
)
"""Words for what is measured, by the noun of it: asked how wide, "its width is"."""
STEM = 5
"""Letters by which forms of a word are taken for the same: painted and painter."""


TALK = re.compile(
    r"answer|correct|right|wrong|option|choice|choose|chosen|select|pick|best|would|think"
    r"|believe|guess|sure|must|true|final|clear|obvious|certain|definite|actual|really"
    r"|probab|likel|fits|match|seem|case|question|conclu|hence|thus|therefore|means|that"
    r"|thank|easy|great|good|going|want|here|because|since|while|though|both|none|leave"
    r"|left|remain|only|nicht|sondern|keine?|ist|sind|war|antwort|richtig|falsch|also"
    r"|denke|glaube|w\u00fcrde|eine?|nur|daher|r\u00e9ponse|correct|bonne|pas|c'est|donc|seul"
)
"""Beginnings of words by which an answer is given, and which say nothing of it."""
IDENTIFIED = re.compile(
    r"\b(?:is|was|are|were|ist|war|sind|est|sont)\s(?:the|who|what|which|der|die|das|le"
    r"|la|les)\b|\b(?:it|them|him|her|this)\b|[\u3040-\u30ff\u3400-\u9fff]",
    re.IGNORECASE,
)
"""What ties a sentence to the question without its words: "Ann is the author"."""
ARTICLES = frozenset(
    {"der", "die", "das", "den", "dem", "des", "ein", "eine", "une", "les", "est"}
)
"""Words of other languages that any sentence may have."""


@dataclass(frozen=True, slots=True)
class Topic:
    """The words of what is asked, and those of the facts that are given with it."""

    asked: frozenset[str] = frozenset()
    facts: frozenset[str] = frozenset()
    poles: frozenset[str] = frozenset()
    """The superlative or the place in an order that is asked for."""
    question: str = ""
    """The sentence that asks."""
    words: frozenset[str] = frozenset()
    """The words of that sentence, without case; alternatives that it offers apart."""
    sentences: frozenset[str] = frozenset()
    """All sentences of the question, their words without case."""

    @property
    def category(self) -> str:
        """The noun that the question asks for, empty if there is none."""
        found = CATEGORY.search(self.question) or KIND_OF.search(self.question)
        return "" if found is None else found["noun"].casefold()

    @classmethod
    def of(cls, question: str, options: Sequence[str] = ()) -> Topic:
        """Take the last sentence that asks, or is last, and the rest for the facts.

        The options are neither, as every answer names one.
        """
        text = question.strip()
        asks = text.rfind("?")
        text, behind = (text[: asks + 1], text[asks + 1 :]) if asks > 0 else (text, "")
        cut = max(
            text.rfind(mark, 0, len(text) - 1) for mark in (". ", "? ", "\n", '."')
        )
        sentence = text[cut + 1 :].strip()
        if not options:
            offered = [word for found in OFFERED.findall(sentence) for word in found]
            options = [word for word in offered if word]
        asked = _stems(sentence)
        named = _stems(" ".join(options))
        return cls(
            asked - named,
            _stems(f"{text[: cut + 1]} {_facts(behind)}") - asked - named,
            poles(sentence, asked=True),
            sentence,
            _words(sentence) - _words(" ".join(options)),
            frozenset(map(_bare, SENTENCE_END.split(question))),
        )

    def told(self, text: str) -> str:
        """Strike out the clauses of a text that speak of the contrary of what is asked.

        "The youngest is Ann" says nothing where the oldest is asked for. Nor does a
        sentence that only copies one of the question.
        """
        if "too" in self.words:  # asked what is too big, "too" is no objection
            text = TOO.sub("all", text)
        bare = _bare(text)
        long = (each for each in self.sentences if each.count(" ") >= LEAST_COPIED)
        if any(sentence in bare for sentence in long):
            text = without_clauses(text, self._is_copied)
        return without_contraries(text, self.poles)

    def is_told_in(self, part: str) -> bool:
        """Say whether a part of a sentence has all words of what is asked."""
        return len(self.asked) > 1 and self.asked <= _stems(part)

    def shares(self, part: str) -> bool:
        """Say whether a part of a sentence has a word of what is asked."""
        return bool(self.asked & _stems(part))

    def _is_copied(self, clause: str) -> bool:
        """Say whether a clause is a whole sentence of the question."""
        words = LINKS.sub("", _bare(clause))
        return words.count(" ") >= LEAST_COPIED and words in self.sentences

    def is_apart(self, sentence: str, named: Sequence[str]) -> bool:
        """Say whether a sentence says something, and nothing of what is asked.

        Asked for the capital of Canada, "Ottawa is in Ontario" does not choose Ottawa.

        Args:
            sentence: a sentence of an answer.
            named: what may be answered, in whatever words.
        """
        folded = sentence.casefold()
        places = [(folded.find(name.casefold()), len(name)) for name in named]
        start, size = min((at for at in places if at[0] >= 0), default=(-1, 0))
        asked = self.asked | self.facts
        if start < 0 or not asked or IDENTIFIED.search(sentence):
            return False
        told = (
            {
                stem_of(word)
                for word in WORD.findall(folded, start + size)
                if stem_of(word) in asked
                or not (COMMON.fullmatch(word) or TALK.match(word))
            }
            - ARTICLES
            - _stems(" ".join(named))
        )
        return bool(told) and not told & asked

    def allows(self, sentence: str) -> bool:
        """Say whether a sentence may answer what is asked.

        One that speaks of other facts, without all words of what is asked, does not:
        "Ada has the cat" when it is asked who has the dog. The superlative or the place
        that is asked for is enough: "Ada was first, before the cat".
        """
        reason = REASON.search(sentence)
        words = _stems(sentence[: reason.start()] if reason else sentence)
        numbers = {word for word in words if word.isdigit()}
        other = (words & self.facts) | (numbers - self.asked)
        if not other or self.asked <= words:
            return True
        return bool(self.poles & poles(sentence))


def _facts(behind: str) -> str:
    """Return the sentences behind the one that asks which tell no way to answer."""
    told = SENTENCE_END.split(behind)
    return ". ".join(part for part in told if not TELLS_HOW.match(part))


def _bare(sentence: str) -> str:
    """Return the words of a sentence in their order, without case and marks."""
    return " ".join(re.findall(r"\w+", sentence.casefold()))


def _words(text: str) -> frozenset[str]:
    """Return the words of a text without case, possessives by their noun."""
    found = re.findall(r"\w+", text.casefold())
    return frozenset(found)


@lru_cache(maxsize=4096)
def stem_of(word: str) -> str:
    """Return what the forms of a word have in common."""
    folded = word.casefold()
    return ENDING.sub("", SAME.get(folded, folded))[:STEM]


def _stems(text: str) -> frozenset[str]:
    """Return the words of a text that say what it is about."""
    words = (word.casefold() for word in WORD.findall(text))
    return frozenset(stem_of(word) for word in words if not COMMON.fullmatch(word))
