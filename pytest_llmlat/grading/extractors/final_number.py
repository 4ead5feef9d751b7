"""The final answer of a word problem: which of an answer's numbers it is."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING

from pytest_llmlat.grading.extractors.asked_amount import AskedAmount
from pytest_llmlat.grading.extractors.doubt import (
    GIVEN_UP,
    Claim,
    Stance,
    has_given_up,
    without_retracted,
)
from pytest_llmlat.grading.extractors.extractor import Extractor
from pytest_llmlat.grading.extractors.json_fields import fields
from pytest_llmlat.grading.extractors.last_number import last_number
from pytest_llmlat.grading.extractors.listed_answers import LONE, MOST
from pytest_llmlat.grading.extractors.local_numbers import in_english_notation
from pytest_llmlat.grading.extractors.number_notation import WORDS, rewritten, worded
from pytest_llmlat.grading.extractors.number_phrases import (
    ALONE,
    ANSWER,
    BOLD,
    CLAUSE_END,
    DIRECT,
    EITHER,
    HEADING,
    LEAD,
    LISTED,
    NAMED,
    NEXT,
    OBJECTED,
    OPERATION,
    PAUSE,
    REACH,
    RESULT,
    SIGNS,
    SUMMED_UP,
    THAT_IS,
    UNIT,
    WRONG,
)
from pytest_llmlat.grading.extractors.number_stances import claim_of, is_open, is_same
from pytest_llmlat.grading.extractors.numerals import Numeral, numerals, spelled
from pytest_llmlat.grading.extractors.order import EvidenceWay, in_order
from pytest_llmlat.grading.extractors.readable_answer import (
    Reading,
    in_english,
    language,
    sentences,
)
from pytest_llmlat.grading.extractors.references import as_answered

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_llmlat.values.entities import Sample, Task


def read_number(answer: str, task: Task, sample: Sample) -> Reading:
    r"""Return the final answer of a word problem, normalised.

    It is looked for by the order of ``evidence``: the last statement (a JSON field,
    ``#### 18``, ``\boxed{18}``, ``<answer>``, "the answer is 18", "Answer: 18"), a
    number alone (the whole, the first line, the only one in bold), and then the last
    number of the text, as is customary for GSM8K (Cobbe et al. 2021). A box without one
    clear number is unread.

    Numbers are written in the English way ("." before decimals, "," between groups
    of three digits) or in that of the task's language. Without one, "1.234,50", "12,5"
    or "3:30" could mean more than one thing and are unread, not guessed. A fraction
    stays one, in lowest terms; a per cent sign, a currency and a unit are dropped.
    """
    spoken = language(task, sample)
    answer = in_english_notation(in_english(answer, spoken), spoken)
    asked = AskedAmount.of(sample)
    reading = in_order(answer, partial(_ways, asked=asked), checked=_calculates_with)
    value = reading.value
    if value is not None and asked.only_in_others(rewritten(answer), value):
        return replace(reading, value=None)
    return reading


def _calculates_with(text: str, value: str) -> bool:
    """Say whether a check calculates with a number and finds nothing against it."""
    if OBJECTED.search(text):
        return False
    return any(spelled(numeral) == value for numeral in numerals(rewritten(text)))


def _ways(answer: str, asked: AskedAmount) -> Iterator[EvidenceWay]:
    """Yield where the final number of a text may stand, the surest place first."""
    answer = asked.told(answer)
    text = without_retracted(rewritten(answer))
    yield _fields(answer), True
    yield _statements(text, ANSWER), True
    yield _alone(text, asked), True
    yield _statements(text, RESULT), False
    yield _bold(answer), False
    yield _summed_up(text), False
    if has_given_up(text, lambda _: ()):
        yield (Claim(Stance.OPEN),), False
    yield last_number(text, asked), False


def _fields(answer: str) -> Iterator[Claim]:
    """Yield the numbers of the JSON fields that hold an answer."""
    for words in fields(answer):
        text = rewritten(words)
        numeral = _stated(text, 0)
        if numeral is not None:
            yield claim_of(numeral)
        elif (word := _worded(text, 0)) is not None:
            yield Claim(Stance.ASSERTED, str(word))


def _statements(text: str, stated: re.Pattern[str]) -> Iterator[Claim]:
    """Yield what explicit statements say, the last one first."""
    for marker in reversed(list(stated.finditer(text))[-MOST:]):
        if marker[0].startswith("\\"):
            yield claim_of(_boxed(text, marker.end()))
            continue
        if GIVEN_UP.match(text, PAUSE.match(text, marker.end()).end()):  # type: ignore[union-attr]
            yield Claim(Stance.OPEN)
        numeral = _stated(text, marker.end())
        if numeral is not None:
            yield claim_of(numeral)
        elif (word := _worded(text, marker.end())) is not None:
            yield Claim(Stance.ASSERTED, str(word))


def _worded(text: str, start: int) -> int | None:
    """Return the number in words that a statement consists of."""
    stop = CLAUSE_END.search(text, PAUSE.match(text, start).end())  # type: ignore[union-attr]
    span = text[start : min(stop.start() if stop else len(text), start + REACH)]
    return None if re.search(r"\d", span) else worded(span, lone_one=True)


def _alone(text: str, asked: AskedAmount) -> Iterator[Claim]:
    """Yield a number that is the first line, if no other line is another number.

    Nothing but a unit stands beside it. A text that is one complete sentence with one
    number states it as well.
    """
    lines = [line.strip() for line in text.splitlines() if line.strip()][:MOST]
    asks = [n for n, line in enumerate(lines) if line.endswith("?") and n]
    lines = lines[: asks[0]] if asks[:1] == [1] else lines
    alone = [
        spelled(next(numerals(line), None))
        if ALONE.fullmatch(line[:LONE]) and not WRONG.search(line)
        else None
        for line in lines
    ]
    if alone and alone[0] is not None and len({*alone} - {None}) == 1:
        yield Claim(Stance.ASSERTED, alone[0])
    elif (first := _explained(text, asked)) is not None:
        yield claim_of(first)
    elif len(lines) == 1 and text.rstrip().endswith((".", "!")):
        found = list(numerals(text)) if len(sentences(text, 2)) == 1 else []
        if len(found) != 1 or HEADING.match(text) or has_given_up(text, lambda _: ()):
            return
        further = asked.subject.is_further(text, found[0])
        further = further or asked.is_rate(text, found[0])
        named = NAMED.search(text[: found[0].start])
        if not (named or further or is_open(text, found[0])):
            yield claim_of(found[0])


def _explained(text: str, asked: AskedAmount) -> Numeral | None:
    """Return an amount that the next sentence explains: "9 euros. That's 3 at 3 euros".

    It is one of what is asked for, so that "3 boxes. That's 9 euros" gives none.
    """
    said = sentences(text, 3)
    if len(said) != 2 or not THAT_IS.match(said[1]) or not ALONE.fullmatch(said[0]):  # noqa: PLR2004
        return None
    first = next(numerals(text), None)
    return first if first and asked.counts(text, first) else None


def _summed_up(text: str) -> Iterator[Claim]:
    """Yield the number of the last sentence that sums up: "So, 320 litres."."""
    for found in reversed(list(SUMMED_UP.finditer(text))[-MOST:]):
        yield claim_of(next(numerals(text, found.start("number"))))
        return


def _bold(answer: str) -> Iterator[Claim]:
    """Yield the number that alone is in bold, headings apart."""
    found: list[Numeral] = []
    for piece in BOLD.finditer(answer):
        if HEADING.match(piece[1]) or piece[1].rstrip().endswith(":"):
            continue
        inner = rewritten(piece[1])
        inside = list(numerals(inner, inner.rfind("=") + 1))
        before = rewritten(answer[max(0, piece.start() - REACH) : piece.start()])
        after = rewritten(answer[piece.end() : piece.end() + REACH])
        whole = before + inner + after
        if len(inside) > 1 or (
            inside and is_open(whole, _shifted(inside[0], len(before)))
        ):
            return
        found.extend(inside)
    if len(found) == 1:
        yield claim_of(found[0])


def _shifted(numeral: Numeral, by: int) -> Numeral:
    """Return a number at its place in a longer text."""
    return replace(numeral, start=numeral.start + by, end=numeral.end + by)


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
        for numeral in numerals(text, begin, min(end, len(text)))
        if stop or numeral.end < end  # a number may go on beyond the reach
    ]
    if not found:
        return None
    direct = DIRECT.match(text[begin : found[0].start])
    pairs = pairwise(found)
    if not direct and any(EITHER.fullmatch(text[a.end : b.start]) for a, b in pairs):
        return replace(found[0], value=None)
    if not direct and len(found) > 1:
        return None
    result = _result(text, found) if direct else found[0]
    asked = text[result.end : result.end + SIGNS].lstrip().startswith("?")
    return (
        replace(result, value=None) if asked or is_open(text, result, begin) else result
    )


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
            listed = LISTED.fullmatch(between) and not equals
            other = not is_same(text, result, after) and after.value != 0
            other = other and not (equals and between.lstrip().startswith(","))
            if listed or (EITHER.fullmatch(between) and other):
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
    found = list(numerals(text, begin, end))
    return found[0] if len(found) == 1 else None


def as_number(text: str, task: Task, sample: Sample) -> str | None:
    """Return the number that a right answer states, or consists of beside a unit."""
    value = as_answered(read_number, text, task, sample)
    if value is None or read_number(text, task, sample).explicit:
        return value
    plain = rewritten(in_english_notation(text, language(task, sample)))
    found = next(numerals(plain), None) or WORDS.search(plain)
    if found is None:
        return None
    start, end = (
        (found.start, found.end) if isinstance(found, Numeral) else found.span()
    )
    alone = LEAD.fullmatch(plain[:start]) and UNIT.fullmatch(plain[end:])
    return value if alone else None


EXTRACTOR = Extractor(read=read_number, reference=as_number)
