"""Trials of settings: each beside today's, on the same samples, in one journal.

A trial is two cells that are measured in turn, with the same clock, grading and journal
as all others. A race looks several times at a setting, each time with cells of its own,
so that none is measured twice.
"""

from __future__ import annotations

import math
from collections import defaultdict
from contextlib import ExitStack
from dataclasses import dataclass, replace
from statistics import fmean
from typing import TYPE_CHECKING

from pytest_llmlat.analysis.cost_scores import cost_scores, money_of
from pytest_llmlat.measure.in_turn import run_pair, run_with_yardstick
from pytest_llmlat.measure.managed_servers import check_room
from pytest_llmlat.session.beside import free
from pytest_llmlat.session.cell_spec import CellSpec, plan_of
from pytest_llmlat.session.lenient_warnings import lenient
from pytest_llmlat.session.listening import Silent
from pytest_llmlat.session.recording import Recorder
from pytest_llmlat.session.tuned_entry import tuned_model, tuned_task
from pytest_llmlat.tasks.sample_draw import in_chance_order
from pytest_llmlat.tuning.race import Look
from pytest_llmlat.tuning.trial_pairs import TrialAnswer, TrialPair
from pytest_llmlat.values.answer_speed import answer_speed, answer_time
from pytest_llmlat.values.cell_facts import REFERENCE, TRIAL
from pytest_llmlat.values.entities import Deployment
from pytest_llmlat.values.errors import (
    BudgetSpent,
    DeviceAbsent,
    LLMLatError,
    RunNotWritten,
)
from pytest_llmlat.values.search_space import Setting

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_llmlat.measure.cell_tools import LoadedModel
    from pytest_llmlat.measure.in_turn import MeasureInTurn
    from pytest_llmlat.measure.plan import Plan
    from pytest_llmlat.session.recording import Told
    from pytest_llmlat.session.run import Session
    from pytest_llmlat.session.stored_trials import StoredTrials
    from pytest_llmlat.values.cell_facts import CellFacts
    from pytest_llmlat.values.entities import Sample, Task
    from pytest_llmlat.values.price import Price
    from pytest_llmlat.values.records import Record

CONFIRM = "confirm"
"""Variant of the cells of the confirmation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedTask:
    """A task that settings are raced on, and how its test asks it."""

    task: Task
    wanted: CellSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class _Item:
    """An item: a sample, or the turns of a conversation."""

    task: int
    samples: tuple[Sample, ...]


class SettingTrials:
    """Measures settings of one model beside today's."""

    def __init__(
        self,
        session: Session,
        deployment: Deployment,
        asked: Sequence[AskedTask],
        known: StoredTrials,
        *,
        where: str,
    ) -> None:
        """Read the samples; loads no model yet.

        Args:
            session: the run.
            deployment: the model as it is today, on its device.
            asked: what is asked of it.
            known: what an earlier run measured of the same race.
            where: the option, for complaints.
        """
        self._session, self._deployment = session, deployment
        self._asked, self._known, self._where = asked, known, where
        self._reference: LoadedModel | None = None
        self.contended = False
        self.replayed = 0
        self._items = self._in_order()

    @property
    def sizes(self) -> tuple[int, ...]:
        """Requests of each item."""
        return tuple(len(item.samples) for item in self._items)

    @property
    def ids(self) -> tuple[str, ...]:
        """Ids of all samples, in the order of measuring."""
        return tuple(
            f"{self._asked[item.task].task.name}/{sample.id}"
            for item in self._items
            for sample in item.samples
        )

    @property
    def tasks(self) -> tuple[str, ...]:
        """Names of the tasks."""
        return tuple(asked.task.name for asked in self._asked)

    @property
    def seed(self) -> int:
        """Seed of the session."""
        return self._session.settings.seed

    def look(self, number: int, setting: Setting, items: range) -> Look:
        """Measure a setting, each sample right before or after today's."""
        variant = f"tune{number}-{items.start}"
        return self._measured(setting, items, variant, run_with_yardstick)

    def confirm(self, number: int, setting: Setting, items: range) -> Look:  # noqa: ARG002 - the protocol's
        """Measure a setting A B B A beside today's."""
        return self._measured(setting, items, CONFIRM, run_pair)

    def close(self) -> None:
        """Free today's model."""
        if self._reference is not None:
            free(self._reference)
            self._reference = None

    def _in_order(self) -> tuple[_Item, ...]:
        """Return all items by chance, those of each task spread over the whole."""
        placed: list[tuple[float, int, _Item]] = []
        for place, asked in enumerate(self._asked):
            plan = self._plan(place, self._deployment, Setting(), "order")
            seed, salt = self._session.settings.seed, asked.task.name
            ordered = in_chance_order(plan.samples, plan.item_of, seed=seed, salt=salt)
            items: dict[str, list[Sample]] = defaultdict(list)
            for sample in ordered:
                items[plan.item_of(sample)].append(sample)
            placed += [
                ((at + 0.5) / len(items), place, _Item(task=place, samples=tuple(own)))
                for at, own in enumerate(items.values())
            ]
            passed, sandbox = self._session.passed, lambda: self._session.sandbox
            passed.check(asked.task, plan.samples, sandbox)
        return tuple(item for _, _, item in sorted(placed, key=lambda one: one[:2]))

    def _plan(
        self, place: int, deployment: Deployment, setting: Setting, variant: str
    ) -> Plan:
        """Return the plan of a cell on all drawn samples of a task."""
        asked, session = self._asked[place], self._session
        task = tuned_task(
            session.selection.asked(asked.task), setting, where=self._where
        )
        whole = session.rows.samples(asked.task)
        return plan_of(
            replace(asked.wanted, variant=variant),
            task,
            whole,
            deployment,
            session.settings,
            rows=session.rows,
        )

    def _plans(
        self, place: int, samples: Sequence[Sample], setting: Setting, variant: str
    ) -> tuple[Plan, Plan]:
        """Return the plans of a setting's cell and of today's beside it."""
        device = self._deployment.device
        tuned = Deployment(
            model=tuned_model(self._deployment.model, setting), device=device
        )
        own = self._plan(place, tuned, setting, variant)
        theirs = self._plan(place, self._deployment, Setting(), variant)
        confirmed = variant == CONFIRM
        kept = tuple(samples)
        role = None if confirmed else TRIAL
        own = replace(own, samples=kept, role=role, requests=None)
        return own, replace(
            theirs,
            samples=kept,
            role=REFERENCE if confirmed else TRIAL,
            beside=own.cell.id,
            requests=None,
        )

    def _measured(
        self,
        setting: Setting,
        items: range,
        variant: str,
        measure: MeasureInTurn,
    ) -> Look:
        """Return what came of a trial, measured now or in an earlier run."""
        by_task: dict[int, list[Sample]] = defaultdict(list)
        for item in self._items[items.start : items.stop]:
            by_task[item.task] += item.samples
        plans = [
            self._plans(place, samples, setting, variant)
            for place, samples in sorted(by_task.items())
        ]
        pairs: list[TrialPair] = []
        requests = failed = 0
        seconds = 0.0
        with ExitStack() as loaded:
            model: LoadedModel | None = None
            for both in plans:
                told = self._replayed(both)
                if told is None:
                    # Without today's there is no race: that is no setting's failure.
                    self._today()
                try:
                    if told is None:
                        if model is None:
                            model = self._load(both[0], setting)
                            loaded.callback(free, model)
                        told = self._measure(both, model, measure)
                except (RunNotWritten, DeviceAbsent, BudgetSpent):
                    raise
                except (LLMLatError, MemoryError, RuntimeError) as error:
                    return Look(
                        pairs=tuple(pairs),
                        requests=requests,
                        problem=f"{str(error) or type(error).__name__:.200}",
                    )
                requests += sum(len(one.records) for one in told)
                seconds += max(one.facts.wall_s or 0.0 for one in told)
                failed += _failed(*told)
                pairs += _pairs(both[0], *told, price=self._deployment.model.price)
        return Look(
            pairs=tuple(pairs), requests=requests, seconds=seconds, failed=failed
        )

    def _load(self, plan: Plan, setting: Setting) -> LoadedModel:
        """Load a setting beside today's."""
        reference = self._today()
        check_room(reference.backend)
        model = tuned_model(self._deployment.model, setting)
        return self._session.load(Deployment(model=model, device=plan.cell.device))

    def _today(self) -> LoadedModel:
        """Return today's model, loaded when it is first needed."""
        if self._reference is None:
            self._reference = self._session.load(self._deployment)
        return self._reference

    def _measure(
        self,
        plans: tuple[Plan, Plan],
        model: LoadedModel,
        measure: MeasureInTurn,
    ) -> tuple[Told, Told]:
        """Measure a setting and today's in turn."""
        session, own = self._session, plans[0]
        recorder = Recorder(session.listener, session.journal)
        session.listener.on_begin(own.cell, own.planned)
        try:
            with lenient():
                session.in_turn(plans, (model, self._today()), recorder, measure)
        finally:
            session.listener.on_end()
        told = recorder.of(plans[0].cell), recorder.of(plans[1].cell)
        for each in told:
            watch = each.facts.contention
            self.contended |= watch is not None and watch.contended is not None
        return told

    def _replayed(self, plans: tuple[Plan, Plan]) -> tuple[Told, Told] | None:
        """Return what an earlier run measured, written down as this run's too."""
        found = tuple(self._known.of(plan) for plan in plans)
        own, theirs = found
        if own is None or theirs is None:
            return None
        recorder = Recorder(Silent(), self._session.journal)
        for told in (own, theirs):
            recorder.on_facts(replace(told.facts, finished=False, contention=None))
            for record in told.records:
                recorder.on_record(record)
            recorder.on_facts(told.facts)
        self.replayed += len(own.records) + len(theirs.records)
        return own, theirs


def _failed(own: Told, theirs: Told) -> int:
    """Return how many answers of a setting broke where today's did not."""
    good = {(r.sample, r.round) for r in theirs.records if r.answered}
    return sum(
        not record.answered and (record.sample, record.round) in good
        for record in own.records
    )


def _pairs(
    plan: Plan, own: Told, theirs: Told, *, price: Price | None
) -> Iterable[TrialPair]:
    """Yield a pair for each item that both were asked."""
    sides = []
    for told in (own, theirs):
        items: dict[str, list[Record]] = defaultdict(list)
        for record in told.records:
            items[record.item].append(record)
        sides.append(items)
    for item in [each for each in sides[0] if each in sides[1]]:
        answers = [
            _answer(side[item], replace(told.facts, price=told.facts.price or price))
            for side, told in zip(sides, (own, theirs), strict=True)
        ]
        candidate, reference = answers
        if candidate is not None and reference is not None:
            yield TrialPair(
                family=plan.task.family,
                task=plan.task.name,
                item=item,
                candidate=candidate,
                reference=reference,
            )


def _answer(records: Sequence[Record], facts: CellFacts) -> TrialAnswer | None:
    """Return the answers to an item as one; ``None`` where none can be graded."""
    graded = [record for record in records if record.graded]
    if not graded:
        return None
    times = [answer_time(record) for record in records]
    known = [max(1e-9, time) for time in times if time is not None]
    scores = cost_scores(facts, records)
    return TrialAnswer(
        quality=fmean(record.grade.value for record in graded),
        chance=fmean(record.chance for record in graded),
        speed=fmean(map(answer_speed, records)),
        seconds=math.exp(fmean(map(math.log, known)))
        if known and len(known) == len(times)
        else None,
        cost=_mean(money_of(facts, records)),
        joules=_mean([record.energy_j for record in records]),
        cost_score=None if isinstance(scores, str) else fmean(scores.scores),
    )


def _mean(costs: Sequence[float | None] | str) -> float | None:
    """Return the mean of costs; ``None`` where one is not known."""
    if isinstance(costs, str):
        return None
    known = [cost for cost in costs if cost is not None]
    return fmean(known) if known and len(known) == len(costs) else None
