"""The specification of a cell, as a test gives it, and the plan that it makes."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pytest_llmlat.backends.settings_check import given
from pytest_llmlat.backends.shared_options import TEMPERATURE, TOP_P
from pytest_llmlat.backends.thought_settings import thinking_facts
from pytest_llmlat.judges.judge_metric import asked_panel
from pytest_llmlat.measure.plan import Plan
from pytest_llmlat.session.matrix import cell
from pytest_llmlat.tasks.chance import complaint
from pytest_llmlat.tasks.constraint_entry import constraint_of
from pytest_llmlat.tasks.data import revision
from pytest_llmlat.tasks.sample_draw import draw, in_chance_order, unmeasured
from pytest_llmlat.values.errors import Unsupported, UsageError
from pytest_llmlat.values.sampling import (
    Sampling,
    SamplingChoice,
    is_temperature,
    is_top_p,
)
from pytest_llmlat.values.scenario import SINGLE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmlat.gate.tolerances import Limit
    from pytest_llmlat.session.task_rows import RowSource
    from pytest_llmlat.values.entities import (
        Deployment,
        ModelSpec,
        Sample,
        Scalar,
        Task,
    )
    from pytest_llmlat.values.judge_votes import AskedPanel
    from pytest_llmlat.values.load_goal import LoadGoal
    from pytest_llmlat.values.scenario import Scenario
    from pytest_llmlat.values.settings import Settings

_VARIANT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._=+-]{0,59}")
_NOTHING = SamplingChoice()


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelSpec:
    """What a load search wants of one cell: a visit of a level, or answers alone."""

    goal: LoadGoal
    requests: int | None = None
    """Requests of the visit; ``None`` for answers alone."""
    visits: tuple[int, ...] = ()
    """Requests of the earlier visits of the level."""

    def requests_of(self, samples: int) -> int:
        """Return the number of requests, with so many samples.

        Alone each sample is asked twice, which shows what changes without any load.
        """
        alone = min(2 * samples, self.goal.most)
        return alone if self.requests is None else self.requests


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """A cell that begins anew, since a part of it was lost with its worker."""

    sitting: int
    """Number of the sitting that it begins in."""
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CellSpec:
    """What a test wants of one cell, beside its model and its task."""

    scenario: Scenario = SINGLE
    """How to offer the samples."""
    samples: Sequence[Sample] | None = None
    """The items, where they are not those of the task's source."""
    count: int | None = None
    """How many of them; the settings come first."""
    sampling: SamplingChoice = _NOTHING
    """How to draw tokens and how often to ask; the settings come first."""
    limits: Sequence[Limit] = ()
    """Limits of the test; the settings have their own."""
    proposed: Sequence[Limit] | None = None
    """What the change says of them, where they are those of its base."""
    variant: str | None = None
    """What tells the cell from another of the same task; a part of its id."""
    test: str | None = None
    """Which test asks, by its node id."""
    attempt: int = 0
    """Number of the try of the same test."""
    again: Again | None = None
    """Why it is measured anew within a run; ``None`` for the first time."""
    apart: bool = False
    """Whether its model and the reference never run at the same time."""
    part: LevelSpec | None = None
    """Which part of a load search it is; ``None`` for a cell of its own."""


def plan_of(
    wanted: CellSpec,
    task: Task,
    whole: Sequence[Sample],
    deployment: Deployment,
    settings: Settings,
    *,
    rows: RowSource,
) -> Plan:
    """Return what a cell measures.

    Of drawing and repeating, the settings come first, then the test, then the model's
    entry, and the task says what holds where none of them does.

    Args:
        wanted: what the test asks for.
        task: with all its settings.
        whole: all its samples.
        deployment: the model on its device.
        settings: of the session.
        rows: has the rows that the task's examples are drawn from.

    Raises:
        UsageError: a variant that cannot be a part of an id.
        BadCatalogue: the model's entry has a temperature that is none.
        Unsupported: options of turns are to be ranked under a load.
    """
    _check_ranked_load(task, whole, wanted.scenario)
    said = _said(settings).over(wanted.sampling)
    task = drawn_as(task, said)
    guessed, shots = rows.chances(task, whole), rows.shots(task, whole)
    many = wanted.count if settings.samples is None else settings.samples
    variant = None if wanted.variant is None else checked_variant(wanted.variant)
    drawn = draw(whole, many, seed=settings.seed, salt=task.name)
    plan = Plan(
        cell=cell(deployment, task, wanted.scenario.name, variant=variant),
        task=task,
        samples=drawn,
        spare=unmeasured(whole, drawn, seed=settings.seed, salt=task.name),
        run=settings.folder.name,
        seed=settings.seed,
        revision=revision(task, whole, shots),
        shots=shots,
        scenario=wanted.scenario,
        apart=wanted.apart,
        requests=settings.requests,
        said=said,
        repeats=task.repeats,
        chances={s.id: c for s, c in zip(whole, guessed, strict=True)},
        warnings=tuple(filter(None, [complaint(task, whole)])),
    )
    if settings.until_decided:
        # Of a file that begins with what is easy, the first would not stand for all.
        own = in_chance_order(drawn, plan.item_of, seed=settings.seed, salt=task.name)
        plan = replace(plan, samples=own)
    plan = replace(plan, judging=panel_asked(task, wanted, settings))
    return on_model(_as_part(_anew(plan, wanted.again), wanted.part), deployment)


def _said(settings: Settings) -> SamplingChoice:
    """Return what the settings say of drawing and repeating."""
    return SamplingChoice(
        temperature=settings.temperature,
        top_p=settings.top_p,
        repeats=settings.repeats,
    )


def _anew(plan: Plan, again: Again | None) -> Plan:
    """Return a plan that begins anew, if a part of its cell was lost."""
    if again is None:
        return plan
    return replace(
        plan,
        sitting=again.sitting,
        since=again.sitting,
        anew=f"measured anew: {again.why}",
    )


def panel_asked(task: Task, wanted: CellSpec, settings: Settings) -> AskedPanel | None:
    """Return the panel that grades a cell when all is measured; ``None`` for none.

    Raises:
        UsageError: its grades are needed before.
    """
    panel = asked_panel(task, settings.judges)
    if panel is None:
        return None
    needed = "until_decided" if settings.until_decided else "tune"
    searched = wanted.part is not None or wanted.scenario.searched
    if settings.until_decided or settings.tune or searched:
        what = "a load search" if searched else f"the setting {needed!r}"
        raise UsageError(
            f"task {task.name!r} is graded by judges when all is measured, and {what}"
            " needs grades before; take another task, or another metric for it"
        )
    return replace(panel, limits=tuple(limit.text for limit in wanted.limits))


def _as_part(plan: Plan, part: LevelSpec | None) -> Plan:
    """Return a plan as one of a visit, if it is a part of a load search."""
    if part is None:
        return plan
    return replace(
        plan,
        requests=part.requests_of(len(plan.samples)),
        searched=part.goal,
        visits=part.visits,
        before=sum(part.visits),
    )


def _check_ranked_load(task: Task, whole: Sequence[Sample], scenario: Scenario) -> None:
    """Refuse a load of conversations whose answers are ranked: none is written.

    Raises:
        Unsupported: says why, and which scenario takes them.
    """
    if scenario.kind == SINGLE.kind or task.ranked is None:
        return
    if any(sample.turn is not None and sample.turn.continues for sample in whole):
        raise Unsupported(
            f"task {task.name!r} asks several turns of a conversation and ranks their"
            f" options, so that no answer is there to go on from while a load of"
            f" scenario {scenario.name!r} runs: use the scenario 'single'"
        )


def on_model(plan: Plan, deployment: Deployment) -> Plan:
    """Return a plan as a model's own entry has it, for a cell of that model.

    Raises:
        BadCatalogue: the entry has a temperature that is none.
    """
    own = entry_sampling(deployment.model, plan.said)
    return replace(
        plan,
        cell=replace(plan.cell, model=deployment.model.name, device=deployment.device),
        constraint=constraint_of(plan.task, deployment.model),
        sampling=Sampling(
            temperature=float(own.get("temperature", plan.task.temperature)),
            top_p=float(own.get("top_p", plan.task.top_p)),
        ),
        entry_facts=(
            *own.items(),
            *thinking_facts(deployment.model),
            *deployment.model.chat_settings,
        ),
    )


def checked_variant(text: str) -> str:
    """Return a variant, if it can be a part of a cell's id.

    Raises:
        UsageError: it cannot; says what it may consist of.
    """
    if not isinstance(text, str) or not _VARIANT.fullmatch(text):
        raise UsageError(
            f"variant {text!r}: is a part of the cell's name: letters, digits and"
            " . _ = + -, at most 60, a letter or a digit first"
        )
    return text


def shard_variant(variant: str | None, number: int, among: int) -> str:
    """Return what tells a shard from other cells while it is measured."""
    own = f"shard-{number}-of-{among}"
    return own if variant is None else f"{variant[: 59 - len(own)]}+{own}"


def checked_choice(choice: SamplingChoice, *, where: str) -> SamplingChoice:
    """Return what a test says of drawing, if it can be.

    Raises:
        UsageError: names the argument.
    """
    if choice.temperature is not None and not is_temperature(choice.temperature):
        raise UsageError(
            f"{where}: temperature must be a number, 0 or more, not"
            f" {choice.temperature!r}"
        )
    if choice.top_p is not None and not is_top_p(choice.top_p):
        raise UsageError(
            f"{where}: top_p must be above 0 and at most 1, not {choice.top_p!r}"
        )
    repeats = choice.repeats
    if repeats is not None and (type(repeats) is not int or repeats < 1):
        raise UsageError(
            f"{where}: repeats must be a whole number above 0, not {repeats!r}"
        )
    return choice


def drawn_as(task: Task, said: SamplingChoice) -> Task:
    """Return a task with what settings or test say of drawing and repeating."""
    return replace(
        task,
        temperature=task.temperature if said.temperature is None else said.temperature,
        top_p=task.top_p if said.top_p is None else said.top_p,
        repeats=task.repeats if said.repeats is None else said.repeats,
    )


def entry_sampling(model: ModelSpec, said: SamplingChoice) -> dict[str, Scalar]:
    """Return what a model's entry says of drawing, where nobody before it does.

    It is a fact of the model as it was measured, as its dtype is.

    Raises:
        BadCatalogue: a value that is none.
    """
    found: dict[str, Scalar] = {}
    for option, before in ((TEMPERATURE, said.temperature), (TOP_P, said.top_p)):
        value = given(model, option)
        if value is not None and before is None:
            found[option.name] = value
    return found
