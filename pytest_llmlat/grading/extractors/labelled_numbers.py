"""Numbers behind labels, as in "Boys: 12, Girls: 8": the one that is asked counts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pytest_llmlat.grading.extractors.number_phrases import LABELLED, SUM_ASKED, SUMMED
from pytest_llmlat.grading.extractors.numerals import Numeral, numerals
from pytest_llmlat.grading.extractors.readable_answer import SENTENCE_END
from pytest_llmlat.grading.extractors.topic import stem_of

if TYPE_CHECKING:
    from pytest_llmlat.grading.extractors.asked_amount import AskedAmount


def labelled_number(
    text: str, start: int, last: Numeral, asked: AskedAmount
) -> Numeral | None:
    """Return the number whose label is asked for, where the last has another label."""
    begins = [0, *(stop.end() for stop in SENTENCE_END.finditer(text, 0, start))]
    told: list[tuple[bool, Numeral]] = []
    for begin, end in reversed(list(zip(begins, [*begins[1:], last.end], strict=True))):
        label = LABELLED.match(text[begin:end])
        if not text[begin:end].strip():
            continue
        if label is None:
            break
        if SUMMED.search(label["label"]):
            whole = told and not told[0][0] and SUM_ASKED.search(asked.topic.question)
            if whole:
                return list(numerals(text, begin, end))[-1]
            break
        stems = {stem_of(word) for word in re.findall(r"\w{3,}", label["label"])}
        values = list(numerals(text, begin, end))
        told.append((bool(stems & asked.topic.asked), values[-1]))
    wanted = [numeral for named, numeral in told if named]
    apart = len(told) > 1 and len(wanted) == 1 and not told[0][0]
    return wanted[0] if apart else None
