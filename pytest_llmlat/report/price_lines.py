"""What money was counted by, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmlat.analysis.loads_within import load_capacities
from pytest_llmlat.report.figures import money, printable

if TYPE_CHECKING:
    from pytest_llmlat.values.results import Scoreboard


def price_lines(board: Scoreboard) -> list[str]:
    """Say of each model with a price what it is, and where it comes from."""
    found = {s.cell.model: s.price for s in board.summaries if s.price is not None}
    return [
        *(
            f"price: {printable(model)}: {printable(price.told)}"
            for model, price in found.items()
        ),
        *_at_capacity(board),
    ]


def _at_capacity(board: Scoreboard) -> list[str]:
    """Say what an answer costs at the highest load within the objectives."""
    lines = []
    for load in load_capacities(board.summaries):
        if load.cost_per_answer is None or load.level is None:
            continue
        told = f"{money(load.cost_per_answer)} {load.currency} an answer"
        if load.cost_per_correct is not None:
            told += f", {money(load.cost_per_correct)} a right one"
        where = f"{load.task}, {load.model} on {load.device}"
        lines.append(
            f"price: {printable(where)}: {told} at the highest load within the SLO"
            f" ({load.kind}:{load.level:g})"
        )
    return lines
