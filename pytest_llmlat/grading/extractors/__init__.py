"""Strict extraction of an answer from the text of a model.

Every extractor is total: whatever the text is, it returns an extraction and never
raises. What is not stated clearly is ``None``, which is wrong and counted.
"""

from __future__ import annotations

from pytest_llmlat.grading.extractors.extractor import Extractor, as_extractor
from pytest_llmlat.grading.extractors.numerals import numbers_equal
from pytest_llmlat.grading.extractors.readable_answer import Reading, normalized
from pytest_llmlat.grading.extractors.truth_values import TRUTH
from pytest_llmlat.values.extensions import Table

__all__ = [
    "EXTRACTORS",
    "TRUTH",
    "Extractor",
    "Reading",
    "normalized",
    "numbers_equal",
]

EXTRACTORS: Table[Extractor] = Table("extractors", "extractor", as_extractor)
"""The extractors by the name that a task gives."""
