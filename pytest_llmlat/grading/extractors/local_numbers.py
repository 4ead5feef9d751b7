"""Numbers as other languages write them, brought into the English notation.

A task whose option ``language`` names German, French or Chinese has its answers read
with that language's signs (``1.234,50``) and number words.
"""

from __future__ import annotations

import re
from types import MappingProxyType

DECIMAL_COMMA = frozenset({"de", "fr", "es", "it", "nl", "pt", "pl", "ru", "sv", "da"})
"""Languages with a comma before decimals."""
GROUPED_BY_DOT = frozenset({"de", "es", "it", "nl", "pt", "da"})
"""Those of them that group digits by full stops."""
GROUPS = re.compile(r"(?<![\d.,])(\d{1,3}(?:\.\d{3})+)(?:,(\d+))?(?![\d]|[.,]\d)")
COMMA = re.compile(r"(?<![\d.,])(\d+),(\d{1,2}|\d{4,})(?![\d]|[.,]\d)")
_GERMAN = """
null eins zwei drei vier f\u00fcnf sechs sieben acht neun zehn elf zw\u00f6lf dreizehn
vierzehn f\u00fcnfzehn sechzehn siebzehn achtzehn neunzehn
"""
_GERMAN_TENS = """
zwanzig drei\u00dfig vierzig f\u00fcnfzig sechzig siebzig achtzig neunzig
"""
_FRENCH = """
z\u00e9ro un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze
quinze seize dix-sept dix-huit dix-neuf
"""
_FRENCH_TENS = "vingt trente quarante cinquante soixante"


def _german() -> dict[str, int]:
    """Return the German words of 2 to 100; "eins" is no number of things."""
    ones = _GERMAN.split()
    words = dict(zip(ones, range(len(ones)), strict=True))
    units = ["", "ein", *ones[2:10]]
    for tens, word in enumerate(_GERMAN_TENS.split(), 2):
        words |= {
            f"{u}und{word}" if u else word: 10 * tens + n for n, u in enumerate(units)
        }
    return words | {"hundert": 100, "einhundert": 100, "tausend": 1000}


def _french() -> dict[str, int]:
    """Return the French words of 0 to 69, 80 and 100, but for the article "un"."""
    ones = _FRENCH.split()
    words = dict(zip(ones, range(len(ones)), strict=True))
    for tens, word in enumerate(_FRENCH_TENS.split(), 2):
        words[word] = 10 * tens
        words[f"{word} et un"] = 10 * tens + 1
        words |= {f"{word}-{ones[n]}": 10 * tens + n for n in range(2, 10)}
    del words["un"]
    return words | {"quatre-vingts": 80, "cent": 100, "mille": 1000}


WORDS = MappingProxyType({"de": _german(), "fr": _french()})
_DIGITS = MappingProxyType(
    {char: n for n, char in enumerate("零一二三四五六七八九")} | {"两": 2}
)
_PLACES = MappingProxyType({"十": 10, "百": 100, "千": 1000})
CHINESE = re.compile(
    r"[零一二两三四五六七八九十百千]+(?=\s?(?:个|只|元|人|天|本|次|块|岁|米|公里|千米|小时"
    r"|分钟|颗|辆|张|支|箱|朵|公斤|升|台|条|头|页|名|位))"
)
"""A Chinese number in front of what counts things."""


def in_english_notation(text: str, language: str) -> str:
    """Return a text whose numbers are written the English way.

    Number words become digits only in a text without digits, where they can be the
    answer. A sign that could mean either ("1,250" in German) stays as it is, and so
    does a text in another language.

    Args:
        text: an answer.
        language: code of the task's language, empty for English.
    """
    if language in GROUPED_BY_DOT:
        text = GROUPS.sub(_regrouped, text)
    if language in DECIMAL_COMMA:
        text = COMMA.sub(r"\1.\2", text)
    if re.search(r"\d", text):
        return text
    if language == "zh":
        return CHINESE.sub(lambda found: str(_chinese(found[0])), text)
    words = WORDS.get(language)
    if not words:
        return text
    longest_first = sorted(words, key=len, reverse=True)
    known = "|".join(map(re.escape, longest_first))
    return re.sub(
        rf"(?<![\w-])(?:{known})(?![\w-])",
        lambda found: str(words[found[0].casefold()]),
        text,
        flags=re.IGNORECASE,
    )


def _regrouped(found: re.Match[str]) -> str:
    """Write 1.234,50 as 1234.50."""
    whole = found[1].replace(".", "")
    return f"{whole}.{found[2]}" if found[2] else whole


def _chinese(word: str) -> int:
    """Return the value of a Chinese number below ten thousand."""
    total, digit = 0, 0
    for char in word:
        if char in _PLACES:
            total, digit = total + max(digit, 1) * _PLACES[char], 0
        else:
            digit = _DIGITS[char]
    return total + digit
