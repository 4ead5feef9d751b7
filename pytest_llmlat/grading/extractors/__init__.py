"""Strict extraction of an answer from the text of a model.

Every extractor is total: whatever the text is, it returns an extraction and never
raises. What is not stated clearly is ``None``, which is wrong and counted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from pytest_llmlat.grading.extractors.answers import read_answer
from pytest_llmlat.grading.extractors.choices import read_choice
from pytest_llmlat.grading.extractors.labels import TRUTH, read_boolean, read_label
from pytest_llmlat.grading.extractors.numerals import numbers_equal, read_number
from pytest_llmlat.grading.extractors.prose import read_text
from pytest_llmlat.grading.extractors.reading import (
    Reader,
    normalized,
    without_thoughts,
)
from pytest_llmlat.grading.extractors.refusals import is_refusal
from pytest_llmlat.grading.extractors.source import read_code
from pytest_llmlat.values.entities import Sample, Task
from pytest_llmlat.values.records import Extraction

__all__ = ["EXTRACTORS", "TRUTH", "Extractor", "normalized", "numbers_equal"]

Extractor: TypeAlias = Callable[[str, Task, Sample], Extraction]


def _extractor(read: Reader) -> Extractor:
    """Build an extractor: what is thought aloud goes, refusals are marked."""

    def extract(text: str, task: Task, sample: Sample) -> Extraction:
        answer = without_thoughts(text)
        refused = is_refusal(answer, sample.reference)
        reading = read(answer, task, sample)
        believed = reading.explicit or not refused
        return Extraction(
            value=reading.value if believed else None,
            explicit=reading.explicit,
            refused=refused,
        )

    return extract


EXTRACTORS: Mapping[str, Extractor] = {
    "text": _extractor(read_text),
    "label": _extractor(read_label),
    "number": _extractor(read_number),
    "choice": _extractor(read_choice),
    "boolean": _extractor(read_boolean),
    "answer": _extractor(read_answer),
    "code": _extractor(read_code),
}
"""The extractors by the name that a task gives."""
