"""Amounts that are written in two units or in words, as one number in digits."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import TYPE_CHECKING

from pytest_llmlat.grading.extractors.number_notation import ONES, PARTS, WORDS, worded
from pytest_llmlat.grading.extractors.topic import stem_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

PAIR = re.compile(
    r"(?<![\w.,/:])(?P<big>\d{1,6})\s?(?P<of>[^\W\d]{1,12})(?:,?\s(?:and\s)?|\s?)"
    r"(?P<small>\d{1,4}(?:\.\d{1,4})?)\s?(?P<unit>[^\W\d]{1,12})\b"
)
"""A quantity in two units: "1 hour and 30 minutes", "1h 30min"."""
CONCLUDING = re.compile(
    r"(?:\b(?:so|thus|therefore|hence|altogether|in total|that makes|leav(?:es|ing))\b)"
    r"[^\d.\n]{0,30}\Z|(?:\A|[.!?\n]\s{0,3})[^\w.!?\n]{0,4}\Z",
    re.IGNORECASE,
)
"""What leads on to a result in words: "so there are two solutions"."""
NOUN = re.compile(r"\s(?P<noun>[^\W\d]{2,20})\b")
ONE_PART = re.compile(
    rf"\b(?:(?:a|one)[\s-](?P<part>{'|'.join(PARTS)})"
    rf"|(?:one|1) (?:in|out of) (?:every )?(?P<of>\d{{1,4}}|{'|'.join(ONES)}))\b",
    re.IGNORECASE,
)
"""A share in words: "a quarter", "one in four"."""
DIGITS = 6
"""Decimals up to which a quantity in one unit is written out."""


def in_one_unit(
    text: str, unit: tuple[str, int] | None, units: Mapping[str, tuple[str, int]]
) -> str:
    """Write quantities in two units in the one that is asked for, if it is exact.

    Args:
        text: an answer.
        unit: kind of quantity and size of the unit that is asked for.
        units: kind and size of each unit by its names.
    """
    if unit is None:
        return text
    name = next(name for name, known in units.items() if known == unit)

    def joined(found: re.Match[str]) -> str:
        big = units.get(found["of"].casefold())
        small = units.get(found["unit"].casefold())
        if None in (big, small) or big[0] != small[0] or big[0] != unit[0]:  # type: ignore[index]
            return found[0]
        if big[1] <= small[1]:  # type: ignore[index]
            return found[0]
        whole = int(found["big"]) * big[1]  # type: ignore[index]
        value = (whole + Fraction(found["small"]) * small[1]) / Fraction(unit[1])  # type: ignore[index]
        scaled = value * 10**DIGITS
        if scaled.denominator != 1:
            return found[0]
        return f"{float(value):.{DIGITS}f}".rstrip("0").rstrip(".") + f" {name}"

    return PAIR.sub(joined, text)


def counted_in_digits(text: str, nouns: Collection[str]) -> str:
    """Write in digits the number in words that a conclusion counts what is asked by.

    Args:
        text: an answer; without digits it is left as it is.
        nouns: stems of what is counted.
    """
    if not nouns or not re.search(r"\d", text):
        return text

    def written(found: re.Match[str]) -> str:
        noun = NOUN.match(text, found.end())
        counted = noun is not None and stem_of(noun["noun"]) in nouns
        before = text[max(0, found.start() - 60) : found.start()]
        number = worded(found[0], lone_one=True)
        concluded = counted and CONCLUDING.search(before)
        return str(number) if concluded and number is not None else found[0]

    return WORDS.sub(written, text)


def shares_in_digits(text: str) -> str:
    """Write "a quarter" and "one in four" as 1/4."""

    def written(found: re.Match[str]) -> str:
        word = (found["part"] or found["of"]).casefold()
        under = PARTS.get(word) if found["part"] else ONES.get(word, word)
        return f"1/{under}"

    return ONE_PART.sub(written, text)
