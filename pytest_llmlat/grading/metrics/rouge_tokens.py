"""How ROUGE splits a text, by its language.

===============  =================================================================
``english``      rouge-score's own: runs of a to z and digits, Porter's stems
``words``        runs of letters, digits and marks of any script, without stems
``characters``   the same, but each letter of a script that puts no blanks between
                 words (Chinese, Japanese, Thai, Khmer, Burmese, Lao, Tibetan) is one
===============  =================================================================
"""

from __future__ import annotations

import unicodedata
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Protocol

from pytest_llmlat.grading.metrics.tokenizers import tokenizer_of
from pytest_llmlat.values.entry_option import EntryOption

if TYPE_CHECKING:
    from pytest_llmlat.grading.languages import Language
    from pytest_llmlat.values.entities import Task

ENGLISH, WORDS, CHARACTERS = NAMES = ("english", "words", "characters")
TOKENIZER = EntryOption(
    name="tokenizer",
    kind="string",
    choices=NAMES,
    meaning="what ROUGE counts; else it follows from the language, English without one",
)
_UNSPACED = (
    *((0x0E00, 0x0FFF), (0x1000, 0x109F), (0x1780, 0x17FF), (0x3005, 0x3007)),
    *((0x3040, 0x30FF), (0x31F0, 0x31FF), (0x3400, 0x4DBF), (0x4E00, 0x9FFF)),
    *((0xA9E0, 0xA9FF), (0xAA60, 0xAA7F), (0xF900, 0xFAFF), (0x20000, 0x3FFFF)),
)
"""Thai to Tibetan, Burmese, Khmer, kana and Chinese characters."""
_JOINERS = "\u200c\u200d"
"""Characters that shape the letters of one word."""


class RougeTokenizer(Protocol):
    """What rouge-score asks of a tokenizer."""

    def tokenize(self, text: str) -> list[str]:
        """Split a text into what is counted."""


def rouge_tokens(task: Task, *, where: str) -> str:
    """Return the name of the tokenizer that a task wants.

    Args:
        task: its option ``tokenizer`` comes first, then its ``language``; without
            either, texts are taken to be English.
        where: who says so, for the complaint.

    Raises:
        UnknownName: a language that there is not.
    """
    return tokenizer_of(task, ENGLISH, _of_language, where=where)


def _of_language(language: Language) -> str:
    if language.code == "en":
        return ENGLISH
    return CHARACTERS if language.unspaced else WORDS


@cache
def open_tokenizer(name: str) -> RougeTokenizer:
    """Build a tokenizer.

    Raises:
        ImportError: rouge-score is needed and not installed.
    """
    return _english() if name == ENGLISH else _ByScript(apart=name == CHARACTERS)


def _english() -> RougeTokenizer:
    """Build rouge-score's own tokenizer round a stemmer that remembers words."""
    from nltk.stem.porter import PorterStemmer  # noqa: PLC0415 - heavy
    from rouge_score import tokenize as words

    class Stemmer:
        """Porter's stemmer; the same words come again and again in one task."""

        stem = staticmethod(lru_cache(maxsize=1 << 16)(PorterStemmer().stem))

    class Tokens:
        """The package's splitting of a text into words, with that stemmer."""

        def tokenize(self, text: str) -> list[str]:
            """Split a text into stemmed words."""
            found: list[str] = words.tokenize(text, Stemmer)
            return found

    return Tokens()


class _ByScript:
    """Splits at what is no letter, no digit and no mark on one."""

    def __init__(self, *, apart: bool) -> None:
        """Make letters of scripts without blanks tokens of their own if ``apart``."""
        self._apart = apart

    def tokenize(self, text: str) -> list[str]:
        """Split a text, all in small letters and in one form of each character."""
        found: list[str] = []
        alone = False
        for letter in unicodedata.normalize("NFKC", text).casefold():
            kind = unicodedata.category(letter)[0]
            if kind in "LN":
                # The letter before ends there as this one begins here.
                before, alone = alone, self._apart and _is_unspaced(letter)
                found.append(f" {letter}" if alone or before else letter)
            elif kind == "M":
                found.append(letter)
            elif letter not in _JOINERS:
                found.append(" ")
        return "".join(found).split()


@lru_cache(maxsize=1 << 14)
def _is_unspaced(letter: str) -> bool:
    return any(first <= ord(letter) <= last for first, last in _UNSPACED)
