"""Lines on figures that another tool measured, and that were only read here."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from pytest_llmlat.report.figures import placed, printable, ratio, seconds

if TYPE_CHECKING:
    from pytest_llmlat.values.results import Scoreboard, Standing

_SHOWN = 3


def peer_lines(board: Scoreboard) -> list[str]:
    """Say which cells other tools measured, by which files, and how."""
    found: dict[str, list[str]] = defaultdict(list)
    for summary in board.summaries:
        if summary.peer is not None:
            found[summary.peer.told].append(printable(summary.cell.id))
    return [f"{_cells(names)}: {printable(told)}" for told, names in found.items()]


def _cells(names: list[str]) -> str:
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")


def half_sentence(board: Scoreboard) -> str | None:
    """Say what is known of rows without a score, which lack quality or speed.

    Returns:
        ``None`` where nothing is known of any.
    """
    told = [words for row in board.standings if (words := _half(row))]
    if not told:
        return None
    more = len(told) - _SHOWN
    return printable(
        f"{'; '.join(told[:_SHOWN])}" + (f"; and {more} more" if more > 0 else "")
    )


def _half(row: Standing) -> str | None:
    name = f"{row.model} on {placed(row.device, row.scenario)}"
    if row.quality.value is not None:
        return f"{name}: quality {ratio(row.quality.value)}, and no score without speed"
    if row.e2e_s.p50 is not None:
        return (
            f"{name}: half of its answers within {seconds(row.e2e_s.p50)}, and no score"
            " without quality"
        )
    return None
