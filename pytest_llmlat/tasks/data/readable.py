"""Readable references: right answers in the form in which answers are read."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_llmlat.grading.extractors import EXTRACTORS
from pytest_llmlat.grading.metrics import METRICS
from pytest_llmlat.values.errors import BadCatalogue, BadExtension

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_llmlat.grading.metrics.metric import GradeFunction
    from pytest_llmlat.values.entities import Sample, Task


def readable(task: Task, sample: Sample, *, where: str) -> Sample:
    """Return a sample whose right answers are in the form in which answers are read.

    Every one goes through the extractor of its task. What the metric takes for the
    same stays as it was written; "31 dollars" becomes "31".

    Args:
        task: names the extractor and the metric; only a metric that compares whole
            answers can be missed by all of them.
        sample: as its row says.
        where: the row, for the complaint.

    Raises:
        BadCatalogue: a right answer that no answer could equal, or that the metric
            cannot judge by.
        BadExtension: the extractor or the metric fails; says whose it is.
    """
    try:
        extractor, metric = EXTRACTORS[task.extractor], METRICS[task.metric]
    except BadExtension:  # told when the task is run
        return sample
    if metric.illegible is not None:
        for answer in sample.references:
            with METRICS.blamed(task.metric):
                told = metric.illegible(answer, task)
            if told is not None:
                raise BadCatalogue(f"{where}: {told}")
    if not metric.exact or metric.grade is None or extractor.reference is None:
        return sample
    answers: list[str] = []
    for answer in sample.references:
        with EXTRACTORS.blamed(task.extractor):
            read = extractor.reference(answer, task, sample)
        with METRICS.blamed(task.metric):
            met = _met(metric.grade, read, answer, task, sample)
        if met is None:
            raise BadCatalogue(
                f"{where}: no answer could equal the right answer {answer!r:.200}: the"
                f" extractor {task.extractor!r} reads it"
                f" {'as nothing' if read is None else f'as {read!r}, which is wrong'};"
                " write it as an answer is read (docs/extraction.md), or"
                f" mapping.{task.references or task.reference} = an expression that"
                " gives it so"
            )
        answers.append(met)
    reference, *further = dict.fromkeys(answers)
    return replace(sample, reference=reference, further=tuple(further))


def as_read(task: Task, samples: Iterable[Sample]) -> tuple[Sample, ...]:
    """Return samples that come from no file, checked as those of files are."""
    return tuple(
        readable(task, sample, where=f"task {task.name!r}, sample {sample.id!r}")
        for sample in samples
    )


def _met(
    grade: GradeFunction, read: str | None, answer: str, task: Task, sample: Sample
) -> str | None:
    """Return the form of a right answer that is right once it is read as an answer."""
    for form in () if read is None else (answer, read):
        if grade(read, task, replace(sample, reference=form, further=())).correct:
            return form
    return None
