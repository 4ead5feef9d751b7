"""A question that is answered by its own words: "Is 97 prime?", "97 is prime."."""

from __future__ import annotations

import re

from pytest_llmlat.grading.extractors.doubt import DOUBT, GIVEN_UP, IF_WORD
from pytest_llmlat.grading.extractors.phrases import INTERJECTION
from pytest_llmlat.grading.extractors.readable_answer import (
    UNREAD,
    Reading,
    plain,
    sentences,
)
from pytest_llmlat.grading.extractors.topic import stem_of

ASKS = re.compile(
    r"(?:(?<=[.?!:] )|\A)"
    r"(?:is|are|was|were|do|does|did|can|could|will|has|have|had|should|must|ist|sind"
    r"|war|waren|hat|haben|kann|k\u00f6nnen|est-ce (?:que\s|qu'))(?<!')\s?\b"
    r"(?P<of>[^?\n]{1,200})\?",
    re.IGNORECASE,
)
"""A question whose answer is yes or no."""
POINTING = re.compile(r"(?:this|that|it(?! follow)|the following)\b", re.IGNORECASE)
"""What it may ask of, without naming it."""
ELLIPTIC = re.compile(
    r"\W{0,4}(?:(?:of course|indeed|certainly|sure|surely|absolutely|definitely|well"
    r"|no doubt|yes|no)[,!.]?\s)?"
    r"(?:(?:it|he|she|they|that|this|there|you|one|we)(?:\s|(?='s not)))?"
    r"(?:(?:certainly|indeed|really|definitely|surely|most certainly)\s)?"
    r"(?:is|are|was|were|do|does|did|can|could|will|has|have|had|should|must"
    r"|'s(?= not))"
    r"(?P<no>n't|\s?not)?\s{0,2}(?:[.,;!]|\bbecause\b|\bsince\b|\Z)"
)
"""A short yes or no: "It does not.", "Sure is."."""
SURELY = re.compile(r"\A\W{0,4}(?:sure|certainly|of course|absolutely|well|indeed),\s")
CLAUSES = re.compile(r"[,;:\u2014]\s(?:(?:but|and|yet|so|though|because|since)\s)?")
"""What stands between the clauses of a sentence."""
LED = re.compile(
    r"\A\W{0,4}(?:therefore|thus|hence|so|consequently|in conclusion|as a result),?\s"
    r"|\A\W{0,4}(?:although|though|while|even though)\b[^,\n]{1,80},\s"
    r"|[,;]\s(?:and\s)?(?:so|therefore|thus|hence|which means(?: that)?),?\s"
)
"""What leads on to what a sentence says: a connective, or what is granted."""
AUXILIARY = re.compile(
    r"(?:is|are|was|were|be|do|does|did|can|could|will|has|have|had|should|must|an?|the"
    r"|not|cannot|able|in|on|of|to|at|by|for|with|indeed|actually|really|also|ist|sind|war|waren"
    r"|hat|haben|kann|k\u00f6nnen|der|die|das|eine?|nicht|est|sont|une?|les?|la|ne|pas"
    r"|est-ce|que|qu'est-ce)\Z|.*n't\Z"
)
NEGATIVE = re.compile(
    r"(?:n't|\b(?:(?:wrong|false|untrue|incorrect|mistaken|a (?:myth|misconception))"
    r"(?= (?:that|to (?:say|think|claim|believe)))|not|never|cannot|neither|nor|no"
    r"|hardly|nicht|keine?|pas))\b"
)
WORD = re.compile(r"[\w'-]+")
PRONOUNS = frozenset({"it", "he", "she", "they"})
PRONOUN = re.compile(r"\W{0,3}(?:it|he|she|they)\b")
MOST = 3
"""Sentences of an answer that are looked at."""
ADDED = 6
"""Words that such a sentence may add to those of the question."""


def read_restated(answer: str, question: object) -> Reading:
    """Return the truth of a yes-or-no question that an answer gives in its own words.

    A sentence with all the words of the question in their order says yes, and with a
    negation no. A copy of a text that the question judges ("Is this true? …") says
    nothing, nor does what leaves it open.
    """
    if not isinstance(question, str):
        return UNREAD
    found = list(ASKS.finditer(" ".join(plain(question).split())))
    text = plain(answer).casefold()
    if not found or GIVEN_UP.search(text) or NEGATIVE.search(found[-1][0].casefold()):
        return UNREAD
    named = POINTING.match(found[-1]["of"]) is None
    asked = _content(found[-1][0].casefold()) if named else []
    said = sentences(text, MOST)
    short = ELLIPTIC.match(said[0]) if said else None
    if short and not said[0].endswith("?"):
        return Reading("false" if short["no"] else "true")
    for sentence in map(_concluding, said):
        head = _answering(sentence, asked) if asked else None
        if head is None:
            continue
        supposed = IF_WORD.search(sentence) and not IF_WORD.search(found[-1][0])
        modal = found[-1][0].partition(" ")[0].casefold()
        # "Not true that it isn't": what is meant is not guessed.
        twice = len(NEGATIVE.findall(head)) > 1
        doubted = DOUBT.search(f"{head.replace(modal, '')}|")
        if "?" in sentence or supposed or doubted or twice:
            return UNREAD
        value = "false" if NEGATIVE.search(head) else "true"
        return Reading(value, explicit=len(said) == 1 and text.endswith((".", "!")))
    return UNREAD


def _answering(sentence: str, asked: list[str]) -> str | None:
    """Return the first clause that gives the question back, whole or in short."""
    for clause in CLAUSES.split(sentence):
        words = _content(clause)
        at = 0
        for word in words:
            at += at < len(asked) and word == asked[at]
        whole = at == len(asked) and len(words) <= len(asked) + ADDED
        if whole or _is_short(clause, asked):
            return clause
    return None


def _concluding(sentence: str) -> str:
    """Return a sentence from where it comes to its conclusion, without an opening.

    "91 = 7 * 13, so it is not prime", "Although it looks like one, 91 is not prime".
    """
    sentence = SURELY.sub("", sentence)
    led = LED.search(sentence)
    return sentence[led.end() :] if led else sentence


def _content(sentence: str) -> list[str]:
    """Return the stems of the words that say something, in their order."""
    words = WORD.findall(INTERJECTION.sub("", sentence, count=1))
    return [stem_of(word) for word in words if not AUXILIARY.match(word)]


def _is_short(sentence: str, asked: list[str]) -> bool:
    """Say whether a clause gives a question back without its end: "It is not even".

    A pronoun may stand for what the question asks of.
    """
    head = re.split(r"[,;:\u2014.!]", sentence.rstrip(".!"))[0].replace("'s ", " is ")
    words = _content(head)
    stands = PRONOUN.match(head) is not None
    if stands and words and words[0] != asked[0]:
        words = [asked[0], *[word for word in words if word not in PRONOUNS]]
    return len(words) > 1 - (asked[0] == "it") and words == asked[: len(words)]
