"""Sharding: which cells several workers measure together, and in what parts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmlat.analysis.summary import summarise
from pytest_llmlat.machine.device_table import is_remote
from pytest_llmlat.session.cell_spec import plan_of, shard_variant
from pytest_llmlat.session.matrix import cell
from pytest_llmlat.session.measured import Measured
from pytest_llmlat.session.recording import Recorder
from pytest_llmlat.session.sharded_cells import ShardedCell
from pytest_llmlat.tasks.data.readable import as_read
from pytest_llmlat.values.errors import Unsupported, UsageError

if TYPE_CHECKING:
    from pytest_llmlat.measure.plan import Plan
    from pytest_llmlat.session.cell_spec import CellSpec
    from pytest_llmlat.session.cells import AskedCell
    from pytest_llmlat.session.run import Session
    from pytest_llmlat.values.cell_facts import CellFacts
    from pytest_llmlat.values.records import Record


def sharded_cell(
    session: Session, asked: AskedCell, *, places: int
) -> ShardedCell | None:
    """Return a cell in shards; ``None`` where one worker measures it.

    Of a run that is gone on with, a cell that was whole goes to one worker, who holds
    its model against what was measured.

    Args:
        session: of the process that leads.
        asked: the cell.
        places: on how many its shards can run at once.

    Raises:
        UsageError: there are fewer places than shards.
        Unsupported: the cell cannot be measured in parts.
    """
    settings, deployment, wanted = session.settings, asked.deployment, asked.wanted
    if (
        settings.shards < 2  # noqa: PLR2004 - one is no part
        or wanted.scenario.kind != "offline"
        or is_remote(deployment.device)
    ):
        return None
    task = session.selection.asked(asked.task)
    rows = session.rows.samples(task)
    whole = rows if wanted.samples is None else as_read(task, wanted.samples)
    plan = plan_of(wanted, task, whole, deployment, settings, rows=session.rows)
    number = min(settings.shards, len(plan.samples))
    if number < 2:  # noqa: PLR2004 - as above
        return None
    _check(session, plan, number, places)
    kept = None
    if session.place.resumption is not None:
        if session.place.resumption.is_whole(plan):
            return None
        kept = session.place.resumption.shards(plan, number)
    name = wanted.scenario.name
    cells = [
        cell(
            deployment,
            task,
            name,
            variant=shard_variant(wanted.variant, shard, number),
        )
        for shard in range(1, number + 1)
    ]
    return ShardedCell(plan, wanted, cells, kept, sitting=settings.sitting)


def judged_whole(
    session: Session,
    facts: CellFacts,
    records: tuple[Record, ...],
    wanted: CellSpec,
) -> Measured:
    """Return a cell that was measured in shards, with the verdicts on the whole of it.

    Args:
        session: of the process that leads.
        facts: of the cell.
        records: of the cell.
        wanted: what its test wants of it.
    """
    recorder = Recorder(session.listener, session.journal)
    recorder.keep([facts], records)
    told = recorder.of(facts.cell)
    summary = summarise(
        facts, records, balance=session.settings.balance, slo=session.slo
    )
    return Measured(
        summary=summary,
        facts=facts,
        records=records,
        verdicts=session.judged(summary, told, recorder, wanted),
    )


def _check(session: Session, plan: Plan, number: int, places: int) -> None:
    """Refuse what cannot be measured in shards that run side by side."""
    where = session.spelled("shards")
    if number > places:
        raise UsageError(
            f"{where}: {number} workers are to answer {plan.cell.id} side by side, and"
            f" there is room for {places}; ask for as many, or start more nodes"
        )
    if plan.requests is not None:
        raise UsageError(
            f"{where}: shards have samples, and {session.spelled('requests')} goes"
            " round them; leave one of the two out"
        )
    if any(sample.turn is not None for sample in plan.samples):
        raise Unsupported(
            f"{where}: task {plan.task.name!r} holds conversations, which one worker"
            " has to hold to their end; leave it out for this task"
        )
    if session.settings.against or plan.judging is not None:
        raise Unsupported(
            f"{where}: a cell that is measured in turn with another, or graded by"
            " judges, has no shards; leave it out"
        )
