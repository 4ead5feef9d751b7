"""The session: models are loaded, cells measured, everything written to its journal."""

from __future__ import annotations

import logging
from contextlib import suppress
from dataclasses import replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from pytest_llmlat.analysis.sitting_agreement import compare_sittings
from pytest_llmlat.analysis.slo import parse
from pytest_llmlat.analysis.summary import summarise
from pytest_llmlat.grading.grade import check_grading
from pytest_llmlat.grading.metrics import METRICS
from pytest_llmlat.grading.sandbox import open_sandbox
from pytest_llmlat.machine.user_cache import user_cache
from pytest_llmlat.measure.cell import Tools, run_cell
from pytest_llmlat.measure.cold_prompts import HeadTurns
from pytest_llmlat.measure.in_turn import run_pair, run_with_yardstick
from pytest_llmlat.session.base_branch import reference_name
from pytest_llmlat.session.beside import (
    free,
    in_turn,
    to_come,
    with_companions,
)
from pytest_llmlat.session.budget import budget_of, cut_short
from pytest_llmlat.session.cell_limits import limited
from pytest_llmlat.session.cell_spec import CellSpec, plan_of
from pytest_llmlat.session.claims import Claims
from pytest_llmlat.session.closing import Closing, close
from pytest_llmlat.session.energy_meters import meters_of
from pytest_llmlat.session.gating import Gate
from pytest_llmlat.session.instruments import Instruments
from pytest_llmlat.session.judging_answers import SessionJudges
from pytest_llmlat.session.lenient_warnings import lenient
from pytest_llmlat.session.listening import Silent
from pytest_llmlat.session.measured import Measured
from pytest_llmlat.session.model_loader import ModelLoader
from pytest_llmlat.session.recording import Recorder
from pytest_llmlat.session.run_place import RunPlace
from pytest_llmlat.session.run_verdicts import join
from pytest_llmlat.session.searching import LoadSearches, judged_search
from pytest_llmlat.session.second_look import look_again
from pytest_llmlat.session.selection import Selection
from pytest_llmlat.session.task_rows import TaskRows
from pytest_llmlat.session.turns_check import check_in_turn
from pytest_llmlat.session.unchanged import Unchanged, left_out, unchanged
from pytest_llmlat.store.spooled_answers import Spool
from pytest_llmlat.tasks.data.readable import as_read
from pytest_llmlat.tasks.prompts import prompt_template
from pytest_llmlat.tasks.solutions import PassedSolutions
from pytest_llmlat.tasks.task_options import check_options
from pytest_llmlat.values.cell_facts import REFERENCE, YARDSTICK_NAME
from pytest_llmlat.values.clock import SystemClock
from pytest_llmlat.values.errors import (
    BudgetSpent,
    RunNotWritten,
    UsageError,
)
from pytest_llmlat.values.timing import NS_PER_S

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_llmlat.analysis.slo import Objective
    from pytest_llmlat.grading.sandbox import Sandbox
    from pytest_llmlat.measure.cell import LoadedModel
    from pytest_llmlat.measure.in_turn import MeasureInTurn
    from pytest_llmlat.measure.plan import Plan
    from pytest_llmlat.session.listening import Listener
    from pytest_llmlat.session.recording import Told
    from pytest_llmlat.session.task_rows import RowSource
    from pytest_llmlat.store.journal import Journal
    from pytest_llmlat.values.entities import Deployment, Sample, Task
    from pytest_llmlat.values.records import Cell
    from pytest_llmlat.values.results import Scoreboard, Summary, Verdict
    from pytest_llmlat.values.settings import Settings, Spelled

_LOG = logging.getLogger(__name__)


class Session:
    """A session: one process's part of a run; several processes share a journal."""

    def __init__(
        self,
        settings: Settings,
        listener: Listener | None = None,
        *,
        selection: Selection | None = None,
        spelled: Spelled = str,
        journal: Journal | None = None,
    ) -> None:
        """Begin or join the run whose folder the settings name; writes nothing yet.

        Args:
            settings: all that was asked for.
            listener: who follows the run; nobody by default.
            selection: what was chosen, where that is more than names in files.
            spelled: how the user writes a setting, for complaints.
            journal: where to write, if that is not the run's folder alone.
        """
        self.selection = selection or Selection(settings, spelled=spelled)
        # Cells have the name that reports write.
        self.settings = replace(settings, against=reference_name(settings))
        self.spelled = spelled
        self.listener = listener or Silent()
        self._clock = SystemClock()
        self._begin_ns = self._clock.now_ns()
        self.place = RunPlace(self.settings, self.selection, spelled, journal)
        self.journal = self.place.journal
        self.rows: RowSource = TaskRows(settings)
        kept = self.journal.folder
        self._instruments = Instruments(settings, self._clock, kept, spelled)
        self._claims = Claims(self.journal)
        self._heads = HeadTurns()
        self._energy = meters_of(settings, self._clock, spelled)
        self.budget = budget_of(settings, self._clock, self._begin_ns, spelled)
        self._loader = ModelLoader(self.selection, self.place, self.budget, self._clock)
        self._searches = LoadSearches(settings, spelled, tell=self.journal.add)
        self.gate = Gate(self.settings, spelled=spelled)
        self.cells_planned = 0
        """Number of cells that this process was asked for; 0 while unknown."""

    def begin(self, asked: Iterable[tuple[Cell, Task]]) -> None:
        """Write down the cells to come, so that a killed run is known to lack them.

        Args:
            asked: the cells that are known beforehand, and what each asks; none for
                tests that say it only when they run.
        """
        cells = (to_come(self.selection, cell, task) for cell, task in asked)
        self.place.to_come = tuple(dict.fromkeys(c for own in cells for c in own))
        if self.place.to_come:
            # What cannot be written is told by the first cell.
            with suppress(RunNotWritten):
                self.place.open()

    @cached_property
    def sandbox(self) -> Sandbox:
        """Sandbox of generated programs; opened by the first task that needs it."""
        return open_sandbox(self.settings.sandbox)

    @cached_property
    def passed(self) -> PassedSolutions:
        """Reference solutions that passed; each is run once."""
        return PassedSolutions(user_cache(), place=self.settings.sandbox)

    def load(self, deployment: Deployment) -> LoadedModel:
        """Load a model, timed.

        Raises:
            DeviceAbsent: says what was looked for and what was found.
            BudgetSpent: what the run may spend is spent.
        """
        loaded = self._loader.load(deployment)
        if deployment.model.name.endswith(YARDSTICK_NAME) or (
            deployment.model.name == self.settings.against
        ):
            return loaded
        return with_companions(loaded, self.selection, self.load, spelled=self.spelled)

    @staticmethod
    def unload(model: LoadedModel) -> None:
        """Free a model, and those that it was measured beside."""
        free(model)

    def run(self, model: LoadedModel, task: Task, wanted: CellSpec) -> Measured:
        """Measure one cell, and judge it.

        Args:
            model: what to ask.
            task: what to ask of it.
            wanted: how to, and who wants to know.

        Raises:
            UsageError: no answer could be graded, there is nothing to ask or no prompt
                for such a model, or the cell is another test's.
            BudgetSpent: as for :meth:`load`; what was measured is kept and judged.
        """
        check_grading(task)
        check_options(task, where=f"task {task.name!r}")
        task = self.selection.asked(task)
        own = wanted.samples
        whole = self.rows.samples(task) if own is None else as_read(task, own)
        if not whole:
            raise UsageError(f"task {task.name!r}: there are no samples to measure")
        if wanted.scenario.searched:
            return judged_search(self, self._searches, model, task, wanted)
        task, wanted, companion = in_turn(self.selection, model, task, wanted)
        plan = self._plan(wanted, task, whole, model)
        beside = None
        if companion is not None:
            found = self._plan(
                companion.cell_spec(wanted), companion.task, whole, companion.model
            )
            beside = (companion.plan(found, plan), companion.model)
        self.passed.check(task, plan.samples, lambda: self.sandbox)
        self.place.open()
        if self.settings.changed and own is None:
            same = unchanged(plan, model, self.selection, self.gate, self.run_facts)
            if same is not None:
                for each in left_out(same, beside and beside[0]):
                    self.journal.add(each)
                raise Unchanged(f"{same.note} since {same.against}")
        known = None if plan.before else self._claims.begin(plan, wanted)
        if known is not None:
            return known
        told, recorder = self._recorded(plan, model, beside)
        balance, slo = self.settings.balance, self.slo
        summary = summarise(told.facts, told.records, balance=balance, slo=slo)
        measured = Measured(
            summary=summary,
            facts=told.facts,
            records=told.records,
            # What judges will grade is held to its limits and compared at the end.
            verdicts=()
            if wanted.part or plan.judging
            else self.judged(summary, told, recorder, wanted),
        )
        if not plan.before:
            self._claims.end(plan, measured)
        if recorder.stopped is not None:
            where = self.budget.where
            self.journal.add(cut_short(plan, measured, recorder.stopped, where=where))
            raise recorder.stopped
        return measured

    def _plan(
        self, wanted: CellSpec, task: Task, whole: Sequence[Sample], model: LoadedModel
    ) -> Plan:
        """Return what a cell measures of a model."""
        check_grading(task)
        name = f"model {model.name!r}"
        prompt_template(task, chat=model.backend.chat, model=name)
        with lenient():
            return plan_of(
                wanted, task, whole, model.deployment, self.settings, rows=self.rows
            )

    def _recorded(
        self, plan: Plan, model: LoadedModel, beside: tuple[Plan, LoadedModel] | None
    ) -> tuple[Told, Recorder]:
        """Return the reports of a cell that is measured and written down."""
        recorder = Recorder(self.listener, self.journal)
        if self.place.resumption is not None and plan.anew is None:
            sides = [(plan, model), *filter(None, [beside])]
            resumed = self.place.resumption.of(sides)
            recorder.keep(resumed.facts, resumed.records)
            if resumed.facts:
                return recorder.of(plan.cell), recorder
            plan = resumed.plans[0]
            beside = beside and (resumed.plans[1], beside[1])
        if self.place.reuse is not None and beside is None:
            plan = self.place.reuse.of(plan, model, self.run_facts["environment"])
            recorder.take(plan.kept.values())
        twice = beside is not None and beside[0].role == REFERENCE
        planned = plan.planned_in_turn if twice else plan.planned
        planned -= len(plan.kept)
        _LOG.info("%s: %d requests", plan.cell.id, planned)
        self.listener.on_begin(plan.cell, planned)
        try:
            with lenient(), self.place.leases.measuring(model, *(beside or ())[1:]):
                self._measure(plan, model, beside, recorder)
        except BudgetSpent as spent:
            recorder.stopped = spent
        finally:
            self.listener.on_end()
            _LOG.info("%s: %d records", plan.cell.id, len(recorder.records))
        return recorder.of(plan.cell), recorder

    def _measure(
        self,
        plan: Plan,
        model: LoadedModel,
        beside: tuple[Plan, LoadedModel] | None,
        recorder: Recorder,
    ) -> None:
        """Measure a cell, or two in turn."""
        self._energy.open(model, *(beside[1:] if beside else ()))
        if beside is None:
            plan = replace(plan, instrument=self._instruments.of(model, plan))
            tools = self._instruments.offering(self._tools(plan, recorder), model, plan)

            def ask(plan: Plan) -> None:
                (own,) = self._heads.planned(plan, model.backend.facts)
                run_cell(own, model, tools)

            ask(plan)
            environment, among = self.run_facts["environment"], self.cells_planned
            look_again(plan, recorder, ask, self.gate, environment, among=among)
            return
        theirs, other = beside
        check_in_turn(plan, self.settings, self.spelled)
        measure: MeasureInTurn = run_with_yardstick
        if theirs.role == REFERENCE:
            rule = self.gate.stopping_rule(plan.cell, plan.items, self.cells_planned)
            measure = partial(run_pair, rule=rule)
        self.in_turn((plan, theirs), (model, other), recorder, measure)

    def in_turn(
        self,
        plans: tuple[Plan, Plan],
        models: tuple[LoadedModel, LoadedModel],
        recorder: Recorder,
        measure: MeasureInTurn,
    ) -> None:
        """Measure two cells in turn, each on its model; the recorder is told."""
        plans = self._instruments.in_turn(plans, models, self._heads)
        measure(plans, models, self._tools(plans[0], recorder))

    def _tools(self, plan: Plan, recorder: Recorder) -> Tools:
        """Return the tools with which a cell is measured."""
        return Tools(
            clock=self._clock,
            sandbox=self.sandbox if METRICS[plan.task.metric].run else None,
            on_facts=recorder.on_facts,
            on_record=recorder.on_record,
            spool=partial(Spool, self.journal.folder),
            energy=self._energy.of,
            allowance=self.budget.allowance,
            on_again=self.journal.add_again,
            compare=compare_sittings,
        )

    def judged(
        self, summary: Summary, own: Told, recorder: Recorder, wanted: CellSpec
    ) -> tuple[Verdict, ...]:
        """Return the verdicts on a cell that do not wait for the others."""
        missed = limited(self.gate, self.journal, summary, own.records, wanted)
        compared = self.gate.verdicts(
            recorder.facts.values(),
            recorder.records,
            self.run_facts["environment"],
            among=self.cells_planned * self.gate.comparisons,
        )
        return join(missed, compared if self.cells_planned else ())

    @cached_property
    def slo(self) -> tuple[Objective, ...]:
        """Bounds on latency that goodput is about."""
        return parse(self.settings.slo, where=self.spelled("slo"))

    def finish(
        self, *, asked: bool, passed: bool, cut_short: bool = False
    ) -> Scoreboard | None:
        """Let judges grade what waits for them, and write the run's files.

        Args:
            asked: a comparison was typed, so that there must be something to compare.
            passed: no test failed, and nothing cut the run short.
            cut_short: a person or a signal ended the run: no judge is asked any more.

        Returns:
            The board, ``None`` if nothing is to be said.
        """
        judges = SessionJudges(
            selection=self.selection,
            budget=self.budget,
            listener=self.listener,
            load=self._loader.load,
            unload=self.unload,
        )
        return close(
            Closing(
                settings=self.settings,
                journal=self.journal,
                gate=self.gate,
                slo=self.slo,
                varied=self.selection.varied,
                run_facts=self.run_facts,
                seconds=self.seconds(),
                cells_planned=self.cells_planned,
                judges=judges,
            ),
            asked=asked,
            passed=passed and self.budget.refused is None,
            cut_short=cut_short,
        )

    def seconds(self) -> float:
        """Return the seconds since this process began the run."""
        return (self._clock.now_ns() - self._begin_ns) / NS_PER_S

    def close(self) -> None:
        """Leave no process and no weights behind."""
        self._loader.clear()
        self._instruments.close()
        self._energy.close()
        self.place.close()
        if "sandbox" in self.__dict__:
            self.sandbox.close()

    @property
    def run_facts(self) -> dict[str, Any]:
        """What ``run.json`` says."""
        return self.place.facts
