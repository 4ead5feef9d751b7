"""Cells that workers measure: ordered, waited for, and judged as those of here.

What tests will ask for is ordered beforehand, so that several are measured at once; a
test then waits for its own. What it asks beyond that is ordered when it asks.
"""

from __future__ import annotations

import queue
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pytest_llmlat.machine.sealed_values import packed, unpacked
from pytest_llmlat.session.cell_orders import CellOrder, WorkerSetup, error_of
from pytest_llmlat.session.cell_spec import Again
from pytest_llmlat.session.cells import AskedCell, ModelElsewhere
from pytest_llmlat.session.claims import clash
from pytest_llmlat.session.matrix import cell
from pytest_llmlat.session.placements import Placements
from pytest_llmlat.session.shipped_past import past_of
from pytest_llmlat.session.spread_choice import sought_everywhere
from pytest_llmlat.spread.dispatcher import Dispatcher
from pytest_llmlat.spread.jobs import Job
from pytest_llmlat.values.errors import DeviceAbsent, LLMLatError, UsageError
from pytest_llmlat.values.node_facts import NodeFacts
from pytest_llmlat.values.records import Record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pytest_llmlat.session.cell_orders import Answered, ToldValue
    from pytest_llmlat.session.cell_spec import CellSpec
    from pytest_llmlat.session.cells import CellModel
    from pytest_llmlat.session.measured import Measured
    from pytest_llmlat.session.run import Session
    from pytest_llmlat.spread.jobs import JobOutcome, SpreadProgress
    from pytest_llmlat.spread.worker_pool import WorkerPool
    from pytest_llmlat.values.entities import Deployment, ModelSpec, Task

_LOOK_S = 0.2


@dataclass(slots=True, kw_only=True)
class _Ordered:
    """A cell that was ordered."""

    asked: AskedCell
    attempt: int | None = None
    """The try of its test that has it; ``None`` until one has."""
    measured: Measured | None = None


class CellsElsewhere:
    """Cells that the workers of a pool measure."""

    def __init__(
        self,
        session: Session,
        pool: WorkerPool,
        *,
        apart: bool,
        show: Callable[[SpreadProgress | None], None],
    ) -> None:
        """Order nothing yet.

        Args:
            session: of this process, which measures nothing itself.
            pool: has the workers.
            apart: whether cards of one NUMA node's memory are used one at a time.
            show: takes how far the cells are, while somebody waits; then ``None``.
        """
        self._session, self._pool, self._show = session, pool, show
        self._dispatcher = Dispatcher(pool, self._take, anew=self._anew)
        self._placements = Placements(pool.nodes, self._setup(), apart=apart)
        self._ordered: dict[str, _Ordered] = {}
        self._told: queue.SimpleQueue[Record] = queue.SimpleQueue()
        self._heard = True

    def plan(self, asked: Iterable[AskedCell]) -> None:
        """Order cells that tests will ask for."""
        for each in asked:
            # What cannot be ordered is told by the test that asks for it.
            with suppress(LLMLatError):
                if self._placements.of(each.deployment):
                    self._order(each)

    def load(self, deployment: Deployment) -> ModelElsewhere:
        """See to it that some node has what a model needs."""
        self._session.budget.check()
        if not self._placements.of(deployment):
            here = self._session.selection.inventory
            raise DeviceAbsent(sought_everywhere(deployment.device, self._pool, here))
        return ModelElsewhere(deployment=deployment)

    def unload(self, model: CellModel) -> None:
        """Do nothing: a worker unloads when it needs room."""

    def run(self, model: CellModel, task: Task, wanted: CellSpec) -> Measured:
        """Wait for a cell, which is ordered if it was not."""
        asked = AskedCell(deployment=model.deployment, task=task, wanted=wanted)
        name = _name(asked)
        known = self._ordered.get(name)
        if known is None:
            known = self._order(asked)
        elif known.measured is not None and _same(known.asked, asked):
            return self._once_more(name, known, wanted)
        elif not _same(known.asked, asked):
            raise self._otherwise(name, known, wanted)
        known.attempt = wanted.attempt
        known.measured = self._waited_for(name)
        return known.measured

    def stop(self) -> None:
        """End all workers; what they have told is kept."""
        self._dispatcher.close()
        self._listen()

    def _setup(self) -> WorkerSetup:
        session, settings = self._session, self._session.settings
        return WorkerSetup(
            settings=replace(
                settings,
                joined=True,
                vary="",
                report=None,
                benchmark=None,
                save_baseline=None,
                models=tuple(m.name for m in session.selection.chosen_models),
                model_files=(),
                task_files=settings.task_files if self._shares else (),
                data=settings.data if self._shares else None,
                addressed=(),
            ),
            node=NodeFacts(name=""),
            writes=self._shares,
            baseline=None
            if self._shares or settings.baseline is None or not session.gate.baseline
            else settings.baseline.read_bytes(),
            past=() if self._shares or settings.sitting == 1 else past_of(settings),
        )

    @property
    def _shares(self) -> bool:
        """Whether workers read and write the files of this process."""
        return all(node.shares_folder for node in self._pool.nodes)

    def _order(self, asked: AskedCell) -> _Ordered:
        """Order a cell."""
        session = self._session
        # Workers write into a folder that is there.
        session.place.open()
        name, deployment = _name(asked), asked.deployment
        order = CellOrder(
            deployment=deployment,
            models=self._models(deployment),
            task=asked.task,
            wanted=replace(asked.wanted, test=None, attempt=0),
            planned=session.cells_planned,
        )
        if not self._shares and asked.wanted.samples is None:
            task = session.selection.asked(asked.task)
            rows = session.rows.samples(task)
            order = replace(order, rows=rows, shots=session.rows.shots(task, rows))
        job = Job(
            id=name,
            group=deployment.id,
            order=packed(order, leaves=not self._shares),
            placements=self._placements.of(deployment),
        )
        ordered = _Ordered(asked=asked)
        self._ordered[name] = ordered
        self._dispatcher.submit(job)
        return ordered

    def _models(self, deployment: Deployment) -> tuple[ModelSpec, ...]:
        """Return the models that a worker may have to know."""
        selection = self._session.selection
        beside = (selection.against, selection.yardstick)
        found = (*selection.chosen_models, deployment.model, *filter(None, beside))
        return tuple({model.name: model for model in found}.values())

    def _take(self, content: bytes) -> None:
        """Keep what a worker tells; in the thread of the dispatcher."""
        told: ToldValue = unpacked(content)
        if not told.written and told.again:
            self._session.journal.add_again(told.value)
        elif not told.written:
            self._session.journal.add(told.value)
        if isinstance(told.value, Record) and not told.again:
            self._told.put(told.value)

    def _anew(self, job: Job, why: str) -> Job:
        """Return a job whose worker was lost as it begins again."""
        sitting = self._session.journal.begin_anew(f"{job.id}: {why}")
        order: CellOrder = unpacked(job.order)
        wanted = replace(order.wanted, again=Again(sitting=sitting, why=why))
        order = replace(order, wanted=wanted)
        return replace(job, order=packed(order, leaves=not self._shares))

    def _waited_for(self, name: str) -> Measured:
        """Return what came of a cell; whoever follows the run is told meanwhile."""
        while (outcome := self._dispatcher.outcome(name, _LOOK_S)) is None:
            self._listen()
            self._show(self._dispatcher.progress())
        self._show(None)
        self._listen()
        return _measured(name, outcome)

    def _listen(self) -> None:
        """Show the listener all that has come."""
        while self._heard and not self._told.empty():
            # What a listener raises ends the run, and is not to be raised once more
            # where its files are written.
            self._heard = False
            self._session.listener.on_record(self._told.get_nowait())
            self._heard = True

    def _once_more(self, name: str, known: _Ordered, wanted: CellSpec) -> Measured:
        """Return what the first try of a test has measured, and count this one.

        Raises:
            UsageError: the same try asks twice.
        """
        before = known.asked.wanted
        if before.test != wanted.test or known.attempt == wanted.attempt:
            raise clash(name, before.test, wanted.test, alike=True)
        assert known.measured is not None  # noqa: S101 - the caller has looked
        facts = known.measured.facts
        facts = replace(facts, reruns=facts.reruns + 1)
        self._session.journal.add(facts)
        known.attempt = wanted.attempt
        known.measured = replace(known.measured, facts=facts)
        return known.measured

    def _otherwise(self, name: str, known: _Ordered, wanted: CellSpec) -> UsageError:
        """Return the complaint that a cell is asked for in another way than before."""
        before = known.asked.wanted
        if before.test != wanted.test:
            return clash(name, before.test, wanted.test, alike=False)
        return UsageError(
            f"{name}: {wanted.test} asks something else than its marker says, and with"
            f" {self._session.spelled('spread')} cells are measured before their tests"
            " run: say it in the marker, tell the cell apart by variant=, or run"
            " without"
        )


def _name(asked: AskedCell) -> str:
    """Return the id of a cell."""
    wanted = asked.wanted
    own = cell(
        asked.deployment, asked.task, wanted.scenario.name, variant=wanted.variant
    )
    return own.id


def _same(one: AskedCell, other: AskedCell) -> bool:
    """Whether two ask for the same, each for the same test."""
    alike = replace(one.wanted, attempt=0) == replace(other.wanted, attempt=0)
    return alike and one.deployment == other.deployment and one.task == other.task


def _measured(name: str, outcome: JobOutcome) -> Measured:
    """Return what a worker has measured.

    Raises:
        LLMLatError: what it raised, or why there is nothing.
    """
    if outcome.content is None:
        raise LLMLatError(f"{name}: was not measured: {outcome.why}")
    answered: Answered = unpacked(outcome.content)
    if answered.raised is not None:
        raise error_of(answered.raised)
    assert answered.measured is not None  # noqa: S101 - else an error was told
    return answered.measured
