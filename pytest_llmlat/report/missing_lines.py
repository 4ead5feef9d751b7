"""Missing cells: those that a run was to measure and never began."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmlat.report.figures import printable

if TYPE_CHECKING:
    from pytest_llmlat.values.results import Scoreboard

_SHOWN = 5


def missing_lines(board: Scoreboard) -> list[str]:
    """Say which cells were planned and never begun; their rows are partial."""
    missing = [s.cell.id for s in board.summaries if s.planned is None]
    if not missing:
        return []
    more = f" and {len(missing) - _SHOWN} more" if len(missing) > _SHOWN else ""
    names = ", ".join(map(printable, missing[:_SHOWN])) + more
    count = f"{len(missing)} of {len(board.summaries)}"
    return [f"not measured: {count} cells were planned and never begun: {names}"]
