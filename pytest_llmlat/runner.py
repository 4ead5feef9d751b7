"""One cell, from its samples to its records."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pytest_llmlat import scenarios
from pytest_llmlat.environment import PeakMemory, disturbances
from pytest_llmlat.grading import grade
from pytest_llmlat.prompts import request_for
from pytest_llmlat.protocols import Server
from pytest_llmlat.records import NS_PER_S, Cell, CellFacts, Record
from pytest_llmlat.schedule import SINGLE, visits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from pytest_llmlat.clock import Clock
    from pytest_llmlat.protocols import Backend
    from pytest_llmlat.records import Finish, Instrument, LoadFacts, Request, Response
    from pytest_llmlat.sandbox import Sandbox
    from pytest_llmlat.schedule import Scenario
    from pytest_llmlat.specs import Deployment, Sample, Task

WARMUP_TOKENS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedModel:
    """A model on its device, ready to answer. Tests get it as the fixture ``llm``."""

    deployment: Deployment
    backend: Backend | Server
    load_s: float | None
    """Time to load it, in seconds; ``None`` for a server, which has it loaded."""

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
    scenario: Scenario = SINGLE
    requests: int | None = None
    """How many requests count; ``None`` for one of each sample."""
    instrument: Instrument | None = None
    """How true the clock was found to be, for a server."""

    @property
    def planned(self) -> int:
        """How many records there are to be."""
        return len(self.samples) if self.requests is None else self.requests


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
    asked = visits(plan.samples, plan.requests)
    memory = None if isinstance(backend, Server) else PeakMemory()
    backend.reset_device_peak()
    facts = CellFacts(
        cell=plan.cell,
        planned=plan.planned,
        finished=False,
        load_s=model.load_s,
        warmup_s=None,
        peak_rss_bytes=None,
        peak_device_bytes=None,
        wall_s=None,
        task_revision=plan.revision,
        backend=tuple(backend.facts.items()),
        warnings=_warnings(sandbox),
        instrument=plan.instrument,
    )
    on_facts(facts)
    requests = [
        request_for(plan.task, sample, chat=backend.chat, seed=plan.seed)
        for sample, _ in asked
    ]
    begin = clock.now_ns()
    with scenarios.settled():
        warmup = _warm_up(requests, backend, clock)
        answers = _Answers(plan, requests, backend, clock, ramp_s=warmup or 0.0)
        for (sample, number), request, response in zip(
            asked, requests, answers, strict=True
        ):
            if response is not None:
                record = _record(plan, sample, request, response, sandbox)
                on_record(replace(record, round=number))
        if answers.interrupted:
            raise KeyboardInterrupt
    on_facts(
        replace(
            facts,
            finished=True,
            warmup_s=warmup,
            peak_rss_bytes=memory.bytes() if memory else None,
            peak_device_bytes=backend.device_peak_bytes(),
            wall_s=(clock.now_ns() - begin) / NS_PER_S,
            load=answers.load,
        )
    )


class _Answers:
    """The responses to a cell's requests, however they are offered.

    One after the other they come while they are taken; under a load, all at its end.
    """

    def __init__(
        self,
        plan: Plan,
        requests: Sequence[Request],
        backend: Backend | Server,
        clock: Clock,
        *,
        ramp_s: float,
    ) -> None:
        self.load: LoadFacts | None = None
        self.interrupted = False
        self._responses: Iterator[Response | None]
        if plan.scenario == SINGLE:
            self._responses = scenarios.single(requests, backend, clock)
            return
        load = scenarios.under_load(
            plan.scenario, requests, backend, clock, seed=plan.seed, ramp_s=ramp_s
        )
        self.load, self.interrupted = load.facts, load.interrupted
        self._responses = iter(load.responses)

    def __iter__(self) -> Iterator[Response | None]:
        return self._responses


def _warm_up(
    requests: Sequence[Request], backend: Backend | Server, clock: Clock
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
    failed: Finish = "timeout" if response.timed_out else "error"
    finish = failed if generation is None else generation.finish
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
        transport=response.transport,
    )


def _warnings(sandbox: Sandbox | None) -> tuple[str, ...]:
    loose = (
        ("unsandboxed: generated code ran with nothing between it and this machine",)
        if sandbox is not None and not sandbox.isolated
        else ()
    )
    return (*disturbances(), *loose)
