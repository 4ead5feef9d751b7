"""Cost budgets of a run in place of those of its tasks, and whether cost can count."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_llmlat.analysis.cost_scores import NO_BUDGET
from pytest_llmlat.session.latency_budgets import budget_of, named_budgets
from pytest_llmlat.values.balance import weighed
from pytest_llmlat.values.cost_budget import JOULES, CostBudget, parse_cost_budget
from pytest_llmlat.values.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_llmlat.values.entities import ModelSpec, Task
    from pytest_llmlat.values.settings import Settings, Spelled

CostBudgets = tuple[tuple[str, CostBudget], ...]
"""Budgets by names: of a task, of a family, or of all where it is empty."""


def parse_budgets(texts: Iterable[str], *, where: str) -> CostBudgets:
    """Return budgets by the names of tasks or families.

    Args:
        texts: such as ``0.002USD``, or ``sentiment=0.001USD reasoning/sums=0.004USD``.
        where: the option, for the complaint.

    Raises:
        UsageError: a budget is no amount with a unit, a name stands there twice, or
            units differ.
    """
    named = named_budgets(texts, where=where, example="0.002USD")
    found = {n: parse_cost_budget(text, where=where) for n, text in named.items()}
    units = sorted({budget.unit for budget in found.values()})
    if len(units) > 1:
        raise UsageError(f"{where}: {' and '.join(units)}: {_ONE_UNIT}")
    return tuple(found.items())


_ONE_UNIT = "what answers cost is told in one unit; write all cost budgets in one"


def with_cost_budget(task: Task, settings: Settings, spelled: Spelled) -> Task:
    """Return a task with its cost budget: that of its name, else of its family.

    Raises:
        UsageError: cost is weighed, and nobody says what an answer may cost.
    """
    own = budget_of(task, settings.cost_budget)
    found = task if own is None else replace(task, cost_budget=own)
    if found.cost_budget is None and weighed(settings.balance).weighs_cost:
        remedy = NO_BUDGET.replace("--llm-cost-budget", spelled("cost_budget"))
        raise UsageError(
            f"{spelled('balance')}: cost is weighed, and of {task.name!r} nobody says"
            f" how much: {remedy}"
        )
    return found


def check_cost_budgets(
    tasks: Iterable[Task],
    models: Sequence[ModelSpec],
    settings: Settings,
    spelled: Spelled,
) -> None:
    """See that what is weighed is one thing: money of one currency, or joules.

    Args:
        tasks: those that were named.
        models: those that are chosen.
        settings: of the session.
        spelled: how the user writes a setting, for complaints.

    Raises:
        UsageError: a task has no cost budget, budgets are in several units, or prices
            in another currency.
    """
    if not weighed(settings.balance).weighs_cost:
        return
    asked = [with_cost_budget(task, settings, spelled) for task in tasks]
    budgets = dict(settings.cost_budget) | {
        task.name: task.cost_budget for task in asked
    }
    units = {each.unit: name for name, each in budgets.items() if each is not None}
    where = spelled("balance")
    if len(units) > 1:
        told = ", ".join(f"{name or 'all'} in {unit}" for unit, name in units.items())
        raise UsageError(f"{where}: {told}: {_ONE_UNIT}")
    for unit in units.keys() - {JOULES}:
        for model in models:
            if model.price is not None and model.price.currency != unit:
                raise UsageError(
                    f"{where}: {model.name!r} is paid in {model.price.currency}, and"
                    f" the cost budget is in {unit}; write both in one currency"
                )
