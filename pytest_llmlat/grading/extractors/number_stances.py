"""Whether a number is asserted by what stands round it, denied or left open."""

from __future__ import annotations

from pytest_llmlat.grading.extractors.doubt import CONDITION, Claim, Stance
from pytest_llmlat.grading.extractors.number_phrases import (
    BOUNDED,
    BUT,
    CLAUSE_END,
    COMPOUND,
    DENIED,
    DOUBTED,
    REACH,
    RELATIVE,
    SIGNS,
    SUPPOSED,
    WRONG,
)
from pytest_llmlat.grading.extractors.numerals import Numeral, spelled


def claim_of(numeral: Numeral | None) -> Claim:
    """Return what a number says that was found; one that cannot be read is open."""
    value = spelled(numeral)
    return Claim(Stance.OPEN) if value is None else Claim(Stance.ASSERTED, value)


def is_open(text: str, numeral: Numeral, start: int = 0) -> bool:
    """Say whether a number is denied or doubted by what stands round it."""
    before = text[max(start, numeral.start - REACH) : numeral.start].replace("\n", ". ")
    before = BUT.split(before.rpartition(". ")[2])[-1]
    before = RELATIVE.sub(" ", before)
    stop = CLAUSE_END.search(text, numeral.end, numeral.end + REACH)
    after = text[numeral.end : stop.start() if stop else numeral.end + REACH]
    return bool(
        DENIED.search(before)
        or DOUBTED.search(before)
        or BOUNDED.match(after)
        or COMPOUND.match(after)
        or CONDITION.search(after)
        or WRONG.search(after)
        or SUPPOSED.search(before)
    )


def is_same(text: str, one: Numeral, other: Numeral) -> bool:
    """Say whether two numbers are one, perhaps said again as a percentage."""
    if one.value is None or other.value is None:
        return False
    percent = text[other.end : other.end + SIGNS].lstrip().startswith(("%", "perc"))
    return other.value == one.value * (100 if percent and one.value <= 1 else 1)
