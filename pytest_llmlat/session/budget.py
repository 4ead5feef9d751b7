"""The budget of a session: read from its settings, checked, and told where it ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmlat.measure.run_budget import Budget, check_prices
from pytest_llmlat.values.errors import BudgetSpent, UsageError
from pytest_llmlat.values.results import Verdict
from pytest_llmlat.values.scenario import SINGLE
from pytest_llmlat.values.spend import parse_spend

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_llmlat.measure.plan import Plan
    from pytest_llmlat.session.measured import Measured
    from pytest_llmlat.values.clock import Clock
    from pytest_llmlat.values.entities import ModelSpec
    from pytest_llmlat.values.settings import Settings, Spelled


def budget_of(
    settings: Settings, clock: Clock, begin_ns: int, spelled: Spelled
) -> Budget:
    """Return the budget of a run, of which nothing is spent.

    Raises:
        UsageError: what was asked for is not understood.
    """
    where = spelled("spend")
    limits = parse_spend(settings.spend, where=where)
    return Budget(limits, clock, begin_ns=begin_ns, where=where)


def check_spend(
    settings: Settings,
    models: Iterable[ModelSpec],
    *,
    where: str,
    judges: Sequence[ModelSpec] = (),
) -> None:
    """Refuse a budget that could not be kept.

    Args:
        settings: all that was asked for.
        models: those that will be measured, and those that judge.
        where: how the user writes the setting.
        judges: those of them that judge.

    Raises:
        UsageError: nothing tells what a model costs, or what a load uses.
    """
    limits = parse_spend(settings.spend, where=where)
    check_prices(limits, models, where=where)
    if limits.joules is not None and judges:
        raise UsageError(
            f"{where}: nothing counts the joules of a judge, such as"
            f" {judges[0].name!r}: leave joules out, or judge afterwards with"
            " llmlat panel"
        )
    loads = [name for name in settings.scenarios if name != SINGLE.name]
    if limits.joules is not None and loads:
        raise UsageError(
            f"{where}: joules of {loads[0]} are known only behind it: give minutes"
        )


def never_begun(budget: Budget) -> tuple[Verdict, ...]:
    """Return what to tell of a run that measured nothing, if the budget was why."""
    if budget.refused is None:
        return ()
    told = Verdict(
        cell="-",
        quantity="records",
        outcome="warned",
        against=budget.where,
        samples=0,
        note=budget.refused.removeprefix("not measured: "),
    )
    return (told,)


def cut_short(
    plan: Plan, measured: Measured, stopped: BudgetSpent, *, where: str
) -> Verdict:
    """Return the verdict on a cell that the budget cut short: a warning.

    Args:
        plan: what was to be measured.
        measured: what was.
        stopped: what the budget said.
        where: how the user writes the setting.
    """
    return Verdict(
        cell=plan.cell.id,
        quantity="records",
        outcome="warned",
        against=where,
        samples=len(measured.records),
        note=f"{stopped}; {len(measured.records)} of {plan.planned} answers are there",
    )
