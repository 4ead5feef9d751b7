"""The record of an answer, from the response to its request."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_llmlat.grading.grade import grade, ungraded
from pytest_llmlat.grading.metrics import METRICS
from pytest_llmlat.measure.ranked_answers import (
    likeliest,
    ranked_options,
    with_other_ways,
)
from pytest_llmlat.values.answered_record import with_response
from pytest_llmlat.values.records import Record

if TYPE_CHECKING:
    from pytest_llmlat.grading.sandbox import Sandbox
    from pytest_llmlat.measure.plan import Plan
    from pytest_llmlat.values.entities import Sample, Task
    from pytest_llmlat.values.ranking import RankedOption
    from pytest_llmlat.values.records import Generation, Request, Response


def answer_record(
    plan: Plan,
    sample: Sample,
    request: Request,
    response: Response,
    sandbox: Sandbox | None,
) -> Record:
    """Return the record of a response: its grade and all that was measured of it.

    Args:
        plan: the plan of the cell.
        sample: the sample that was asked about.
        request: the request as it was made.
        response: the backend's response to it.
        sandbox: where generated programs run; ``None`` where none is needed.
    """
    record = with_response(asked_record(plan, sample, request), response)
    generation, finish = response.generation, record.finish
    read = None if finish == "context" else generation
    answer, ranked = (None, ()) if read is None else _answer(plan.task, sample, read)
    known = sample.graded and not METRICS[plan.task.metric].later
    extraction, mark = (
        grade(answer, plan.task, sample, sandbox, truncated=bool(record.truncated))
        if sample.graded
        else ungraded(plan.task)
    )
    if plan.task.ranked is not None:
        mark = with_other_ways(mark, plan.task, sample, ranked)
    if generation is not None and generation.refusal:
        mark = replace(mark, note=f"refused: {generation.refusal}")
    return replace(
        record,
        answer=answer,
        extracted=extraction.value,
        grade=mark,
        unparsed=known and read is not None and extraction.value is None,
        refused=extraction.refused or record.refused,
        empty=answer is not None and not answer.strip(),
        graded=known,
        ranked=ranked,
    )


def asked_record(plan: Plan, sample: Sample, request: Request) -> Record:
    """Return the record of a request before anything came of it, ungraded.

    Args:
        plan: the plan of the cell.
        sample: the sample that is asked about.
        request: the request as it is made.
    """
    turn, cluster = sample.turn, plan.task.cluster
    return Record(
        cell=plan.cell,
        sample=sample.id,
        difficulty=sample.difficulty,
        labelled=bool(plan.task.labels),
        prompt=request.prompt,
        reference=sample.reference,
        answer=None,
        extracted=None,
        finish="error",
        error=None,
        timing=None,
        prompt_tokens=None,
        output_tokens=None,
        token_source=None,
        metric=plan.task.metric,
        grade=ungraded(plan.task)[1],
        unparsed=False,
        truncated=False,
        refused=False,
        empty=False,
        budget_s=plan.task.budget_s,
        chance=plan.chances.get(sample.id, 0.0),
        system=request.system,
        conversation=None if turn is None else turn.conversation,
        turn=None if turn is None else turn.number,
        continues=request.continues,
        constraint=request.constraint.digest if request.constraint else None,
        graded=False,
        groups=tuple((name, str(sample.field(name))) for name in plan.task.breakdown),
        cluster=None if cluster is None else str(sample.field(cluster)),
        sitting=plan.sitting,
    )


def _answer(
    task: Task, sample: Sample, generation: Generation
) -> tuple[str, tuple[RankedOption, ...]]:
    """Return the answer that is graded, and the options where they were ranked."""
    if task.ranked is None:
        return generation.text, ()
    options = ranked_options(task, sample, generation.likelihoods)
    return likeliest(options, task.ranked).answer, options
