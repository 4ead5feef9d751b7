"""Numbers as people and models write them, read exactly."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING

from pytest_llmlat.grading.extractors.extractor import Extractor
from pytest_llmlat.grading.extractors.reading import UNREAD, Reading

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_llmlat.values.entities import Sample, Task

LONGEST = 80
"""Characters of a number; anything longer is a model that repeats itself."""

# What LaTeX and typography put into a number, in the order of replacement.
REWRITES = (
    (re.compile(r"\{,\}"), ","),
    (re.compile(r"\\[,;:! ]"), " "),
    (re.compile(r"\\(?=[$%])"), ""),
    (
        re.compile(
            r"\\[dt]?frac\s{0,5}\{\s{0,5}(-?\d+)\s{0,5}\}\s{0,5}\{\s{0,5}(\d+)\s{0,5}\}"
        ),
        r" \1/\2 ",
    ),
    (re.compile(r"(?<=\d)\*\*(?=\d)"), "^"),
    (
        re.compile(
            r"\*{2,}|`+|(?<![\s\d])\*|\*(?![\s\d])|(?<!\w)_+|(?<=[^\W_])_+(?!\w)"
        ),
        " ",
    ),
    (re.compile(r"(?<=\d)[\u00a0\u2009\u202f](?=\d{3}(?!\d))"), ""),
    (
        re.compile(
            r"\s{0,5}(?:[x\u00d7\u00b7]|\\times|\\cdot)\s{0,5}10\s{0,5}\^\s{0,5}\{?([+-]?\d{1,3})\}?(?!\d)"
        ),
        r"e\1",
    ),
    (re.compile(r"=\s{0,5}-\s{1,5}(?=[\d.$])"), "= -"),
)
DASHES = str.maketrans({"\u2212": "-", "\u2013": "-", "\u2044": "/"})

NUMBER = re.compile(
    r"(?<![\w^\u00b2\u00b3])(?<!\d\.)(?:(?<![)\]%])(?P<sign>[-+]))?"
    r"(?:[$\u20ac\u00a3\u00a5\u20b9]\s{0,2})?(?P<minus>-(?=[.\d]))?"
    r"(?:(?P<whole>\d{1,9})\s{1,2}(?=\d{1,9}/\d))?"
    r"(?P<body>(?:(?<![.\w])\.)?\d+(?:[.,:/^]\d+)*(?:[eE][-+]?\d+)?)"
    r"(?P<power>[\^\u00b2\u00b3\u2070\u00b9\u2074-\u2079])?"
    r"(?:\s{1,2}(?P<scale>thousand|million|billion|trillion)\b)?",
    re.IGNORECASE,
)
PLAIN = re.compile(
    r"(?:\d+|\d{1,3}(?:,\d{3})+)?(?:\.\d+)?(?:e[-+]?\d{1,2})?", re.IGNORECASE
)
RATIO = re.compile(r"(\d+)/(\d+)")
SCALES = {"": 1, "thousand": 10**3, "million": 10**6, "billion": 10**9}
SCALES["trillion"] = 10**12

ANSWER = re.compile(
    r"####[ \t]{0,5}(?=[-+$\u20ac\u00a3]{0,2}\.?\d)"
    r"|\\boxed\s{0,5}\{"
    r"|<answer>"
    r"|\banswer\b(?: to [^\n.:]{0,80})?"
    r"(?:\s{1,3}(?:is|was|are|would be|will be|should be|equals)\b:?|\s{0,3}[:=])"
    r"(?!\s{1,3}not\b)",
    re.IGNORECASE,
)
DIRECT = re.compile(
    r"(?:[\s:(\[{\\$]|\b(?:approximately|about|around|roughly|exactly|only|just|simply"
    r"|indeed|thus|therefore|a total of|equal to|the number)\b"
    r"|\b\w{1,12}\s{0,3}=){0,8}\Z",
    re.IGNORECASE,
)
CLAUSE_END = re.compile(r"[.!?](?=\s|$)|\n")
OPERATION = re.compile(
    r"\s{0,5}(?:[a-z%\u00b0]{1,20}\s{1,5})?[\s$\\(){}]{0,9}"
    r"(?P<operator>[-+*/=\u00d7\u00f7]|x\b|times\b|plus\b|minus\b)"
    r"[\s$\\(){}]{0,9}",
    re.IGNORECASE,
)
PAUSE = re.compile(r"[\s:]{0,20}")
REACH = 200
"""Characters after a marker in which its number must stand."""


@dataclass(frozen=True, slots=True)
class Numeral:
    """A number in a text."""

    start: int
    end: int
    value: Fraction | None
    """``None`` where it is written so that it cannot be read with certainty."""
    ratio: bool = False
    """It was written as a fraction and stays one."""


def numbers_equal(a: str, b: str) -> bool:
    """Say whether two texts are the same number, exactly.

    "18", "18.00" and "$18" agree, so do "0.75" and "3/4"; "50%" is 50, not one half.
    A text that is no number equals none.
    """
    left, right = to_number(a), to_number(b)
    return left is not None and left == right


def to_number(text: str) -> Fraction | None:
    """Return the value of a text that is one number and nothing but its signs."""
    rewritten = _rewritten(text.strip()[: 2 * LONGEST]).strip()
    found = next(_numerals(rewritten), None)
    if found is None or len(text) > LONGEST:
        return None
    around = rewritten[: found.start] + rewritten[found.end :]
    return found.value if re.fullmatch(r"[\s%.$\u20ac\u00a3\u00a5]*", around) else None


def read_number(answer: str, task: Task, sample: Sample) -> Reading:
    r"""Return the final answer of a word problem, normalised.

    The last explicit marker that a number follows wins: ``#### 18``, ``\boxed{18}``,
    ``<answer>``, "the answer is 18", "Answer: 18". A box without one clear number is
    unread. Without a marker it is the last number of the text, as is customary for
    GSM8K (Cobbe et al. 2021).

    Numbers are written in the English way: "." before decimals, "," between groups
    of three digits. "1.234,50", "12,5" or "3:30" could mean more than one thing and
    are unread, not guessed. Number words are unread too. A fraction stays one, in
    lowest terms; a per cent sign, a currency and a unit are dropped.
    """
    del task, sample
    text = _rewritten(answer)
    for marker in reversed(list(ANSWER.finditer(text))):
        boxed = marker[0].startswith("\\")
        stated = _boxed(text, marker.end()) if boxed else _stated(text, marker.end())
        if stated is not None or boxed:
            return Reading(_spelled(stated), explicit=True)
    last = None
    for numeral in _numerals(text):
        last = numeral
    return Reading(_spelled(last)) if last is not None else UNREAD


def _rewritten(text: str) -> str:
    """Bring LaTeX, Markdown and typographic signs into plain characters."""
    text = "".join(_vulgar(char) for char in text) if not text.isascii() else text
    text = text.translate(DASHES)
    for pattern, replacement in REWRITES:
        text = pattern.sub(replacement, text)
    return text


def _vulgar(char: str) -> str:
    """Spell out a character that is a fraction, such as one half."""
    if unicodedata.decomposition(char).startswith("<fraction>"):
        return " " + unicodedata.normalize("NFKC", char)
    return char


def _numerals(text: str, start: int = 0, end: int | None = None) -> Iterator[Numeral]:
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
    return value * SCALES[(match["scale"] or "").casefold()] * (-1 if negative else 1)


def _spelled(numeral: Numeral | None) -> str | None:
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


def _stated(text: str, start: int) -> Numeral | None:
    """Return the number that an answer's marker is about, if that is clear.

    It is the number that follows at once, or the result of the calculation that
    follows at once, or the only number of the sentence.
    """
    begin = PAUSE.match(text, start).end()  # type: ignore[union-attr]
    stop = CLAUSE_END.search(text, begin, begin + REACH)
    end = stop.start() if stop else begin + REACH
    found = [
        numeral
        for numeral in _numerals(text, begin, min(end, len(text)))
        if stop or numeral.end < end  # a number may go on beyond the reach
    ]
    if not found:
        return None
    if not DIRECT.match(text[begin : found[0].start]):
        return found[0] if len(found) == 1 else None
    return _result(text, found)


def _result(text: str, found: Sequence[Numeral]) -> Numeral:
    """Return the result of a calculation, or its one number if it is none.

    Without an equals sign a calculation has no result yet, and is unreadable.
    """
    result, calculated = found[0], False
    for before, after in pairwise(found):
        gap = OPERATION.fullmatch(text[before.end : after.start])
        if gap is None:
            break
        calculated = gap["operator"] != "="
        result = result if calculated else after
    return replace(result, value=None) if calculated else result


def _boxed(text: str, start: int) -> Numeral | None:
    """Return the one number inside a LaTeX box, or after the equals sign in it."""
    depth, end = 1, start
    while end < len(text) and depth and text[end] != "\n":
        depth += {"{": 1, "}": -1}.get(text[end], 0)
        end += 1
    begin = text.rfind("=", start, end) + 1 or start
    found = list(_numerals(text, begin, end))
    return found[0] if len(found) == 1 else None


EXTRACTOR = Extractor(read=read_number)
