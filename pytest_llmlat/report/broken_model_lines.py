"""Cells whose answers are one token over and over: the model may be broken."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmlat.report.figures import printable
from pytest_llmlat.values.figure_columns import figure_value
from pytest_llmlat.values.figure_table import FIGURES

if TYPE_CHECKING:
    from pytest_llmlat.values.results import Scoreboard


def broken_model_lines(board: Scoreboard) -> list[str]:
    """Say of which cells at least half of the answers are one repeated token."""
    figure = FIGURES["one_token_repeated"]
    found = []
    for summary in board.summaries:
        count = figure_value(summary, figure)
        if isinstance(count, int | float) and count and 2 * count >= summary.samples:
            found.append(
                f"{printable(summary.cell.id)}: the model answered {count:.0f} of"
                f" {summary.samples} with one repeated token; are its weights whole,"
                " its type wide enough, its chat template the right one?"
            )
    return found
