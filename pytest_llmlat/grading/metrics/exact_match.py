"""Exact match: whether an answer is the right one, character for character."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmlat.grading.metrics.guessing import guess_answers
from pytest_llmlat.grading.metrics.metric import Metric
from pytest_llmlat.values.records import Grade

if TYPE_CHECKING:
    from pytest_llmlat.values.entities import Sample, Task


def grade_exact_match(value: str | None, task: Task, sample: Sample) -> Grade:
    """Compare the extracted answer with each reference as it is written.

    "18.0" is not "18" and "true" is not "True", as in published figures; ``accuracy``
    compares what is meant.
    """
    del task
    right = value in sample.references
    return Grade(value=float(right), correct=right)


METRIC = Metric(
    grade=grade_exact_match,
    binary=True,
    exact=True,
    several=True,
    guess=guess_answers,
)
