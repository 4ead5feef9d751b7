"""Letters of multiple choice."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from string import ascii_uppercase
from typing import TYPE_CHECKING

from pytest_llmlat.grading.extractors.extractor import Extractor
from pytest_llmlat.grading.extractors.labels import NEGATION, NEGATION_REACH
from pytest_llmlat.grading.extractors.reading import UNREAD, Reading, plain, sentences

if TYPE_CHECKING:
    from pytest_llmlat.values.entities import Sample, Task

DEFAULT_LETTERS = "ABCDEF"
WORDS = "AI"
"""Letters that are English words: bare, they need a reason to be a choice."""
REASON = r"(?:because|since|as|which|due|is (?:the )?(?:correct|right|answer))\b"
DENIAL = re.compile(
    r"\b(?:not|wrong|incorrect|false|eliminate|rule out)\b|n't", re.IGNORECASE
)
DENIED = re.compile(
    r"[)\].:]?\s{0,3}(?:is|are|was|can be|must be)"
    r"(?:n't|\s{1,3}(?:not\b|wrong|incorrect|false|eliminated|ruled out))",
    re.IGNORECASE,
)
STATEMENT = (
    r"\b(?:answer|choice|option|choose|pick|select|go with)\b"
    r"(?:[^\w\n.:=]{1,5}(?!not\b)[a-z]{2,30}){0,6}?[^\w\n.:=]{0,5}"
    r"(?:\bis\b|[:=]|\bchoose\b|\bpick\b|\bselect\b|\bwith\b|\bbe\b|(?=\s))"
    r"[^\w(]{0,5}(?:(?:clearly|therefore|option|choice|letter|answer)[^\w(]{1,5}){0,2}"
)


def read_choice(answer: str, task: Task, sample: Sample) -> Reading:
    """Return the letter of the option that the answer chooses, as a capital.

    A list ``options`` in the row says which letters there are: its single letters,
    else the first ones of the alphabet; without it, A to F. In this order: a first
    line that is the letter and nothing else; the last letter stated as the answer; a
    letter with a delimiter at the start; the only letter in brackets of the text. The
    article in "A dog" and the pronoun in "I think" are no choices.
    """
    del task
    letters = _letters(dict(sample.fields).get("options"))
    text = plain(answer)
    head = next(iter(sentences(text, 1)), "")
    if not letters:
        return UNREAD
    alone, stated, leading, bracketed = _patterns(letters)
    found = alone.match(text)
    if found is not None:
        return Reading(found["letter"].upper(), explicit=True)
    last = [match for match in stated.finditer(text) if not _denied(match)]
    if last:
        return Reading(_letter(last[-1]), explicit=True)
    found = leading.match(text)
    if found is not None and not DENIAL.search(head):
        return Reading(_letter(found), explicit=True)
    named = {_letter(m) for m in bracketed.finditer(text) if not _denied(m)}
    return Reading(named.pop()) if len(named) == 1 else UNREAD


def _letters(options: object) -> str:
    """Return the letters that a row's options allow."""
    if isinstance(options, Mapping | list | tuple):
        keys = [str(key).strip().upper() for key in options]
        single = all(len(key) == 1 and key in ascii_uppercase for key in keys)
        if single and len(set(keys)) == len(keys):
            return "".join(keys)
        return ascii_uppercase[: len(keys)]
    return DEFAULT_LETTERS


@lru_cache(maxsize=64)
def _patterns(letters: str) -> tuple[re.Pattern[str], ...]:
    """Compile what a choice of one of ``letters`` looks like."""
    either = f"[{letters}{letters.lower()}]"
    safe = f"[{''.join(letter for letter in letters if letter not in WORDS)}]"
    safe = safe if safe != "[]" else r"(?!)"
    # a letter in brackets, one with a delimiter, or a capital that is no word
    boxed = rf"[(\[](?P<boxed>{either})[)\]]"
    closed = (
        rf"(?<!\w)(?P<closed>{either})(?=[).:,;\]]|\s*(?:$|\n)|\s+{REASON})(?!\.\w)"
    )
    bare = rf"(?<!\w)(?P<bare>{safe})(?!['\w])"
    return (
        re.compile(
            rf"\W{{0,5}}(?:option |choice |answer |letter )?[(\[]?(?P<letter>{either})"
            r"[)\].:]{0,2}[ \t]{0,5}(?:\n|\Z)",
            re.IGNORECASE,
        ),
        re.compile(f"(?i:{STATEMENT})(?:{boxed}|{closed}|{bare})"),
        re.compile(
            rf"\W{{0,5}}(?:{boxed}|(?P<closed>{either.upper()})"
            rf"(?:[).:,\]]|\s+{REASON})|(?P<bare>{safe})(?=\s))"
        ),
        re.compile(rf"(?<!\w){boxed}(?P<closed>)(?P<bare>)"),
    )


def _letter(match: re.Match[str]) -> str:
    """Return the capital of whichever form of letter matched."""
    return (match["boxed"] or match["closed"] or match["bare"]).upper()


def _denied(match: re.Match[str]) -> bool:
    """Say whether a letter is named only to be turned down."""
    before = match.string[max(0, match.start() - NEGATION_REACH) : match.start()]
    return bool(
        NEGATION.search(before.casefold()) or DENIED.match(match.string, match.end())
    )


EXTRACTOR = Extractor(read=read_choice)
