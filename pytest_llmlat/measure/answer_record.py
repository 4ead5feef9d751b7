"""The record of an answer, from the response to its request."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_llmlat.grading.grade import grade, ungraded
from pytest_llmlat.measure.ranked_answers import (
    likeliest,
    ranked_options,
    with_other_ways,
)
from pytest_llmlat.values.records import Record

if TYPE_CHECKING:
    from pytest_llmlat.grading.sandbox import Sandbox
    from pytest_llmlat.measure.plan import Plan
    from pytest_llmlat.values.entities import Sample, Task
    from pytest_llmlat.values.ranking import RankedOption
    from pytest_llmlat.values.records import Finish, Generation, Request, Response


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
    generation, finish = response.generation, _finish(response)
    read = None if finish == "context" else generation
    answer, ranked = (None, ()) if read is None else _answer(plan.task, sample, read)
    truncated = finish in ("length", "context")
    extraction, mark = (
        grade(answer, plan.task, sample, sandbox, truncated=truncated)
        if sample.graded
        else ungraded(plan.task)
    )
    if plan.task.ranked is not None:
        mark = with_other_ways(mark, plan.task, sample, ranked)
    record = Record(
        cell=plan.cell,
        sample=sample.id,
        difficulty=sample.difficulty,
        labelled=bool(plan.task.labels),
        prompt=request.prompt,
        reference=sample.reference,
        answer=answer,
        extracted=extraction.value,
        finish=finish,
        error=response.error,
        # A prompt that was turned away at once was not answered fast.
        timing=None if finish == "context" else response.timing,
        prompt_tokens=None,
        output_tokens=None,
        token_source=None,
        metric=plan.task.metric,
        grade=mark,
        unparsed=sample.graded and read is not None and extraction.value is None,
        truncated=truncated,
        refused=extraction.refused,
        empty=answer is not None and not answer.strip(),
        budget_s=plan.task.budget_s,
        chance=plan.chances.get(sample.id, 0.0),
        transport=response.transport,
        system=request.system,
        continues=request.continues,
        constraint=request.constraint.digest if request.constraint else None,
        graded=sample.graded,
        ranked=ranked,
    )
    record = _with_item(record, plan.task, sample)
    return record if generation is None else _with_generation(record, generation)


def _finish(response: Response) -> Finish:
    if response.generation is not None:
        return response.generation.finish
    return "timeout" if response.timed_out else "error"


def _answer(
    task: Task, sample: Sample, generation: Generation
) -> tuple[str, tuple[RankedOption, ...]]:
    """Return the answer that is graded, and the options where they were ranked."""
    if task.ranked is None:
        return generation.text, ()
    options = ranked_options(task, sample, generation.likelihoods)
    return likeliest(options, task.ranked).answer, options


def _with_item(record: Record, task: Task, sample: Sample) -> Record:
    """Return a record with the groups, the conversation and the cluster of its sample.

    A group is a field by which figures are told apart, with its value.
    """
    groups = tuple((name, str(sample.field(name))) for name in task.breakdown)
    record = replace(record, groups=groups)
    if sample.turn is not None:
        record = replace(
            record, conversation=sample.turn.conversation, turn=sample.turn.number
        )
    if task.cluster is not None:
        record = replace(record, cluster=str(sample.field(task.cluster)))
    return record


def _with_generation(record: Record, generation: Generation) -> Record:
    """Return a record with the tokens of a generation, and how they were drawn."""
    how = generation.sampling
    if generation.refusal:
        note = f"refused: {generation.refusal}"
        record = replace(record, refused=True, grade=replace(record.grade, note=note))
    return replace(
        record,
        prompt_tokens=generation.prompt_tokens,
        output_tokens=generation.output_tokens,
        token_source=generation.token_source,
        rendered=generation.rendered,
        thoughts=generation.thoughts,
        thought_tokens=generation.thought_tokens,
        cut_in_thought=generation.cut_in_thought,
        temperature=how.temperature if how else None,
        top_p=how.top_p if how else None,
        seed=how.seed if how else None,
        cached_tokens=generation.cached_tokens,
    )
