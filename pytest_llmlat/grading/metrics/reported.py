"""Reported grades: those that another tool gave, and that this project only keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmlat.grading.metrics.metric import Metric
from pytest_llmlat.values.errors import UsageError

if TYPE_CHECKING:
    from pytest_llmlat.values.entities import Sample, Task
    from pytest_llmlat.values.records import Grade

_WHY = (
    "grades of 'reported' are another tool's, read by llmlat read: no answer can be"
    " graded by it here; choose another metric"
)


def grade_reported(value: str | None, task: Task, sample: Sample) -> Grade:
    """Refuse to grade.

    Raises:
        UsageError: always; says what the metric is for.
    """
    del value, sample
    raise UsageError(f"{task.name}: {_WHY}")


def cannot_judge(answer: str, task: Task) -> str | None:
    """Say of every task that the metric cannot judge its answers."""
    del answer, task
    return _WHY


METRIC = Metric(grade=grade_reported, binary=False, illegible=cannot_judge)
