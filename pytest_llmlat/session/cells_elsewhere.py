"""Cells that workers measure: ordered, waited for, and judged as those of here.

What tests will ask for is ordered beforehand, so that several are measured at once; a
test then waits for its own. What it asks beyond that is ordered when it asks.
"""

from __future__ import annotations

import queue
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pytest_llmlat.machine.sealed_values import packed, unpacked
from pytest_llmlat.session.cell_orders import CellOrder, WorkerSetup, error_of
from pytest_llmlat.session.cell_spec import Again
from pytest_llmlat.session.cells import AskedCell, ModelElsewhere
from pytest_llmlat.session.claims import clash
from pytest_llmlat.session.matrix import cell
from pytest_llmlat.session.placements import Placements
from pytest_llmlat.session.sharding import judged_whole, sharded_cell
from pytest_llmlat.session.shipped_past import past_of
from pytest_llmlat.session.spread_choice import sought_everywhere
from pytest_llmlat.spread.dispatcher import Dispatcher
from pytest_llmlat.spread.jobs import Job
from pytest_llmlat.values.clock import SystemClock
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
    from pytest_llmlat.session.sharded_cells import ShardedCell
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
    sharded: ShardedCell | None = None
    """Its shards, where several workers measure it."""


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
        self._shards: dict[str, ShardedCell] = {}
        """The cell that a shard belongs to, by the shard's id."""
        self._clock = SystemClock()
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
        if known.sharded is None:
            known.measured = _measured(name, self._waited_for(name))
        else:
            for shard in known.sharded.lacking:
                _measured(shard, self._waited_for(shard))
            known.measured = judged_whole(self._session, *known.sharded.whole(), wanted)
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
        sharded = self._sharded(asked)
        if sharded is not None:
            return self._order_shards(name, asked, order, sharded)
        if not self._shares and asked.wanted.samples is None:
            task = session.selection.asked(asked.task)
            rows = session.rows.samples(task)
            order = replace(order, rows=rows, shots=session.rows.shots(task, rows))
        ordered = _Ordered(asked=asked)
        self._ordered[name] = ordered
        self._submit(name, order)
        return ordered

    def _submit(self, name: str, order: CellOrder) -> None:
        self._dispatcher.submit(
            Job(
                id=name,
                group=order.deployment.id,
                order=packed(order, leaves=not self._shares),
                placements=self._placements.of(order.deployment),
            )
        )

    def _sharded(self, asked: AskedCell) -> ShardedCell | None:
        """Return the shards of a cell; ``None`` where one worker measures it."""
        places = sum(map(len, self._placements.of(asked.deployment).values()))
        return sharded_cell(self._session, asked, places=places)

    def _order_shards(
        self, name: str, asked: AskedCell, order: CellOrder, sharded: ShardedCell
    ) -> _Ordered:
        """Order all shards of a cell that lack."""
        ordered = _Ordered(asked=asked, sharded=sharded)
        self._ordered[name] = ordered
        lacking = sharded.lacking
        self._shards |= dict.fromkeys(lacking, sharded)
        for shard, part in lacking.items():
            own = replace(
                order,
                wanted=part.wanted,
                planned=0,
                rows=part.rows,
                shots=part.shots,
                shard=True,
            )
            self._submit(shard, own)
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
        sharded = self._shards.get(_cell_id(told.value))
        if sharded is not None:
            for value in sharded.take(told.value, self._clock.now_ns()):
                self._keep(replace(told, value=value))
            return
        self._keep(told)

    def _keep(self, told: ToldValue) -> None:
        """Write down what was told, and let it be followed."""
        if not told.written and told.again:
            self._session.journal.add_again(told.value)
        elif not told.written:
            self._session.journal.add(told.value)
        if isinstance(told.value, Record) and not told.again:
            self._told.put(told.value)

    def _anew(self, job: Job, why: str) -> Job:
        """Return a job whose worker was lost as it begins again."""
        sitting = self._session.journal.begin_anew(f"{job.id}: {why}")
        if job.id in self._shards:
            self._shards[job.id].begun_anew(job.id, why)
        order: CellOrder = unpacked(job.order)
        wanted = replace(order.wanted, again=Again(sitting=sitting, why=why))
        order = replace(order, wanted=wanted)
        return replace(job, order=packed(order, leaves=not self._shares))

    def _waited_for(self, name: str) -> JobOutcome:
        """Return what came of a job; whoever follows the run is told meanwhile."""
        while (outcome := self._dispatcher.outcome(name, _LOOK_S)) is None:
            self._listen()
            self._show(self._dispatcher.progress())
        self._show(None)
        self._listen()
        return outcome

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


def _cell_id(value: Any) -> str:  # noqa: ANN401 - of a journal
    """Return the id of the cell that a value is of."""
    cell = getattr(value, "cell", "")
    return cell if isinstance(cell, str) else str(cell.id)


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
