"""Remarks on balanced scores: costs, gains by giving up, bias of few items."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmlat.analysis.few_items import LEAST_BIAS
from pytest_llmlat.report.figures import (
    bounds,
    placed,
    printable,
    ratio,
    signed,
)

if TYPE_CHECKING:
    from pytest_llmlat.values.results import Scoreboard, Summary

_FEW = 4
"""Cells that are told each; of more, only their number is."""


def score_lines(board: Scoreboard) -> list[str]:
    """Return the remarks: on costs, which scores gain by giving up or are biased."""
    gains = [line for summary in board.summaries if (line := _gain(summary))]
    biased = [told for summary in board.summaries if (told := _bias(summary))]
    lines = [*_costs(board), *gains]
    if biased:
        shown = biased[:_FEW]
        if len(biased) > _FEW:
            shown.append(f"{len(biased) - _FEW} more (score_bias)")
        lines.append(
            "few items: so few make a score too low or too high; on average by about "
            + ", ".join(shown)
        )
    return [printable(line) for line in lines]


def _costs(board: Scoreboard) -> list[str]:
    """Say what cost means in the scores that weigh it, and where it is not known."""
    budgets = {
        s.cost_budget: s.cell.task for s in board.summaries if s.cost_budget is not None
    }
    told = [
        f"cost score: {task}: an answer earns half of it at {budget.told}"
        f" ({'measured joules, gross' if budget.of_energy else 'money'})"
        for budget, task in budgets.items()
    ]
    lost = [
        f"no cost score: {_where(s)}: {s.no_cost}"
        for s in board.summaries
        if s.no_cost is not None
    ]
    if len(lost) > _FEW:
        lost[_FEW:] = [f"no cost score: {len(lost) - _FEW} more cells (no_cost)"]
    return [*told, *lost]


def _gain(summary: Summary) -> str | None:
    own = summary.balanced.value
    if summary.patient is None or own is None:
        return None
    averages = dict(summary.averages)
    beside = {
        "right in time": averages.get("correct_within_budget"),
        "quality times speed of each answer": averages.get("timely_quality"),
    }
    told = ", ".join(
        f"{name} {bounds(value)}"
        for name, value in beside.items()
        if value is not None and value.value is not None
    )
    return (
        f"giving up gains: {_where(summary)}: wrong answers come sooner than right"
        f" ones; had they taken as long, {ratio(own)} would be {ratio(summary.patient)}"
        f" (figures that giving up does not raise: {told})"
    )


def _bias(summary: Summary) -> str | None:
    own, bias = summary.balanced.value, summary.score_bias
    if not own or bias is None or abs(bias) < LEAST_BIAS * own:
        return None
    return f"{signed(bias)} ({_where(summary)}, {summary.samples} samples)"


def _where(summary: Summary) -> str:
    cell = summary.cell
    return f"{cell.task}, {cell.model} on {placed(cell.device, cell.scenario)}"
