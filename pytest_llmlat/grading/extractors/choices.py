"""Letters of multiple choice."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache, partial
from string import ascii_uppercase
from typing import TYPE_CHECKING

from pytest_llmlat.grading.extractors.doubt import Mention
from pytest_llmlat.grading.extractors.evidence import decided
from pytest_llmlat.grading.extractors.extractor import Extractor
from pytest_llmlat.grading.extractors.labels import read_word
from pytest_llmlat.grading.extractors.reading import (
    UNREAD,
    Reading,
    normalized,
    plain,
)
from pytest_llmlat.grading.extractors.references import as_answered

if TYPE_CHECKING:
    from pytest_llmlat.values.entities import Sample, Task

DEFAULT_LETTERS = "ABCDEF"
WORDS = "AI"
"""Letters that are English words: bare, they need a reason to be a choice."""
REASON = (
    r"(?:because|since|as|which|due|or|and|it is"
    r"|(?:is|was) (?:the\b|an?\b|correct|right|true|wrong|false|incorrect|not\b))"
)
LOOKALIKES = str.maketrans("\u0410\u0412\u0421\u0415", "ABCE")
"""Cyrillic capitals that look like the letters of options."""
CYRILLIC = re.compile(r"(?<!\w)[\u0410\u0412\u0421\u0415](?!\w)")
ITEM = re.compile(
    r"^[ \t>*_-]{0,8}[(\[]?(?P<letter>[A-Z])[)\].:][ \t*_]{0,4}(?P<rest>[^\n]*)$",
    re.MULTILINE,
)
VERDICT = re.compile(
    r"\b(?:true|false|correct|incorrect|right|wrong|yes|no|not|cannot|can't|isn't"
    r"|because|since|answer|wahr|falsch|richtig|vrai|faux)\b|[\u2713\u2714\u2705\u2717\u2718"
    r"\u274c]|n't\b",
    re.IGNORECASE,
)
CHOSEN = re.compile(
    r"\W{0,9}(?:(?:text|option|choice|answer|letter)\b\W{0,9})?"
    r"[^\W\d_](?:\W{0,9}|[).:]\s.{0,400})",
    re.IGNORECASE,
)
"""A letter that is a choice and no word of a sentence."""


def read_choice(answer: str, task: Task, sample: Sample) -> Reading:
    """Return the letter of the option that the answer chooses, as a capital.

    A list ``options`` in the row says which letters there are: its single letters,
    else the first ones of the alphabet; without it, A to F. The article in "A dog" and
    the pronoun in "I think" are no choices, nor is a mere copy of the options. Where
    no letter is named, the text of one option stands for its letter.
    """
    del task
    options = dict(sample.fields).get("options")
    letters = _letters(options)
    if not letters:
        return UNREAD
    text = CYRILLIC.sub(lambda found: found[0].translate(LOOKALIKES), answer)
    text = _without_list(text)
    find = partial(_find, letters)
    alone = re.fullmatch(rf"\W{{0,9}}(?P<letter>[{letters.lower()}])\W{{0,9}}", text)
    if alone:
        return Reading(alone["letter"].upper(), explicit=True)
    reading = decided(text, find)
    texts = _texts(options, letters)
    if reading.value is None and texts and not find(plain(text)):
        named = read_word(text, tuple(texts))
        return Reading(texts.get(named.value or ""), explicit=named.explicit)
    return reading


def _letters(options: object) -> str:
    """Return the letters that a row's options allow."""
    if isinstance(options, Mapping | list | tuple):
        keys = [str(key).strip().upper() for key in options]
        single = all(len(key) == 1 and key in ascii_uppercase for key in keys)
        if single and len(set(keys)) == len(keys):
            return "".join(keys)
        return ascii_uppercase[: len(keys)]
    return DEFAULT_LETTERS


def _texts(options: object, letters: str) -> dict[str, str]:
    """Return the letter of each option's text, where the texts tell them apart."""
    if isinstance(options, Mapping):
        texts = [str(text) for text in options.values()]
    elif isinstance(options, list | tuple):
        texts = [str(text) for text in options]
    else:
        return {}
    folded = {text.casefold().strip() for text in texts}
    if len(folded) != len(letters) or any(len(text) <= 1 for text in folded):
        return {}
    return dict(zip(texts, letters, strict=True))


def _without_list(text: str) -> str:
    """Drop the options where an answer only copies them, line by line."""
    copied = [m for m in ITEM.finditer(text) if not VERDICT.search(m["rest"][:400])]
    if len({m["letter"] for m in copied}) <= 1:
        return text
    pieces, end = [], 0
    for match in copied:
        pieces.append(text[end : match.start()])
        end = match.end()
    return "".join([*pieces, text[end:]])


@lru_cache(maxsize=64)
def _pattern(letters: str) -> re.Pattern[str]:
    """Compile what a choice of one of ``letters`` looks like."""
    either = f"[{letters}{letters.lower()}]"
    safe = "".join(letter for letter in letters if letter not in WORDS)
    bare = f"[{safe}]" if safe else r"(?!)"
    edge = r"(?<![A-Za-z0-9_\u00c0-\u024f])"
    return re.compile(
        # a letter in brackets, one with a delimiter, or a capital that is no word
        rf"[(\[](?P<boxed>{either})[)\]]"
        rf"|{edge}(?P<closed>[{letters}])(?:\)|(?=[.:,;\]!?\u3002\uff0c](?!\w))"
        rf"|(?=\s*\Z)|(?=\s{{0,3}}\n)|(?=\s{{1,3}}{REASON})|(?=\s?[\u2713\u2714\u2705]))"
        rf"|{edge}(?P<small>[{letters.lower()}])(?:\)(?=\s|\Z))"
        rf"|{edge}(?P<bare>{bare})(?!['\w]|\.\w|-\w)"
        rf"|\b(?:option|choice|letter|statement)\s{{1,3}}(?P<named>{either})(?!['\w])"
    )


def _find(letters: str, text: str) -> list[Mention]:
    """Find the letters of options in a text; a lone letter may be a small one."""
    alone = re.fullmatch(rf"\W{{0,9}}(?P<letter>[{letters.lower()}])\W{{0,9}}", text)
    if alone:
        return [Mention(alone.start(1), alone.end(1), alone[1].upper())]
    return [
        Mention(match.start(name), match.end(), match[name].upper())
        for match in _pattern(letters).finditer(text)
        for name in (match.lastgroup or "bare",)
    ]


def as_chosen(text: str, task: Task, sample: Sample) -> str | None:
    """Return the letter that a right answer is, or whose option it spells out."""
    options = dict(sample.fields).get("options")
    letters = _letters(options)
    listed = tuple(options.values()) if isinstance(options, Mapping) else options
    texts = list(listed) if isinstance(listed, list | tuple) else []
    spelled = [
        letter
        for letter, option in zip(letters, texts, strict=False)
        if normalized(str(option)) == normalized(text)
    ]
    if len(spelled) == 1:
        return spelled[0]
    named = not spelled and CHOSEN.fullmatch(text)
    return as_answered(read_choice, text, task, sample) if named else None


EXTRACTOR = Extractor(read=read_choice, reference=as_chosen)
"""Letters of multiple choice."""
