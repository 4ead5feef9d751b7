"""Latency budgets of a run in place of those of its tasks."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from pytest_llmlat.values.errors import UsageError
from pytest_llmlat.values.units import seconds

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_llmlat.values.entities import Task

_Budget = TypeVar("_Budget")

LatencyBudgets = tuple[tuple[str, float], ...]
"""Budgets in seconds by names: of a task, of a family, or of all where it is empty."""


def parse_budgets(texts: Iterable[str], *, where: str) -> LatencyBudgets:
    """Return budgets by the names of tasks or families.

    Args:
        texts: such as ``2s``, or ``sentiment=500ms reasoning/sums=2s``.
        where: the option, for the complaint.

    Raises:
        UsageError: a budget is no duration, or a name stands there twice.
    """
    named = named_budgets(texts, where=where, example="2s")
    return tuple((name, seconds(value, where=where)) for name, value in named.items())


def named_budgets(texts: Iterable[str], *, where: str, example: str) -> dict[str, str]:
    """Return what is written of each budget, by the names of tasks or families.

    Args:
        texts: such as ``2s``, or ``sentiment=500ms reasoning/sums=2s``.
        where: the option, for the complaint.
        example: of a budget.

    Raises:
        UsageError: a budget has no name before its sign, or one stands there twice.
    """
    found: dict[str, str] = {}
    for part in (part for text in texts for part in re.split(r"[\s,]+", text.strip())):
        if not part:
            continue
        name, between, value = part.rpartition("=")
        if between and not name:
            raise UsageError(
                f"{where}: {part!r} names nothing; write TASK={example}, or {example}"
            )
        if name in found:
            raise UsageError(f"{where}: {name or 'a budget of all'!r} stands twice")
        found[name] = value
    return found


def budget_of(task: Task, budgets: Iterable[tuple[str, _Budget]]) -> _Budget | None:
    """Return the budget of a task: that of its name, else of its family, else of all.

    ``None`` where the run names none for it.
    """
    named = dict(budgets)
    return next((named[n] for n in (task.name, task.family, "") if n in named), None)


def with_budget(task: Task, budgets: LatencyBudgets) -> Task:
    """Return a task with the budget that the run names for it, if it names one."""
    found = budget_of(task, budgets)
    return task if found is None else replace(task, budget_s=found)
