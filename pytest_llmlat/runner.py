"""One cell, from its samples to its records."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pytest_llmlat import scenarios
from pytest_llmlat.environment import PeakMemory, disturbances
from pytest_llmlat.grading import grade
from pytest_llmlat.prompts import request_for
from pytest_llmlat.records import NS_PER_S, Cell, CellFacts, Record

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_llmlat.clock import Clock
    from pytest_llmlat.protocols import Backend
    from pytest_llmlat.records import Deployment, Request, Sample, Task
    from pytest_llmlat.sandbox import Sandbox
    from pytest_llmlat.scenarios import Response

WARMUP_TOKENS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedModel:
    """A model on its device, ready to answer. Tests get it as the fixture ``llm``."""

    deployment: Deployment
    backend: Backend
    load_s: float

    @property
    def name(self) -> str:
        """The model's name in the catalogue, or its address."""
        return self.deployment.model.name

    @property
    def device(self) -> str:
        """The device's marker."""
        return self.deployment.device


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Everything that decides what a cell measures."""

    cell: Cell
    task: Task
    samples: tuple[Sample, ...]
    seed: int
    revision: str
    """Digest of the task's definition and data."""


def run_cell(
    plan: Plan,
    model: LoadedModel,
    *,
    clock: Clock,
    sandbox: Sandbox | None,
    on_facts: Callable[[CellFacts], None],
    on_record: Callable[[Record], None],
) -> None:
    """Measure every sample of a cell.

    Args:
        plan: what to measure.
        model: what to measure it on.
        clock: read at every stamp.
        sandbox: where generated programs run.
        on_facts: called when the cell begins and, with more, when it is finished.
        on_record: called for each sample, outside of every timed region.
    """
    backend = model.backend
    memory = PeakMemory()
    backend.reset_device_peak()
    facts = CellFacts(
        cell=plan.cell,
        planned=len(plan.samples),
        finished=False,
        load_s=model.load_s,
        warmup_s=None,
        peak_rss_bytes=None,
        peak_device_bytes=None,
        wall_s=None,
        task_revision=plan.revision,
        backend=tuple(backend.facts.items()),
        warnings=_warnings(sandbox),
    )
    on_facts(facts)
    requests = [
        request_for(plan.task, sample, chat=backend.chat, seed=plan.seed)
        for sample in plan.samples
    ]
    begin = clock.now_ns()
    with scenarios.settled():
        warmup = _warm_up(requests, backend, clock)
        responses = scenarios.single(requests, backend, clock)
        for sample, request, response in zip(
            plan.samples, requests, responses, strict=True
        ):
            on_record(_record(plan, sample, request, response, sandbox))
    on_facts(
        replace(
            facts,
            finished=True,
            warmup_s=warmup,
            peak_rss_bytes=memory.bytes(),
            peak_device_bytes=backend.device_peak_bytes(),
            wall_s=(clock.now_ns() - begin) / NS_PER_S,
        )
    )


def _warm_up(
    requests: Sequence[Request], backend: Backend, clock: Clock
) -> float | None:
    """Make one short request whose time is told apart; a failure shows up later."""
    request = min(requests, key=lambda request: len(request.prompt))
    few = replace(request, max_new_tokens=min(WARMUP_TOKENS, request.max_new_tokens))
    response = scenarios.ask(few, backend, clock)
    if response.generation is None:
        return None
    return (response.timing.end_ns - response.timing.start_ns) / NS_PER_S


def _record(
    plan: Plan,
    sample: Sample,
    request: Request,
    response: Response,
    sandbox: Sandbox | None,
) -> Record:
    generation = response.generation
    finish = "error" if generation is None else generation.finish
    answered = generation is not None and finish != "context"
    answer = generation.text if generation is not None and answered else None
    truncated = finish in ("length", "context")
    extraction, mark = grade(answer, plan.task, sample, sandbox, truncated=truncated)
    return Record(
        cell=plan.cell,
        sample=sample.id,
        difficulty=sample.difficulty,
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
        unparsed=answered and extraction.value is None,
        truncated=truncated,
        refused=extraction.refused,
        empty=answer is not None and not answer.strip(),
        budget_s=plan.task.budget_s,
        chance=plan.task.chance,
    )


def _warnings(sandbox: Sandbox | None) -> tuple[str, ...]:
    loose = (
        ("unsandboxed: generated code ran with nothing between it and this machine",)
        if sandbox is not None and not sandbox.isolated
        else ()
    )
    return (*disturbances(), *loose)
