"""The facts of a cell before its first request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmlat.values.cell_facts import CellFacts

if TYPE_CHECKING:
    from pytest_llmlat.measure.plan import Plan
    from pytest_llmlat.values.entities import Scalar
    from pytest_llmlat.values.price import Price


def planned_facts(
    plan: Plan,
    backend: tuple[tuple[str, Scalar | None], ...],
    *,
    requests: int,
    load_s: float | None,
    warnings: tuple[str, ...],
    compiled_s: float | None,
    price: Price | None,
) -> CellFacts:
    """Return the facts of a cell that has begun.

    Args:
        plan: of the cell.
        backend: what identifies its model.
        requests: how many there are to be.
        load_s: how long the model took to load.
        warnings: of what disturbs every cell of this process.
        compiled_s: how long its schema or grammar took.
        price: of its model.
    """
    return CellFacts(
        cell=plan.cell,
        planned=requests,
        finished=False,
        load_s=load_s,
        warmup_s=None,
        peak_rss_bytes=None,
        peak_device_bytes=None,
        wall_s=None,
        task_revision=plan.revision,
        backend=backend,
        asked=plan.asked,
        warnings=(*warnings, *plan.warnings),
        instrument=plan.instrument,
        constraint=plan.constraint.digest if plan.constraint else None,
        role=plan.role,
        beside=plan.beside,
        constraint_compile_s=compiled_s,
        price=price,
        cost_budget=plan.task.cost_budget,
        since=plan.since,
        anew=plan.anew,
        sittings=plan.sittings,
        reused_answers=plan.reused_answers,
        searched=plan.searched,
        judging=plan.judging,
        visits=(*plan.visits, plan.planned) if plan.searched else (),
    )
