"""The last number of a text, where nothing states which one is the answer."""

from __future__ import annotations

import re
from math import prod
from typing import TYPE_CHECKING

from pytest_llmlat.grading.extractors.asked_amount import are_same_amount
from pytest_llmlat.grading.extractors.asked_subject import HEADS
from pytest_llmlat.grading.extractors.doubt import Claim, Stance
from pytest_llmlat.grading.extractors.labelled_numbers import labelled_number
from pytest_llmlat.grading.extractors.listed_answers import MOST
from pytest_llmlat.grading.extractors.number_notation import worded
from pytest_llmlat.grading.extractors.number_phrases import (
    ASIDE,
    AT,
    ATTRIBUTE,
    BECAUSE,
    BRACKETED,
    BRACKETS,
    CIRCUMSTANCE,
    COMPOUND,
    CONCLUSIVE,
    CONTRASTED,
    DIVIDED,
    EACH_ONE,
    GRANTED,
    HYPOTHETICAL,
    IS_WORDED,
    LEFT_OVER,
    LISTED,
    NAMED,
    NEEDED,
    OPERATION,
    OR,
    PARALLEL,
    PARTS,
    PERCENT_OF,
    PLURAL,
    PURPOSE,
    RATE,
    RATED,
    REACH,
    RESULTED,
    ROUNDED,
    SIDE_NOTE,
    SIGNS,
    SPEED,
    SPELLED_OUT,
    STEP,
    SUMMED,
    TOLD,
    TOTAL,
    UNIT_BEHIND,
    WHICH_IS,
    WHILE,
    WITHIN,
    WORKED,
)
from pytest_llmlat.grading.extractors.number_stances import claim_of, is_open, is_same
from pytest_llmlat.grading.extractors.numerals import numerals, spelled
from pytest_llmlat.grading.extractors.phrases import CONCLUDED
from pytest_llmlat.grading.extractors.readable_answer import SENTENCE_END
from pytest_llmlat.grading.extractors.topic import stem_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_llmlat.grading.extractors.asked_amount import AskedAmount
    from pytest_llmlat.grading.extractors.numerals import Numeral


def last_number(text: str, asked: AskedAmount) -> Iterator[Claim]:
    """Yield the last number of a text, the asides of its sentence left out.

    Of the numbers of its sentence it is one that counts what is asked for, where the
    last only tells a circumstance or says the same in another unit.
    """
    for aside in (BRACKETED, SIDE_NOTE):
        bare = aside.sub("", text)
        text = bare if next(numerals(bare), None) else text
    found = [
        numeral
        for numeral in list(numerals(text))[-MOST:]
        if not NAMED.search(text, max(0, numeral.start - 12), numeral.start)
        and not ATTRIBUTE.match(text, numeral.end)
    ]
    if not found:
        yield from _worded(text)
        return
    start = max(0, found[-1].start - REACH)
    for stop in SENTENCE_END.finditer(text, start, found[-1].start):
        start = stop.end()
    if asked.given and _is_other_case(text, start, asked):
        yield from last_number(text[:start].rstrip(), asked)
        return
    granted = GRANTED.match(text, start, found[-1].start)
    start = granted.end() if granted else start
    whole = [numeral for numeral in found if start <= numeral.start]
    last = whole[-1]
    for numeral in numerals(text, start, _end_of_claim(text, start, last, asked)):
        last = numeral
    within = [numeral for numeral in whole if numeral.start <= last.start]
    totals = [numeral for numeral in within if TOTAL.match(text, numeral.end)]
    if any(asked.counts(text, numeral) for numeral in within):
        totals = [numeral for numeral in totals if asked.counts(text, numeral)]
    others = totals and asked.subject.is_strangers(text, start, totals[0], whole[-1])
    if len(totals) == 1 and "=" not in text[start : last.end] and not others:
        last = totals[0]
        chosen: Numeral | None = last
    else:
        chosen = labelled_number(text, start, last, asked)
        chosen = chosen or _counted(text, start, whole, last, asked)
    undecided = chosen == last and _is_undecided(text, within, last)
    if chosen is None or undecided or _is_unsure(text, start, chosen, asked):
        yield Claim(Stance.OPEN)
    else:
        yield claim_of(chosen)


def _is_unsure(text: str, start: int, chosen: Numeral, asked: AskedAmount) -> bool:
    """Say whether a number is denied or doubted, or that of another case.

    Such a case is told in a sentence behind the answer: "With a discount it would be".
    """
    if is_open(text, chosen) or asked.subject.is_further(text, chosen):
        return True
    if asked.is_rate(text, chosen):
        return True
    return _is_other_case(text, start, asked)


def _is_other_case(text: str, start: int, asked: AskedAmount) -> bool:
    """Say whether a sentence behind another number tells what would be elsewhere."""
    if "would" in asked.topic.question or next(numerals(text, 0, start), None) is None:
        return False
    told = HYPOTHETICAL.match(text, start)
    if told is None:
        return False
    supposed = list(numerals(text, start, told.end()))
    return not supposed or not all(map(asked.is_known, supposed))


def _worded(text: str) -> Iterator[Claim]:
    """Yield the number that a text without digits ends in, in words."""
    tail = text[-REACH:]
    word = worded(tail, lone_one=False)
    if word is None:
        word = worded(IS_WORDED.split(tail)[-1], lone_one=False)
    if word is not None:
        yield Claim(Stance.ASSERTED, str(word))


def _counted(
    text: str, start: int, whole: Sequence[Numeral], last: Numeral, asked: AskedAmount
) -> Numeral | None:
    """Return the number of a sentence that counts what is asked for.

    That is the last one, unless it is in another unit or tells a circumstance of one
    before it; ``None`` where it is in another unit and no number is in the right one.
    """
    if asked.is_other(text, last):
        right = [each for each in whole if asked.counts(text, each)]
        same = [each for each in right if are_same_amount(text, each, last)]
        return next(iter(same or right[-1:]), None)
    between = [each for each in whole if each.start < last.start]
    if not between:
        return _counted_before(text, start, last, asked)
    first = between[0]
    if not text[start : first.start].strip() and HEADS.match(text, first.end):
        return first
    told = [n for n in between if not asked.is_known(n) and not is_open(text, n)]
    earlier = asked.subject.nearer(text, start, told, last, asked.counts)
    earlier = earlier or _earlier(text, between, last, asked)
    if earlier is not None and not SPELLED_OUT.search(text[start : last.start]):
        return earlier
    parallel = PARALLEL.search(text[start : last.end])
    if parallel:
        return _of_subject(parallel, between[-1], last, asked)
    return last


def _earlier(
    text: str, between: Sequence[Numeral], last: Numeral, asked: AskedAmount
) -> Numeral | None:
    """Return the number beside which the last one only tells more, if there is one."""
    if _is_aside(text, between[-1], last, asked):
        return between[-1]
    right = [each for each in between if asked.counts(text, each)]
    if right and not asked.counts(text, last):
        gap = text[right[-1].end : last.start]
        beside = asked.is_beside(text, last) and "=" not in gap
        given = asked.is_given(text, last) or asked.is_in_unit_of_other_kind(text, last)
        given = given and not CONCLUSIVE.search(gap)
        if last.value is None or beside or given or WITHIN.search(gap):
            return right[-1]
    found = [each for each in between if not asked.is_known(each)]
    circumstance = found and _is_circumstance(text, found[-1], last, asked)
    return found[-1] if circumstance else None


def _counted_before(
    text: str, start: int, last: Numeral, asked: AskedAmount
) -> Numeral | None:
    """Return a number of an earlier sentence, where the last is one that is given.

    "He needs 8 days. He reads 45 pages a day."
    """
    if not asked.is_given(text, last) or CONCLUSIVE.search(text, start, last.start):
        return last
    earlier = [each for each in numerals(text, 0, start) if asked.counts(text, each)]
    return earlier[-1] if earlier else last


def _is_aside(text: str, one: Numeral, last: Numeral, asked: AskedAmount) -> bool:
    """Say whether a last number only says more of the one before.

    It is what that one is not ("instead of 80"), how it came about ("after a discount
    of $28"), the same in another unit ("or 3 hours"), or a fraction in round decimals.
    """
    gap = text[one.end : last.start]
    told = TOLD.search(text, max(0, one.start - 20), one.start)
    if CONTRASTED.search(gap) or (told and PERCENT_OF.fullmatch(gap)):
        return True
    wanted = asked.counts(text, last) and not asked.counts(text, one)
    rate = (AT.search(gap) or WHICH_IS.search(gap)) and RATED.match(text, last.end)
    if rate and not SPEED.search(asked.topic.question):
        return True
    if PURPOSE.search(text, max(0, one.start - 20), last.start):
        return not wanted and "=" not in gap
    left_over = "remainder" in gap and LEFT_OVER.search(asked.topic.question)
    if CIRCUMSTANCE.search(gap) and not (wanted or left_over):
        return True
    bare = UNIT_BEHIND.sub("", gap, count=1)
    rough = ROUNDED.fullmatch(gap) or ROUNDED.fullmatch(bare)
    counted = asked.counts(text, one) and not asked.counts(text, last)
    better = one.ratio or last.value is None or counted
    if rough and better and not asked.rounded:
        return True
    return not wanted and bool(OR.fullmatch(gap)) and are_same_amount(text, one, last)


def _is_circumstance(
    text: str, one: Numeral, last: Numeral, asked: AskedAmount
) -> bool:
    """Say whether a last number only repeats the question, or says over how many.

    "It takes 12 weeks to save $180", "the average is 83 over 3 tests".
    """
    gap = text[one.end : last.start]
    if CONCLUSIVE.search(gap) or asked.counts(text, last):
        return False
    told = TOLD.search(text, max(0, one.start - 20), one.start)
    return asked.is_known(last) or bool(told and asked.is_beside(text, last))


def _of_subject(
    found: re.Match[str], one: Numeral, other: Numeral, asked: AskedAmount
) -> Numeral | None:
    """Return the number of the one of two clauses that is about what is asked."""
    shared = [
        {stem_of(word) for word in re.findall(r"\w{3,}", found[side])}
        & asked.topic.asked
        for side in ("first", "second")
    ]
    if SUMMED.search(found["second"]):
        return other
    if shared[0] == shared[1]:
        return None
    return one if shared[0] > shared[1] else other if shared[1] > shared[0] else None


def _is_undecided(text: str, within: Sequence[Numeral], last: Numeral) -> bool:
    """Say whether a last number is one of several, a question or no result."""
    if len(within) > 1 and last == within[-1]:
        gap = text[within[-2].end : last.start]
        either = OR.fullmatch(gap) or _is_range(text, within[-2], last)
        if either and not (
            is_same(text, within[-2], last) or are_same_amount(text, within[-2], last)
        ):
            return True
        rough = ROUNDED.fullmatch(gap) and not within[-2].ratio
        if rough and _digits(last) > _digits(within[-2]):
            return True
        both = gap.strip() == "and" and PLURAL.search(text[: within[-2].start])
        if both or _is_operand(text, within[-2], last):
            return True
    parts = (COMPOUND.match(text, numeral.end) for numeral in within[:-1])
    parted = any(part and part.end() > last.start for part in parts)
    after = SENTENCE_END.search(text, last.end)
    asked = after is not None and after[0].startswith("?")
    announced = after is None and text.rstrip().endswith(":")
    line = text[max(text.rfind("\n", 0, last.start) + 1, 0) : last.end]
    return asked or parted or announced or STEP.fullmatch(line.strip()) is not None


def _digits(numeral: Numeral) -> int:
    """Count the digits of a number that say something: a rounded one has fewer."""
    value = spelled(numeral) or ""
    return len(value.replace(".", "").strip("-").rstrip("0").lstrip("0"))


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


def _end_of_claim(text: str, start: int, last: Numeral, asked: AskedAmount) -> int:
    """Return where a sentence stops to say its number and begins to explain it."""
    because = BECAUSE.search(text, start, last.start)
    told = because and next(numerals(text, start, because.start()), None)
    if because and told and not re.search(r"[,;]", text[because.end() : last.start]):
        return because.start()
    stop = SENTENCE_END.search(text, last.end)
    sentence = text[start : stop.end() if stop else len(text)]
    more = PARTS.search(sentence) or RATE.search(sentence)
    beside = WHILE.search(sentence) if CONCLUDED.match(sentence) else None
    more = more or beside
    if more and next(numerals(sentence, 0, more.start()), None):
        return start + more.start()
    brackets = BRACKETS.search(sentence)
    before = len(list(numerals(sentence, 0, brackets.start()))) if brackets else 0
    result = brackets and RESULTED.search(sentence, 0, brackets.start())
    worked = brackets and (result or WORKED.search(brackets[0]))
    each = brackets and EACH_ONE.search(brackets[0])
    rated = each and not SPEED.search(asked.topic.question)
    if brackets and (before == 1 or (before and (worked or rated))):
        number = re.fullmatch(r"[\s(]*-?[$\d.,]+[\s)!.*]*", brackets[0])
        return last.end if number else start + brackets.start()
    colon = text.find(": ", start, last.start)
    if colon > 0 and DIVIDED.match(text, colon - 1):
        colon = -1
    if colon > 0 and (
        _is_made_of(text, start, colon, last.end)
        or _is_counted_before(text, start, colon, asked)
        or _is_worked_out(text, start, colon, last.end)
    ):
        return colon
    aside = ASIDE.search(text[start : last.end + SIGNS])
    if aside and asked.unit is not None and asked.counts(text, last):
        ahead = numerals(text, start, start + aside.start())
        aside = aside if any(asked.counts(text, each) for each in ahead) else None
    tells = SPELLED_OUT.search(text[start : last.start]) is not None
    equals = aside and re.search(r"(?<!\()=", text[start + aside.start() : last.end])
    return start + aside.start() if aside and not (equals or tells) else last.end


def _is_counted_before(text: str, start: int, colon: int, asked: AskedAmount) -> bool:
    """Say whether what stands before a colon counts what is asked, once."""
    before = list(numerals(text, start, colon))
    if len(before) != 1:
        return False
    after = text[colon:].partition("\n")[0]
    told = NEEDED.search(text, start, before[0].start) and "=" not in after
    return bool(told) or asked.counts(text[:colon], before[0])


def _is_worked_out(text: str, start: int, colon: int, end: int) -> bool:
    """Say whether the number before a colon is the result of what stands after it."""
    before = list(numerals(text, start, colon))
    after = list(numerals(text, colon, end))
    return len(before) == 1 and len(after) > 1 and _is_operand(text, *after[-2:])


def _is_operand(text: str, one: Numeral, other: Numeral) -> bool:
    """Say whether a calculation ends at a number, without a result."""
    gap = text[one.end : other.start]
    found = None if "\n" in gap or gap == "-" else OPERATION.fullmatch(gap)
    return found is not None and found["operator"] != "="


def _is_made_of(text: str, start: int, colon: int, end: int) -> bool:
    """Say whether a number before a colon is the sum or product of those after."""
    before = [numeral.value for numeral in numerals(text, start, colon)]
    after = [numeral.value or 0 for numeral in numerals(text, colon, end)]
    several = len(before) == 1 and len(after) > 1
    return several and before[0] in {sum(after), prod(after)}
