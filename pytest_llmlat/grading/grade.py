"""From an answer's text to its grade: extract, then judge."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_llmlat.grading.extractors import EXTRACTORS
from pytest_llmlat.grading.metrics import METRICS
from pytest_llmlat.grading.sandbox import Limits, Program
from pytest_llmlat.values.errors import LLMLatError
from pytest_llmlat.values.records import Extraction, Grade

if TYPE_CHECKING:
    from pytest_llmlat.grading.sandbox import Sandbox
    from pytest_llmlat.values.entities import Sample, Task

EXACT = "accuracy"
"""The metric that compares a normalised answer with the reference."""
RUNS_CODE = "tests_pass"
"""The metric whose answers are programs."""


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
        sandbox: where programs run; needed by the metric that runs them.
        truncated: the text was cut at the token limit. The last number or the only
            label of half an answer is not its answer: what is right or wrong then
            counts only if it was stated as such.
    """
    extraction = (
        Extraction(value=None)
        if answer is None
        else EXTRACTORS[task.extractor](answer, task, sample)
    )
    if truncated and task.metric == EXACT and not extraction.explicit:
        extraction = replace(extraction, value=None)
    if task.metric != RUNS_CODE:
        return extraction, METRICS[task.metric].grade(extraction.value, task, sample)
    if extraction.value is None:
        return extraction, Grade(value=0.0, correct=False, note="no program in it")
    if sandbox is None:
        raise LLMLatError(f"task {task.name!r} runs generated code, without a sandbox")
    return extraction, _run(extraction.value, task, sample, sandbox)


def _run(source: str, task: Task, sample: Sample, sandbox: Sandbox) -> Grade:
    fields = dict(sample.fields)
    program = Program(
        source=source,
        tests=str(fields["tests"]),
        entry_point=str(fields["entry_point"]),
        stub=str(fields.get("prompt") or ""),
    )
    outcome = sandbox.run(program, _limits(task))
    passed = outcome.kind == "pass"
    return Grade(
        value=float(passed),
        correct=passed,
        note=f"{outcome.kind}: {outcome.note} [{sandbox.name}]",
    )


def _limits(task: Task) -> Limits:
    """Return what each program of a task may use, by the task's options."""
    usual = Limits()
    return Limits(
        time_s=float(task.option("time_s", usual.time_s) or 0),
        memory_bytes=int(task.option("memory_bytes", usual.memory_bytes) or 0),
        output_bytes=int(task.option("output_bytes", usual.output_bytes) or 0),
    )
