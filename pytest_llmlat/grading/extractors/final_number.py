"""The final answer of a word problem: which of an answer's numbers it is."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise
from math import prod
from typing import TYPE_CHECKING

from pytest_llmlat.grading.extractors.doubt import (
    CONDITION,
    GIVEN_UP,
    Claim,
    Stance,
    has_given_up,
    without_retracted,
)
from pytest_llmlat.grading.extractors.evidence import (
    LONE,
    MOST,
    EvidenceWay,
    in_order,
)
from pytest_llmlat.grading.extractors.extractor import Extractor
from pytest_llmlat.grading.extractors.json_fields import fields
from pytest_llmlat.grading.extractors.notation import WORDS, rewritten, worded
from pytest_llmlat.grading.extractors.number_phrases import (
    ALONE,
    ANSWER,
    ASIDE,
    BECAUSE,
    BOLD,
    BOUNDED,
    BRACKETS,
    CLAUSE_END,
    COMPOUND,
    DENIED,
    DIRECT,
    DOUBTED,
    EITHER,
    HEADING,
    IS_WORDED,
    LEAD,
    LISTED,
    NAMED,
    NEXT,
    OPERATION,
    OR,
    PAUSE,
    RATE,
    REACH,
    RESULT,
    SIGNS,
    TOTAL,
    UNIT,
    WRONG,
)
from pytest_llmlat.grading.extractors.numerals import Numeral, numerals, spelled
from pytest_llmlat.grading.extractors.readable_answer import (
    SENTENCE_END,
    Reading,
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

    Numbers are written in the English way: "." before decimals, "," between groups
    of three digits. "1.234,50", "12,5" or "3:30" could mean more than one thing and
    are unread, not guessed. A fraction stays one, in lowest terms; a per cent sign, a
    currency and a unit are dropped.
    """
    del task, sample
    return in_order(answer, _ways, working=True)


def _ways(answer: str) -> Iterator[EvidenceWay]:
    """Yield where the final number of a text may stand, the surest place first."""
    text = without_retracted(rewritten(answer))
    yield _fields(answer), True
    yield _statements(text, ANSWER), True
    yield _alone(text), True
    yield _statements(text, RESULT), False
    yield _bold(answer), False
    if has_given_up(text, lambda _: ()):
        yield (Claim(Stance.OPEN),), False
    yield _last(text), False


def _claim(numeral: Numeral | None) -> Claim:
    """Return what a number says that was found; one that cannot be read is open."""
    value = spelled(numeral)
    return Claim(Stance.OPEN) if value is None else Claim(Stance.ASSERTED, value)


def _fields(answer: str) -> Iterator[Claim]:
    """Yield the numbers of the JSON fields that hold an answer."""
    for words in fields(answer):
        text = rewritten(words)
        numeral = _stated(text, 0)
        if numeral is not None:
            yield _claim(numeral)
        elif (word := _worded(text, 0)) is not None:
            yield Claim(Stance.ASSERTED, str(word))


def _statements(text: str, stated: re.Pattern[str]) -> Iterator[Claim]:
    """Yield what explicit statements say, the last one first."""
    for marker in reversed(list(stated.finditer(text))[-MOST:]):
        if marker[0].startswith("\\"):
            yield _claim(_boxed(text, marker.end()))
            continue
        if GIVEN_UP.match(text, PAUSE.match(text, marker.end()).end()):  # type: ignore[union-attr]
            yield Claim(Stance.OPEN)
        numeral = _stated(text, marker.end())
        if numeral is not None:
            yield _claim(numeral)
        elif (word := _worded(text, marker.end())) is not None:
            yield Claim(Stance.ASSERTED, str(word))


def _worded(text: str, start: int) -> int | None:
    """Return the number in words that a statement consists of."""
    stop = CLAUSE_END.search(text, PAUSE.match(text, start).end())  # type: ignore[union-attr]
    span = text[start : min(stop.start() if stop else len(text), start + REACH)]
    return None if re.search(r"\d", span) else worded(span, lone_one=True)


def _alone(text: str) -> Iterator[Claim]:
    """Yield a number that is the first line, if no other line is another number.

    Nothing but a unit stands beside it. A text that is one complete sentence with one
    number states it as well.
    """
    lines = [line.strip() for line in text.splitlines() if line.strip()][:MOST]
    alone = [
        spelled(next(numerals(line), None))
        if ALONE.fullmatch(line[:LONE]) and not WRONG.search(line)
        else None
        for line in lines
    ]
    if alone and alone[0] is not None and len({*alone} - {None}) == 1:
        yield Claim(Stance.ASSERTED, alone[0])
    elif len(lines) == 1 and text.rstrip().endswith((".", "!")):
        found = list(numerals(text)) if len(sentences(text, 2)) == 1 else []
        if len(found) != 1 or HEADING.match(text) or has_given_up(text, lambda _: ()):
            return
        if not NAMED.search(text[: found[0].start]) and not _is_open(text, found[0]):
            yield _claim(found[0])


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
            inside and _is_open(whole, _shifted(inside[0], len(before)))
        ):
            return
        found.extend(inside)
    if len(found) == 1:
        yield _claim(found[0])


def _shifted(numeral: Numeral, by: int) -> Numeral:
    """Return a number at its place in a longer text."""
    return replace(numeral, start=numeral.start + by, end=numeral.end + by)


def _is_open(text: str, numeral: Numeral, start: int = 0) -> bool:
    """Say whether a number is denied or doubted by what stands round it."""
    before = text[max(start, numeral.start - REACH) : numeral.start].replace("\n", ". ")
    before = before.rpartition(". ")[2]
    stop = CLAUSE_END.search(text, numeral.end, numeral.end + REACH)
    after = text[numeral.end : stop.start() if stop else numeral.end + REACH]
    return bool(
        DENIED.search(before)
        or DOUBTED.search(before)
        or BOUNDED.match(after)
        or COMPOUND.match(after)
        or CONDITION.search(after)
        or WRONG.search(after)
    )


def _last(text: str) -> Iterator[Claim]:
    """Yield the last number of a text, the asides of its sentence left out."""
    found = [
        numeral
        for numeral in list(numerals(text))[-MOST:]
        if not NAMED.search(text, max(0, numeral.start - 12), numeral.start)
    ]
    if not found:
        tail = text[-REACH:]
        word = worded(tail, lone_one=False)
        if word is None:
            word = worded(IS_WORDED.split(tail)[-1], lone_one=False)
        if word is not None:
            yield Claim(Stance.ASSERTED, str(word))
        return
    last = found[-1]
    start = max(0, last.start - REACH)
    for stop in SENTENCE_END.finditer(text, start, last.start):
        start = stop.end()
    end = _end_of_claim(text, start, last)
    for numeral in numerals(text, start, end):
        last = numeral
    within = [numeral for numeral in found if start <= numeral.start <= last.start]
    totals = [numeral for numeral in within if TOTAL.match(text, numeral.end)]
    if len(totals) == 1 and "=" not in text[start : last.end]:
        last = totals[0]
    if len(within) > 1 and last == within[-1]:
        gap = text[within[-2].end : last.start]
        either = OR.fullmatch(gap) or _is_range(text, within[-2], last)
        if either and not _is_same(text, within[-2], last):
            yield Claim(Stance.OPEN)
    parted = any(COMPOUND.match(text, numeral.end) for numeral in within[:-1])
    after = SENTENCE_END.search(text, last.end)
    asked = after is not None and after[0].startswith("?")
    announced = after is None and text.rstrip().endswith(":")
    if asked or parted or announced or _is_open(text, last):
        yield Claim(Stance.OPEN)
    else:
        yield _claim(last)


def _is_range(text: str, one: Numeral, other: Numeral) -> bool:
    """Say whether two numbers are the ends of a range, or members of a set."""
    gap = text[one.end : other.start]
    before, after = text[: one.start].rstrip(), text[other.end :].lstrip()
    if before.endswith(("(", "{", "[")) or re.search(r"[({\[][\d\s,.]*,\s*\Z", before):
        return bool(LISTED.fullmatch(gap)) and after.startswith((")", "}", "]"))
    if before.endswith("from"):
        return False
    if gap == "-":
        # Upwards it is a range; downwards it may be a calculation.
        grows = (one.value or 0) < (other.value or 0)
        return grows and not after.startswith("=")
    return bool(
        re.fullmatch(r"\s?[\u2013\u2014]\s?|\s{1,3}(?:to|bis|\u00e0)\s{1,3}", gap)
    )


def _end_of_claim(text: str, start: int, last: Numeral) -> int:
    """Return where a sentence stops to say its number and begins to explain it."""
    because = BECAUSE.search(text, start, last.start)
    told = because and next(numerals(text, start, because.start()), None)
    if because and told and not re.search(r"[,;]", text[because.end() : last.start]):
        return because.start()
    stop = SENTENCE_END.search(text, last.end)
    sentence = text[start : stop.end() if stop else len(text)]
    rate = RATE.search(sentence)
    if rate and next(numerals(sentence, 0, rate.start()), None):
        return start + rate.start()
    brackets = BRACKETS.search(sentence)
    if brackets and len(list(numerals(sentence, 0, brackets.start()))) == 1:
        number = re.fullmatch(r"[\s(]*-?[$\d.,%]+[\s)!.*]*", brackets[0])
        return last.end if number else start + brackets.start()
    colon = text.find(": ", start, last.start)
    if colon > 0 and _is_made_of(text, start, colon, last.end):
        return colon
    aside = ASIDE.search(text[start : last.end + SIGNS])
    if aside and "=" not in text[start : last.end]:
        return start + aside.start()
    return last.end


def _is_made_of(text: str, start: int, colon: int, end: int) -> bool:
    """Say whether a number before a colon is the sum or product of those after."""
    before = [numeral.value for numeral in numerals(text, start, colon)]
    after = [numeral.value or 0 for numeral in numerals(text, colon, end)]
    several = len(before) == 1 and len(after) > 1
    return several and before[0] in {sum(after), prod(after)}


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
        replace(result, value=None)
        if asked or _is_open(text, result, begin)
        else result
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
            other = not _is_same(text, result, after) and after.value != 0
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


def _is_same(text: str, one: Numeral, other: Numeral) -> bool:
    """Say whether two numbers are one, perhaps said again as a percentage."""
    if one.value is None or other.value is None:
        return False
    percent = text[other.end : other.end + SIGNS].lstrip().startswith(("%", "perc"))
    return other.value == one.value * (100 if percent and one.value <= 1 else 1)


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
    plain = rewritten(text)
    found = next(numerals(plain), None) or WORDS.search(plain)
    if found is None:
        return None
    start, end = (
        (found.start, found.end) if isinstance(found, Numeral) else found.span()
    )
    alone = LEAD.fullmatch(plain[:start]) and UNIT.fullmatch(plain[end:])
    return value if alone else None


EXTRACTOR = Extractor(read=read_number, reference=as_number)
