"""From what came of a request to the record of it."""

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
    from pytest_llmlat.values.entities import Sample
    from pytest_llmlat.values.ranking import RankedOption
    from pytest_llmlat.values.records import Finish, Request, Response


def answer_record(
    plan: Plan,
    sample: Sample,
    request: Request,
    response: Response,
    sandbox: Sandbox | None,
) -> Record:
    """Grade a response and say all that was measured of it.

    Args:
        plan: of the cell.
        sample: what was asked about.
        request: as it was asked.
        response: what came of it.
        sandbox: where generated programs run.
    """
    generation = response.generation
    failed: Finish = "timeout" if response.timed_out else "error"
    finish = failed if generation is None else generation.finish
    answered = generation is not None and finish != "context"
    answer = generation.text if generation is not None and answered else None
    ranked: tuple[RankedOption, ...] = ()
    if plan.task.ranked is not None and generation is not None and answered:
        ranked = ranked_options(plan.task, sample, generation.likelihoods)
        answer = likeliest(ranked, plan.task.ranked).answer
    truncated = finish in ("length", "context")
    how = generation.sampling if generation else None
    extraction, mark = (
        grade(answer, plan.task, sample, sandbox, truncated=truncated)
        if sample.graded
        else ungraded(plan.task)
    )
    declined = generation.refusal if generation else None
    if declined:
        mark = replace(mark, note=f"refused: {declined}")
    if plan.task.ranked is not None:
        mark = with_other_ways(mark, plan.task, sample, ranked)
    return Record(
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
        prompt_tokens=generation.prompt_tokens if generation else None,
        output_tokens=generation.output_tokens if generation else None,
        token_source=generation.token_source if generation else None,
        metric=plan.task.metric,
        grade=mark,
        unparsed=answered and sample.graded and extraction.value is None,
        truncated=truncated,
        refused=extraction.refused or bool(declined),
        empty=answer is not None and not answer.strip(),
        budget_s=plan.task.budget_s,
        chance=plan.chances.get(sample.id, 0.0),
        transport=response.transport,
        rendered=generation.rendered if generation else None,
        thoughts=generation.thoughts if generation else None,
        thought_tokens=generation.thought_tokens if generation else None,
        cut_in_thought=generation is not None and generation.cut_in_thought,
        temperature=how.temperature if how else None,
        top_p=how.top_p if how else None,
        seed=how.seed if how else None,
        system=request.system,
        cached_tokens=generation.cached_tokens if generation else None,
        conversation=None if sample.turn is None else sample.turn.conversation,
        turn=None if sample.turn is None else sample.turn.number,
        continues=request.continues,
        constraint=request.constraint.digest if request.constraint else None,
        graded=sample.graded,
        groups=tuple((name, str(sample.field(name))) for name in plan.task.breakdown),
        cluster=None
        if plan.task.cluster is None
        else str(sample.field(plan.task.cluster)),
        ranked=ranked,
    )
