"""Cost scores of requests: 1 / (1 + cost / budget), as speed is made of time.

What cost means is what the task's cost budget is in: money by the model's price, or
the joules that counters told (gross). A request that failed scores 0, as its speed
does, whatever it cost: giving up is no thrift.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llmlat.analysis.energy_use import energy_use
from pytest_llmlat.values.request_cost import cost_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmlat.values.cell_facts import CellFacts
    from pytest_llmlat.values.cost_budget import CostBudget
    from pytest_llmlat.values.records import Record

NO_BUDGET = (
    "its task has no cost budget: write cost_budget into its entry, or give"
    " --llm-cost-budget"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CostScores:
    """Cost scores of the requests of a cell."""

    scores: tuple[float, ...]
    """Of each request, between 0 and 1."""
    of_time: bool
    """Whether an answer that takes longer is dearer: paid by the hour, or joules."""
    shared: bool
    """Whether requests share what a load cost, so that none has a cost of its own."""


def cost_score(cost: float, budget: CostBudget) -> float:
    """Return the cost score of an answer."""
    return 1 / (1 + cost / budget.value)


def cost_scores(facts: CellFacts, records: Sequence[Record]) -> CostScores | str:
    """Return the cost scores of a cell's requests, or why they are not known.

    Args:
        facts: of the cell, its cost budget among them.
        records: of the cell.
    """
    budget, price = facts.cost_budget, facts.price
    if budget is None:
        return NO_BUDGET
    found: Sequence[float | None] | str
    if budget.of_energy:
        found = joules_of(facts, records)
    elif price is not None and price.currency != budget.unit:
        found = f"its price is in {price.currency}, the cost budget in {budget.unit}"
    else:
        found = money_of(facts, records)
    if isinstance(found, str):
        return found
    by_token = not budget.of_energy and price is not None and price.by_token
    return CostScores(
        scores=tuple(
            cost_score(cost, budget) if record.answered and cost is not None else 0.0
            for record, cost in zip(records, found, strict=True)
        ),
        of_time=not by_token,
        shared=facts.load is not None and not by_token,
    )


def money_of(
    facts: CellFacts, records: Sequence[Record]
) -> Sequence[float | None] | str:
    """Return what each request cost in money, or why it is not known.

    Args:
        facts: of the cell, the price of its model among them.
        records: of the cell.

    Returns:
        ``None`` for a failed request whose cost nobody knows.
    """
    price = facts.price
    if price is None:
        return "its model has no price; write one into its entry"
    costs = [cost_of(record, price, facts.load) for record in records]
    lost = sum(
        cost is None and record.answered
        for cost, record in zip(costs, records, strict=True)
    )
    if lost:
        what = "tokens" if price.by_token else "times"
        return f"the {what} of {lost} of {len(records)} answers are not known"
    return [None if cost is None else float(cost) for cost in costs]


def joules_of(facts: CellFacts, records: Sequence[Record]) -> Sequence[float] | str:
    """Return the joules of each request, gross and measured, or why they are unknown.

    Args:
        facts: of the cell.
        records: of the cell.
    """
    used = energy_use(facts, records).get("joules")
    if used is not None:
        return used
    why = None if facts.energy is None else facts.energy.reason
    return f"its joules were not measured{f': {why}' if why else ''}"
