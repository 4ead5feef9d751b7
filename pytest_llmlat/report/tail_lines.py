"""Why a cell has no 95th percentile of its times, and what one takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmlat.report.figures import printable
from pytest_llmlat.values.percentiles import fewest_for

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmlat.values.results import Scoreboard, Summary

_TAIL = 95


def tail_lines(board: Scoreboard) -> list[str]:
    """Say of cells that have times and no p95 how many answers it takes.

    Below that number it would only be another name for the slowest answer.
    """
    fewest = fewest_for(_TAIL)
    lacking = [s for s in board.summaries if s.samples and s.e2e_s.p95 is None]
    few = [s for s in lacking if _timed(s) < fewest and s.e2e_s.p50 is not None]
    late = [s for s in lacking if s.timeouts and _timed(s) >= fewest]
    lines = []
    if few:
        counts = sorted({_timed(s) for s in few})
        have = " to ".join(map(str, dict.fromkeys((counts[0], counts[-1]))))
        verb = "has" if len(few) == 1 else "have"
        lines.append(
            f"no e2e p95 of {_named(few)}: it takes {fewest} answers, and"
            f" {'it' if len(few) == 1 else 'they'} {verb} {have}"
        )
    if late:
        lines.append(f"no e2e p95 of {_named(late)}: it lies among the time-outs")
    return lines


def _timed(summary: Summary) -> int:
    """Return how many times are known, or known to be longer than a limit."""
    return summary.samples - summary.errors


def _named(cells: Sequence[Summary]) -> str:
    return printable(cells[0].cell.id) if len(cells) == 1 else f"{len(cells)} cells"
