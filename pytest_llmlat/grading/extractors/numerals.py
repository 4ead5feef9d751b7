"""Numbers as people and models write them, read exactly."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from pytest_llmlat.grading.extractors.number_notation import rewritten

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST = 80
"""Characters of a number; anything longer is a model that repeats itself."""

NUMBER = re.compile(
    r"(?<![^\W\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af])(?<![\^\u00b2\u00b3])(?<!\d\.)"
    r"(?<!\u221a)(?<!\\sqrt)(?<!\\sqrt\{)(?:(?<![)\]%])(?P<sign>[-+]))?"
    r"(?:[$\u20ac\u00a3\u00a5\u20b9]\s{0,2})?(?P<minus>-(?=[.\d]))?"
    r"(?:(?P<whole>\d{1,9})\s{1,2}(?=\d{1,9}/\d))?"
    r"(?P<body>(?:(?<![.\w])\.)?\d+(?:[.,:/^'_]\d+)*(?:[eE][-+]?\d+)?)"
    r"(?P<power>[\^\u00b2\u00b3\u2070\u00b9\u2074-\u2079]"
    r"|\s?(?:\u03c0|\\?pi\b|\u221a|\\sqrt)|[xyzni](?!\w))?"
    r"(?:\s{0,2}(?P<scale>thousand|million|billion|trillion)\b"
    r"|(?-i:(?P<suffix>[kKM]|bn|mn)(?!\w)))?",
    re.IGNORECASE,
)
PLAIN = re.compile(
    r"(?:\d+|\d{1,3}(?:,\d{3})+)?(?:\.\d+)?(?:e[-+]?\d{1,2})?", re.IGNORECASE
)
RATIO = re.compile(r"(\d+)/(\d+)")
SCALES = {"": 1, "thousand": 10**3, "million": 10**6, "billion": 10**9}
SCALES |= {"trillion": 10**12, "k": 10**3, "m": 10**6, "mn": 10**6, "bn": 10**9}


@dataclass(frozen=True, slots=True)
class Numeral:
    """A number in a text."""

    start: int
    end: int
    value: Fraction | None
    """Value; ``None`` where it is written so that it cannot be read with certainty."""
    ratio: bool = False
    """Whether it was written as a fraction, and stays one."""


def numbers_equal(a: str, b: str) -> bool:
    """Say whether two texts are the same number, exactly.

    "18", "18.00" and "$18" agree, so do "0.75" and "3/4"; "50%" is 50, not one half.
    A text that is no number equals none.
    """
    left, right = to_number(a), to_number(b)
    return left is not None and left == right


def to_number(text: str) -> Fraction | None:
    """Return the value of a text that is one number and nothing but its signs."""
    plain = rewritten(text.strip()[: 2 * LONGEST]).strip()
    found = next(numerals(plain), None)
    if found is None or len(text) > LONGEST:
        return None
    around = plain[: found.start] + plain[found.end :]
    return found.value if re.fullmatch(r"[\s%.$\u20ac\u00a3\u00a5]*", around) else None


def only_number(text: str) -> str | None:
    """Return the one number that a few words such as "21 km" hold, spelled."""
    found = list(numerals(rewritten(text[:LONGEST])))
    return spelled(found[0]) if len(found) == 1 else None


def numerals(text: str, start: int = 0, end: int | None = None) -> Iterator[Numeral]:
    """Yield the numbers of a stretch of text, readable or not."""
    for match in NUMBER.finditer(text, start, len(text) if end is None else end):
        yield Numeral(match.start(), match.end(), _value(match), "/" in match["body"])


def _value(match: re.Match[str]) -> Fraction | None:
    """Return the exact value of a match, if it can only be read in one way."""
    body, whole = match["body"], match["whole"]
    if len(match[0]) > LONGEST or match["power"]:
        return None
    ratio = RATIO.fullmatch(body)
    if ratio:
        over, under = int(ratio[1]), int(ratio[2])
        if under == 0 or (whole and over >= under):
            return None
        value = Fraction(over, under) + int(whole or 0)
    elif PLAIN.fullmatch(body) and not whole:
        value = Fraction(body.replace(",", ""))
    else:
        return None
    negative = match["sign"] == "-" or match["minus"]
    scale = (match["scale"] or match["suffix"] or "").casefold()
    return value * SCALES[scale] * (-1 if negative else 1)


def spelled(numeral: Numeral | None) -> str | None:
    """Write a number in its one normal form: "18", "-0.5", "3/4"."""
    if numeral is None or numeral.value is None:
        return None
    value = numeral.value
    if value.denominator == 1 or numeral.ratio:
        return str(value)
    places, scaled = 0, value
    while scaled.denominator != 1:  # decimals by origin: ten powers suffice
        places, scaled = places + 1, scaled * 10
    digits = str(abs(scaled.numerator)).rjust(places + 1, "0")
    sign = "-" if value < 0 else ""
    return f"{sign}{digits[:-places]}.{digits[-places:]}"
