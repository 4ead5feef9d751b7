"""What a question asks to be counted, and in which unit."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from fractions import Fraction
from types import MappingProxyType
from typing import TYPE_CHECKING

from pytest_llmlat.grading.extractors.asked_subject import AskedSubject
from pytest_llmlat.grading.extractors.contraries import (
    struck_out,
    without_amounts_of_others,
    without_contrary_amounts,
)
from pytest_llmlat.grading.extractors.number_notation import rewritten
from pytest_llmlat.grading.extractors.numerals import numerals, spelled, to_number
from pytest_llmlat.grading.extractors.spelled_amounts import (
    counted_in_digits,
    in_one_unit,
    shares_in_digits,
)
from pytest_llmlat.grading.extractors.topic import Topic, stem_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_llmlat.grading.extractors.numerals import Numeral
    from pytest_llmlat.values.entities import Sample

_UNITS = """
time 1 second seconds sec secs s
time 60 minute minutes min mins
time 3600 hour hours hr hrs h
time 86400 day days
time 604800 week weeks
time 2592000 month months
time 31536000 year years
length 1 millimeter millimeters millimetre millimetres mm
length 10 centimeter centimeters centimetre centimetres cm
length 1000 meter meters metre metres m
length 1000000 kilometer kilometers kilometre kilometres km
mass 1 gram grams g
mass 1000 kilogram kilograms kg
volume 1 milliliter milliliters millilitre millilitres ml
volume 1000 liter liters litre litres l
money 1 cent cents \u00a2
money 100 dollar dollars usd $
share 1 % percent
"""
"""Kind of quantity, size in the smallest unit, names."""


def _units() -> Mapping[str, tuple[str, int]]:
    """Return kind and size of each unit by each of its names."""
    rows = (line.split() for line in _UNITS.strip().splitlines())
    return MappingProxyType(
        {name: (kind, int(size)) for kind, size, *names in rows for name in names}
    )


UNITS = _units()
COUNTED = re.compile(
    r"\bhow (?:many|much)\s{1,3}(?P<words>(?:[^\W\d][\w'-]{0,30}[\s,?.]{1,3}){1,4})",
    re.IGNORECASE,
)
VERB = re.compile(
    r"(?:is|are|was|were|does|do|did|can|could|will|would|must|should|has|have|had|it"
    r"|he|she|they|we|in|on|at|of|for|per)\Z",
    re.IGNORECASE,
)
PERCENTAGE = re.compile(r"\b(?:what|which) (?:percentage|percent)\b", re.IGNORECASE)
SHARE = re.compile(
    r"\b(?:probability|chance|likelihood|fraction|proportion|odds)\b"
    r"(?!.*(?:%|\bper ?cent))",
    re.IGNORECASE | re.DOTALL,
)
"""What asks for a part of one."""
PERCENT = re.compile(
    r"(?<![\w.,/])(?P<number>\d{1,3}(?:\.\d{1,9})?)\s?(?:\\?%|per ?cent\b)",
    re.IGNORECASE,
)
OUT_OF = re.compile(
    r"\b\d{1,9} (?:out )?of (?:the )?\d{1,9}(?=,? (?:i\.e\.|or|which is|that is|so))",
    re.IGNORECASE,
)
"""What says a share as two counts, before it is said as a number."""
DEGREES_ASKED = re.compile(r"(?:\u00b0\s?|\bdegrees )(C|F)", re.IGNORECASE)
OTHER_DEGREES = MappingProxyType(
    {
        asked: re.compile(
            rf"-?\d[\d.,]{{0,10}}\s?(?:\u00b0|degrees)\s?(?:{others})\w{{0,9}}",
            re.IGNORECASE,
        )
        for asked, others in {"c": "F", "f": "C"}.items()
    }
)
"""A temperature on another scale than the one that is asked for."""
LEAST_ASKED = re.compile(
    r"\b(?:at (?:least|most)|minimum|maximum|fewest|smallest|largest|greatest|lowest"
    r"|highest|need\w{0,3}|enough)\b",
    re.IGNORECASE,
)
"""What asks for a bound, so that "at least 9" is 9."""
AT_LEAST = re.compile(r"\bat (?:least|most)\s", re.IGNORECASE)
OF_THEM = re.compile(
    r"\s?(?:%|per ?cent)\sof\s(?:the|all|his|her|their|them|these|those)\b",
    re.IGNORECASE,
)
COMPARED = re.compile(
    r"\b(?:less|cheaper|more|save\w?|saving|difference|discount|reduc\w{1,4}|fewer)\b",
    re.IGNORECASE,
)
BY_LESS = re.compile(
    r"[$\u20ac\u00a3]?\d[\d.,]{0,12}(?:\s[a-z]{1,15})?\s(?:less|cheaper)\b(?!\sthan)",
    re.IGNORECASE,
)
"""What asks for a difference, and a number that is one: "$30 less"."""
TOTAL_WORD = re.compile(
    r"(?:left|total|altogether|remain\w*|all|more|fewer|less)\Z", re.IGNORECASE
)
MEASURED_IN = re.compile(r"\bin (?P<unit>[a-z]{1,12})\b", re.IGNORECASE)
BEHIND = re.compile(
    r"[\s-]{0,2}(?P<one>[^\W\d]{1,20}|[%\u00a2])(?:\s(?P<two>[^\W\d]{1,20}))?"
    r"(?:\s(?P<three>[^\W\d]{1,20}))?"
)
BESIDE = re.compile(
    r"\b(?:in|for|with|at|from|within|over|after|per|to|on|by|across|of|among|into"
    r"|between)\s(?:the |a |his |her |their |its |all |only |every |each )?\Z",
    re.IGNORECASE,
)
"""What makes a number a circumstance of the one before: "in 300 days"."""
EACH_OF = re.compile(
    r"\s?(?:[^\W\d]{1,15}\s)?(?:per|for each|for every)\s(?P<of>[^\W\d]{3,20})",
    re.IGNORECASE,
)
RATES = re.compile(
    r"\b(?:per|each|every|rates?|speed|fast|average|unit|hourly|daily|weekly|monthly"
    r"|yearly|wage|density|pric\w{1,3}|costs?)\b|/"
    r"|\ban? (?:hour|day|week|month|year)\b",
    re.IGNORECASE,
)
"""What a number may be for each of, and what asks for such a number."""
MONEY = re.compile(
    r"\b(?:dollars?|money|costs?|prices?|pays?|paid|earns?|earned|spen[dt]|charged?)\b"
    r"|\$",
    re.IGNORECASE,
)
ROUNDING = re.compile(r"\b(?:decimals?|round(?:ed)?|nearest|places?)\b", re.IGNORECASE)
LINKING = re.compile(
    r"(?:or|and|is|are|was|were|of|in|on|at|to|for|if|as|so|but|because|since|which"
    r"|would|will|can|that|than|with|from|by)\Z",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class AskedAmount:
    """What a question asks to be counted, if it says so."""

    topic: Topic
    nouns: frozenset[str] = frozenset()
    """Stems of what is counted: of "how many empty seats" both words."""
    unit: tuple[str, int] | None = None
    """Kind of quantity and size of the unit that is asked for."""
    given: frozenset[str] = frozenset()
    """The numbers of the question."""
    subject: AskedSubject = field(default_factory=AskedSubject)
    """Of what an amount is asked."""
    of_one: bool = False
    """Whether a share is asked for whose right answer is told as a part of 1, so that
    35% is 0.35."""

    @classmethod
    def of(cls, sample: Sample) -> AskedAmount:
        """Read it from the last sentence of a row's ``question``."""
        question = dict(sample.fields).get("question")
        if not isinstance(question, str):
            return cls(Topic())
        topic = Topic.of(question)
        counted = COUNTED.search(topic.question)
        words: list[str] = []
        for word in re.findall(r"[\w'-]+", counted["words"]) if counted else ():
            if VERB.match(word):
                break
            words.append(word.casefold())
        unit = next((UNITS[word] for word in words if word in UNITS), None)
        if unit is None and counted is None:
            named = MEASURED_IN.search(topic.question)
            unit = UNITS.get(named["unit"].casefold()) if named else None
        if PERCENTAGE.search(topic.question):
            unit = UNITS["%"]
        given = {spelled(each) for each in numerals(rewritten(question))} - {None}
        nouns = frozenset(map(stem_of, words))
        subject = AskedSubject.of(question, topic.question, nouns, UNITS)
        of_one = SHARE.search(topic.question) is not None and unit is None
        of_one = of_one and all(map(_is_part_of_one, sample.references))
        return cls(topic, nouns, unit, frozenset(map(str, given)), subject, of_one)

    def told(self, text: str) -> str:
        """Strike out what a text says of the contrary of what is asked."""
        if "below zero" in self.topic.question:  # how many degrees, without a sign
            text = text.replace("below zero", "")
        if degrees := DEGREES_ASKED.search(self.topic.question):
            other = OTHER_DEGREES[degrees[1].casefold()]
            text = other.sub(lambda found: struck_out(found[0]), text)
        if not COMPARED.search(self.topic.question):
            text = BY_LESS.sub(lambda found: struck_out(found[0]), text)
        if LEAST_ASKED.search(self.topic.question):
            text = AT_LEAST.sub("", text)
        if self.of_one:
            text = OUT_OF.sub(lambda found: struck_out(found[0]), text)
            text = shares_in_digits(PERCENT.sub(_hundredths, text))
        text = in_one_unit(text, self.unit, UNITS)
        text = counted_in_digits(text, self.nouns)
        text = without_contrary_amounts(self.topic.told(text), self.topic.question)
        if not self.topic.question:
            return text
        return without_amounts_of_others(text, self.subject.is_of_another)

    def counts(self, text: str, numeral: Numeral) -> bool:
        """Say whether a number of a text is one of what is asked for."""
        unit = unit_of(text, numeral)
        if self.unit is not None and unit is not None:
            return unit == self.unit
        if "$" in text[numeral.start : numeral.end] or unit == UNITS["$"]:
            return MONEY.search(self.topic.question) is not None
        behind = BEHIND.match(text, numeral.end)
        if behind is None:
            return False
        for word in behind.groups():
            if word is None or LINKING.match(word):
                return False
            if stem_of(word) in self.nouns:
                return True
        return False

    def is_other(self, text: str, numeral: Numeral) -> bool:
        """Say whether a number is in another unit of the same kind."""
        unit = unit_of(text, numeral)
        return (
            self.unit is not None
            and unit is not None
            and unit[0] == self.unit[0]
            and unit != self.unit
        )

    def is_in_unit_of_other_kind(self, text: str, numeral: Numeral) -> bool:
        """Say whether a number measures something else, as km where hours are asked."""
        unit = unit_of(text, numeral)
        return None not in (self.unit, unit) and unit != self.unit

    def only_in_others(self, text: str, value: str) -> bool:
        """Say whether a text gives a value in no unit but others of the same kind."""
        if self.unit is None and not self.nouns:
            return False
        found = [each for each in numerals(text) if spelled(each) == value]
        others = [
            self.is_other(text, each) or self._is_share(text, each) for each in found
        ]
        return any(others) and not any(self.counts(text, each) for each in found)

    def _is_share(self, text: str, numeral: Numeral) -> bool:
        """Say whether a number is a percentage, where things are counted."""
        share = UNITS["%"]
        of = OF_THEM.match(text, numeral.end)
        return of is not None and self.unit != share and unit_of(text, numeral) == share

    def is_rate(self, text: str, numeral: Numeral) -> bool:
        """Say whether a number is for each of something, where a whole is asked for.

        Asked how much he earns, "117 cents per apple" is none.
        """
        rate = EACH_OF.match(text, numeral.end)
        if rate is None or RATES.search(self.topic.question):
            return False
        return bool(self.topic.asked) and stem_of(rate["of"]) not in self.topic.asked

    @property
    def rounded(self) -> bool:
        """Whether decimals are asked for, so that a round number is the answer."""
        return ROUNDING.search(self.topic.question) is not None

    def is_given(self, text: str, numeral: Numeral) -> bool:
        """Say whether a number counts something that the question tells of."""
        behind = BEHIND.match(text, numeral.end)
        if self.unit == UNITS["%"] and not self.counts(text, numeral):
            return "=" not in text[max(0, numeral.start - 3) : numeral.start]
        money = self.unit is None and MONEY.search(self.topic.question)
        if behind is None or not (self.nouns or money) or self.counts(text, numeral):
            return False
        if TOTAL_WORD.match(behind["one"]):
            return False
        words = [word for word in behind.groups()[:2] if word]
        told = self.topic.facts | (self.topic.asked - self.nouns)
        return any(stem_of(word) in told for word in words)

    def is_known(self, numeral: Numeral) -> bool:
        """Say whether a number is one of the question's."""
        return spelled(numeral) in self.given

    def is_beside(self, text: str, numeral: Numeral) -> bool:
        """Say whether a number only tells a circumstance: "in 300 days"."""
        behind = BEHIND.match(text, numeral.end)
        other = behind is not None and not LINKING.match(behind["one"])
        before = text[max(0, numeral.start - 20) : numeral.start]
        return (
            other
            and BESIDE.search(before) is not None
            and not self.counts(text, numeral)
        )


def _is_part_of_one(reference: str) -> bool:
    """Say whether a right answer is a number from 0 to 1."""
    value = to_number(reference)
    return value is not None and 0 <= value <= 1


def _hundredths(found: re.Match[str]) -> str:
    """Write 35% as 0.35."""
    number = Fraction(found["number"]) / 100
    return f"{float(number):.12f}".rstrip("0").rstrip(".")


def unit_of(text: str, numeral: Numeral) -> tuple[str, int] | None:
    """Return kind and size of the unit that a number has, if it is a known one."""
    if "$" in text[numeral.start : numeral.end]:
        return UNITS["$"]
    behind = BEHIND.match(text, numeral.end)
    return UNITS.get(behind["one"].casefold()) if behind else None


def are_same_amount(text: str, one: Numeral, other: Numeral) -> bool:
    """Say whether two numbers are one quantity, as 240 minutes and 4 hours."""
    first, second = unit_of(text, one), unit_of(text, other)
    if first is None or second is None or first[0] != second[0]:
        return False
    sizes = (Fraction(first[1]), Fraction(second[1]))
    values = (one.value or 0, other.value or 0)
    return values[0] * sizes[0] == values[1] * sizes[1]
