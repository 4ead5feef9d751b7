"""Values for tests: whole and plain, to be varied with ``dataclasses.replace``."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_llmlat.grading.metrics import METRICS
from pytest_llmlat.values.cell_facts import CellFacts
from pytest_llmlat.values.entities import Deployment, ModelSpec, Sample, Task
from pytest_llmlat.values.judge_votes import Vote
from pytest_llmlat.values.records import Cell, Grade, Record
from pytest_llmlat.values.timing import NS_PER_S, Timing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmlat.values.records import Finish, TokenSource

COUNTED_BY: TokenSource = "tokenizer"


def a_cell(
    model: str = "parrot",
    device: str = "cpu",
    task: str = "reasoning/sums",
    scenario: str = "single",
) -> Cell:
    """Return a cell whose family is the first part of its task's name."""
    family = task.partition("/")[0]
    return Cell(model=model, device=device, task=task, family=family, scenario=scenario)


def a_model(
    name: str = "parrot",
    *,
    backend: str = "scripted",
    devices: Sequence[str] = ("cpu",),
) -> ModelSpec:
    """Return an entry of the model catalogue."""
    return ModelSpec(name=name, backend=backend, devices=tuple(devices))


def a_deployment(model: ModelSpec | None = None, device: str = "cpu") -> Deployment:
    """Return a model on a device."""
    return Deployment(model=model or a_model(), device=device)


def a_task(
    name: str = "reasoning/sums",
    *,
    extractor: str = "number",
    metric: str = "accuracy",
    labels: Sequence[str] = (),
    source: str = "",
) -> Task:
    """Return a task that asks its row's ``question``."""
    return Task(
        name=name,
        family=name.partition("/")[0],
        title="",
        source=source,
        chat_prompt="{{ question }}",
        completion_prompt="Question: {{ question }}\nAnswer:",
        extractor=extractor,
        metric=metric,
        max_new_tokens=8,
        budget_s=1.0,
        chat_stop=("</s>",),
        completion_stop=("\n",),
        labels=tuple(labels),
    )


def a_sample(id_: str = "s1", reference: str = "4", **fields: object) -> Sample:
    """Return a sample with a question and whatever other columns are given."""
    columns = {"question": f"What is {id_}?", "reference": reference, **fields}
    return Sample(
        id=id_,
        difficulty="easy",
        stratum="easy",
        fields=tuple(sorted(columns.items())),
        reference=reference,
    )


def a_timing(
    *stamps_s: float,
    end_s: float | None = None,
    tokens: Sequence[int] | None = None,
    start_s: float = 0.0,
) -> Timing:
    """Return stamps at these seconds after the start, one token each unless told."""
    stamps = tuple(round((start_s + stamp) * NS_PER_S) for stamp in stamps_s)
    end = (stamps_s[-1] if stamps_s else 0.0) if end_s is None else end_s
    return Timing(
        start_ns=round(start_s * NS_PER_S),
        end_ns=round((start_s + end) * NS_PER_S),
        stamps_ns=stamps,
        stamp_tokens=tuple(tokens) if tokens is not None else (1,) * len(stamps),
    )


A_VOTE = Vote(
    judge="j",
    lineage="llama",
    rubric="kind 0123",
    score=4.0,
    share=0.75,
    seconds=0.5,
    prompt_tokens=9,
    output_tokens=3,
    cost=0.01,
    currency="USD",
    orders=(1.0, 0.5),
)
"""A judge's vote with all that it may tell."""


def a_record(
    sample: str = "s1",
    *,
    cell: Cell | None = None,
    value: float = 1.0,
    timing: Timing | None = None,
    finish: Finish = "stop",
) -> Record:
    """Return a graded answer: right if ``value`` is 1, after one second if untold."""
    return Record(
        cell=cell or a_cell(),
        sample=sample,
        difficulty="easy",
        prompt="What is 2 + 2?",
        reference="4",
        answer="4",
        extracted="4",
        finish=finish,
        error=None,
        timing=timing or a_timing(1.0),
        prompt_tokens=5,
        output_tokens=1,
        token_source=COUNTED_BY,
        metric="accuracy",
        grade=Grade(value=value, correct=value == 1.0),
        unparsed=False,
        truncated=False,
        refused=False,
        empty=False,
        budget_s=1.0,
        chance=0.0,
    )


def an_error(
    sample: str = "e1", *, cell: Cell | None = None, seconds: float = 2.0
) -> Record:
    """Return a sample on which the backend broke after some seconds."""
    return replace(
        a_record(sample, cell=cell, value=0.0, finish="error"),
        timing=a_timing(end_s=seconds),
        error="RuntimeError: broken",
        answer=None,
        extracted=None,
        prompt_tokens=None,
        output_tokens=None,
        token_source=None,
    )


def an_overflow(sample: str = "o1", *, cell: Cell | None = None) -> Record:
    """Return a sample whose prompt left no room in the context."""
    return replace(
        a_record(sample, cell=cell, value=0.0, finish="context"),
        timing=None,
        answer=None,
        extracted=None,
        output_tokens=0,
        truncated=True,
    )


def a_grade(metric: str, value: str | None, task: Task, sample: Sample) -> Grade:
    """Return what a metric that runs no code gives an answer."""
    grade = METRICS[metric].grade
    assert grade is not None
    return grade(value, task, sample)


def some_facts(
    cell: Cell | None = None, *, planned: int = 1, finished: bool = True
) -> CellFacts:
    """Return what was measured once for a cell."""
    return CellFacts(
        cell=cell or a_cell(),
        planned=planned,
        finished=finished,
        load_s=2.0,
        warmup_s=0.25,
        peak_rss_bytes=1_000_000_000,
        peak_device_bytes=None,
        wall_s=9.0,
        task_revision="0123456789abcdef",
        backend=(("context", 4096), ("dtype", None)),
    )
