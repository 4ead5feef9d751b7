"""From an answer's text to its grade: extract, then judge."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_llmlat.grading.extractors import EXTRACTORS, normalized
from pytest_llmlat.grading.metrics import METRICS
from pytest_llmlat.grading.metrics.metric import checked
from pytest_llmlat.values.errors import LLMLatError
from pytest_llmlat.values.records import Extraction, Grade

if TYPE_CHECKING:
    from pytest_llmlat.grading.sandbox import Sandbox
    from pytest_llmlat.values.entities import Sample, Task


def grade(
    answer: str | None,
    task: Task,
    sample: Sample,
    sandbox: Sandbox | None,
    *,
    truncated: bool = False,
) -> tuple[Extraction, Grade]:
    """Judge one answer.

    Args:
        answer: the model's text; ``None`` if there is none, which is wrong.
        task: names the extractor and the metric.
        sample: holds the reference, or the tests.
        sandbox: where programs run; needed by a metric that runs them.
        truncated: the text was cut at the token limit. The last number or the only
            label of half an answer is not its answer: what is right or wrong then
            counts only if it was stated as such.

    Raises:
        BadExtension: the extractor or the metric is broken, or gives no sound grade.
    """
    metric = METRICS[task.metric]
    if answer is None:
        extraction = Extraction(value=None)
    elif (right := _verbatim(answer, task, sample)) is not None:
        extraction = Extraction(value=right, explicit=True)
    else:
        extraction = read_answer(answer, task, sample, truncated=truncated)
    with METRICS.blamed(task.metric):
        if metric.grade is not None:
            found = metric.grade(extraction.value, task, sample)
        elif metric.run is None or extraction.value is None:
            return extraction, metric.worst("no program in it")
        elif sandbox is None:
            why = f"task {task.name!r} runs generated code, without a sandbox"
            raise LLMLatError(why)
        else:
            found = metric.run(extraction.value, task, sample, sandbox)
        return extraction, checked(found, task.metric, metric)


def read_answer(
    answer: str, task: Task, sample: Sample, *, truncated: bool = False
) -> Extraction:
    """Return what an answer is read as, without holding it against the right one.

    Args:
        answer: the model's text.
        task: names the extractor.
        sample: what was asked; of its reference an extractor may take the form.
        truncated: as for :func:`grade`.

    Raises:
        BadExtension: the extractor is broken.
    """
    with EXTRACTORS.blamed(task.extractor):
        extraction = EXTRACTORS[task.extractor](answer, task, sample)
    if truncated and METRICS[task.metric].exact and not extraction.explicit:
        return replace(extraction, value=None)
    return extraction


def ungraded(task: Task) -> tuple[Extraction, Grade]:
    """Return what stands in place of a grade where no right answer is known.

    It adds nothing to any sum; a figure of quality leaves it out.
    """
    counts = (0.0,) * METRICS[task.metric].counts
    return Extraction(value=None), Grade(value=0.0, counts=counts)


def _verbatim(answer: str, task: Task, sample: Sample) -> str | None:
    """Return the right answer that a whole answer consists of, as it is written.

    Where any text may be the answer, no reading can make it another one, as it might of
    "May", "C++" or "Paris, France".
    """
    if not EXTRACTORS[task.extractor].any_text or "options" in dict(sample.fields):
        return None
    said = normalized(answer).rstrip(".")
    return next(
        (
            right
            for right in sample.references
            if said and said == normalized(right).rstrip(".")
        ),
        None,
    )


def check_grading(task: Task) -> None:
    """See that answers to a task can be judged, before any is asked for.

    Raises:
        UnknownName: there is no such extractor or metric.
        BadExtension: there is, and it cannot be used; says whose it is and why.
    """
    where = f"task {task.name!r}"
    EXTRACTORS.find(task.extractor, where=where)
    METRICS.find(task.metric, where=where)
