"""Reading of answers for a cascade, whose rules look at what an answer is read as."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from pytest_llmlat.grading.grade import read_answer

if TYPE_CHECKING:
    from pytest_llmlat.values.entities import Sample, Task
    from pytest_llmlat.values.records import Request


def with_reading(request: Request, task: Task, sample: Sample) -> Request:
    """Return a request that tells its family, and how an answer to it is read.

    Whoever reads it does not hold it against the right answer.

    Args:
        request: as it is made.
        task: which extractor reads answers.
        sample: the sample that is asked about.
    """
    reads = partial(read_answer, task=task, sample=sample)
    return replace(request, family=task.family, reads=reads)
