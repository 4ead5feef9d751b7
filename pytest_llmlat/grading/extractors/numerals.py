"""Numbers as people and models write them, read exactly."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING

from pytest_llmlat.grading.extractors.extractor import Extractor
from pytest_llmlat.grading.extractors.notation import WORDS, rewritten, worded
from pytest_llmlat.grading.extractors.reading import (
    SENTENCE_END,
    UNREAD,
    Reading,
    without_run_on,
)
from pytest_llmlat.grading.extractors.references import as_answered

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_llmlat.values.entities import Sample, Task

LONGEST = 80
"""Characters of a number; anything longer is a model that repeats itself."""

NUMBER = re.compile(
    r"(?<![^\W\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af])(?<![\^\u00b2\u00b3])(?<!\d\.)(?:(?<![)\]%])(?P<sign>[-+]))?"
    r"(?:[$\u20ac\u00a3\u00a5\u20b9]\s{0,2})?(?P<minus>-(?=[.\d]))?"
    r"(?:(?P<whole>\d{1,9})\s{1,2}(?=\d{1,9}/\d))?"
    r"(?P<body>(?:(?<![.\w])\.)?\d+(?:[.,:/^'_]\d+)*(?:[eE][-+]?\d+)?)"
    r"(?P<power>[\^\u00b2\u00b3\u2070\u00b9\u2074-\u2079])?"
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

ANSWER = re.compile(
    r"####[ \t]{0,5}(?=[-+$\u20ac\u00a3]{0,2}\.?\d)"
    r"|\\boxed\s{0,5}\{"
    r"|<answer>"
    r"|\b(?:answer|antwort|r\u00e9ponse)\b(?: to [^\n.:]{0,80})?"
    r"(?:\s{1,3}(?:is|was|are|would be|will be|should be|equals|ist|lautet|est)\b:?"
    r"|\"?\s{0,3}[:=]\s{0,3}\"?)"
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
    r"\s{0,5}(?:(?!(?:since|because|as|when|if|where|and|so)\b)"
    r"[a-z%\u00b0]{1,20}\s{1,5}){0,3}[\s$\\(){}]{0,9}"
    r"(?P<operator>[-+*/=\u00d7\u00f7]|x\b|times\b|plus\b|minus\b)"
    r"[\s$\\(){}]{0,9}",
    re.IGNORECASE,
)
EITHER = re.compile(
    r"\s{0,3}(?:[a-z%\u00b0$]{1,12}\s{1,3})?(?:or|to|oder|bis|ou|\u00e0)\b"
    r"(?:\s{1,3}(?:maybe|perhaps|about|possibly))?[\s$\u20ac\u00a3]{0,4}",
    re.IGNORECASE,
)
NEXT = re.compile(r"\s{0,3}[,;]\s{0,3}(?:(?:and|then|so)\s{1,3})?[$(]{0,3}")
DENIED = re.compile(
    r"(?:n't|\b(?:not|never|cannot|anything but|nicht|pas))\s{1,3}"
    r"(?:[^\W\d]{1,20}\s{1,3}){0,4}"
    r"[$\u20ac\u00a3]?\Z",
    re.IGNORECASE,
)
DOUBTED = re.compile(
    r"\b(?:not sure|unsure|may|might|could|maybe|perhaps|whether|either|between)\b"
    r"[^\d\n]{0,60}\Z",
    re.IGNORECASE,
)
ASIDE = re.compile(
    r"(?:,?\s(?:out of|from (?:his|her|their|the|its|an?)\b|that is\b|i\.e\.)"
    r"|,?\sor (?:about )?(?=[\d.]{1,9}\s?(?:%|percent))"
    r"|\s\((?=or\b|that\b|i\.e|=)|:\s(?=\d{1,9} out of))[^,;]{0,200}\Z",
    re.IGNORECASE,
)
"""The end of a sentence that says what its number is part of, or says it again."""
BOLD = re.compile(r"\*\*([^*\n]{1,120})\*\*")
HEADING = re.compile(
    r"\s{0,3}(?:step|part|question|case|day|week|year|option|#|\d{1,2}[.)]\s)",
    re.IGNORECASE,
)
LEAD = re.compile(
    r"(?:[\s$\u20ac\u00a3\u00a5\u20b9({\\~\u2248#*]|\b(?:about|approximately|exactly)\b"
    r"|\b[^\W\d]{1,12}\s{0,3}=)*",
    re.IGNORECASE,
)
"""What may stand before the number of a right answer."""
UNIT = re.compile(
    r"[\s%\u00b0$\u20ac\u00a3\u00a5'\"().}*]*"
    r"(?:(?!(?:or|to|not|below|minus|less|negative|short|and)\b)"
    r"[^\W\d]{1,20}[\s/.,()}*]*){0,3}",
    re.IGNORECASE,
)
"""What may stand behind it: a few words that say of what it is."""
PAUSE = re.compile(r"[\s:]{0,20}")
MOST = 50
"""Markers of a text that are looked at, from its end."""
SIGNS = 9
"""Characters of a per cent sign or word behind a number."""
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
    plain = rewritten(text.strip()[: 2 * LONGEST]).strip()
    found = next(_numerals(plain), None)
    if found is None or len(text) > LONGEST:
        return None
    around = plain[: found.start] + plain[found.end :]
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
    answer = without_run_on(answer)
    text = rewritten(answer)
    for marker in reversed(list(ANSWER.finditer(text))[-MOST:]):
        boxed = marker[0].startswith("\\")
        stated = _boxed(text, marker.end()) if boxed else _stated(text, marker.end())
        if stated is not None or boxed:
            return Reading(_spelled(stated), explicit=True)
        word = None if boxed else _worded(text, marker.end())
        if word is not None:
            return Reading(str(word), explicit=True)
    bold = _bold(answer)
    return Reading(_spelled(bold or _last(text))) if text else UNREAD


def _worded(text: str, start: int) -> int | None:
    """Return the number in words that a statement consists of."""
    stop = CLAUSE_END.search(text, PAUSE.match(text, start).end())  # type: ignore[union-attr]
    span = text[start : min(stop.start() if stop else len(text), start + REACH)]
    return None if re.search(r"\d", span) else worded(span, lone_one=True)


def _bold(answer: str) -> Numeral | None:
    """Return the number that alone is in bold, headings apart."""
    found: list[Numeral] = []
    for piece in BOLD.finditer(answer):
        if HEADING.match(piece[1]) or piece[1].rstrip().endswith(":"):
            continue
        inner = rewritten(piece[1])
        numerals = list(_numerals(inner, inner.rfind("=") + 1))
        before = rewritten(answer[max(0, piece.start() - REACH) : piece.start()])
        if len(numerals) > 1 or (numerals and _is_open(before + inner, len(before))):
            return None
        found.extend(numerals)
    return found[0] if len(found) == 1 else None


def _is_open(text: str, place: int) -> bool:
    """Say whether the number at a place is denied or doubted by what precedes it."""
    before = text[max(0, place - REACH) : place].replace("\n", ". ")
    before = before.rpartition(". ")[2]
    return bool(DENIED.search(before) or DOUBTED.search(before))


def _last(text: str) -> Numeral | None:
    """Return the last number of a text, the asides of its sentence left out."""
    last = None
    for numeral in _numerals(text):
        last = numeral
    if last is None:
        word = worded(text[-REACH:], lone_one=False)
        whole = None if word is None else Fraction(word)
        return None if whole is None else Numeral(0, 0, whole)
    start = max(0, last.start - REACH)
    for stop in SENTENCE_END.finditer(text, start, last.start):
        start = stop.end()
    aside = ASIDE.search(text[start : last.end + SIGNS])
    if aside and "=" not in text[start : last.end]:
        for numeral in _numerals(text, start, start + aside.start()):
            last = numeral
    after = SENTENCE_END.search(text, last.end)
    asked = after is not None and after[0].startswith("?")
    return None if asked or _is_open(text, last.start) else last


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
    scale = (match["scale"] or match["suffix"] or "").casefold()
    return value * SCALES[scale] * (-1 if negative else 1)


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
        pairs = pairwise(found)
        if any(EITHER.fullmatch(text[a.end : b.start]) for a, b in pairs):
            return replace(found[0], value=None)
        return found[0] if len(found) == 1 else None
    return _result(text, found)


def _result(text: str, found: Sequence[Numeral]) -> Numeral:
    """Return the result of a calculation, or its one number if it is none.

    Without an equals sign a calculation has no result yet, and is unreadable; so are
    two numbers with "or" or "to" between them. Of several calculations in a line the
    last one counts.
    """
    result, calculated, equals = found[0], False, False
    for index, (before, after) in enumerate(pairwise(found)):
        between = text[before.end : after.start]
        gap = OPERATION.fullmatch(between)
        if gap is None:
            if EITHER.fullmatch(between):
                return replace(result, value=None)
            rest = found[index + 1 :]
            if equals and not calculated and NEXT.fullmatch(between):
                further = _result(text, rest)
                return further if further is not rest[0] else result
            break
        calculated = gap["operator"] != "="
        equals = equals or not calculated
        result = result if calculated else after
    return replace(result, value=None) if calculated else result


def _boxed(text: str, start: int) -> Numeral | None:
    """Return the one number inside a LaTeX box, or after the equals sign in it."""
    depth, end = 1, start
    while end < len(text) and depth and text[end] != "\n":
        depth += {"{": 1, "}": -1}.get(text[end], 0)
        end += 1
    if re.search(r"\\(?:[dtc]?frac|sqrt|pi)\b", text[start:end]):
        return None
    begin = text.rfind("=", start, end) + 1 or start
    found = list(_numerals(text, begin, end))
    return found[0] if len(found) == 1 else None


def as_number(text: str, task: Task, sample: Sample) -> str | None:
    """Return the number that a right answer states, or consists of beside a unit."""
    value = as_answered(read_number, text, task, sample)
    if value is None or read_number(text, task, sample).explicit:
        return value
    plain = rewritten(text)
    found = next(_numerals(plain), None) or WORDS.search(plain)
    if found is None:
        return None
    start, end = (
        (found.start, found.end) if isinstance(found, Numeral) else found.span()
    )
    alone = LEAD.fullmatch(plain[:start]) and UNIT.fullmatch(plain[end:])
    return value if alone else None


EXTRACTOR = Extractor(read=read_number, reference=as_number)
