"""Lines on the nodes that measured, where that was not one process."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from pytest_llmlat.report.figures import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_llmlat.values.results import Scoreboard, Summary

_SHOWN = 3


def node_lines(board: Scoreboard) -> list[str]:
    """Say which node, and which card of it, measured which cells."""
    found: dict[str, list[Summary]] = defaultdict(list)
    for summary in board.summaries:
        if summary.node is not None:
            found[summary.node.told].append(summary)
    lines = [_told(name, own) for name, own in sorted(found.items())]
    return [*lines, *_mixed(board)]


def _told(name: str, own: list[Summary]) -> str:
    cells = [printable(summary.cell.id) for summary in own[:_SHOWN]]
    more = [f"{len(own) - _SHOWN} more"] if len(own) > _SHOWN else []
    count = "1 cell" if len(own) == 1 else f"{len(own)} cells"
    return f"node {printable(name)}: {count}: {', '.join([*cells, *more])}"


def _mixed(board: Scoreboard) -> Iterator[str]:
    """Say which rows are of machines that differ, and in what."""
    rows: dict[tuple[str, str, str], list[Summary]] = defaultdict(list)
    for summary in board.summaries:
        if summary.node is not None:
            rows[summary.cell.row].append(summary)
    for row, own in rows.items():
        facts = [dict(s.node.environment) for s in own if s.node is not None]
        apart = sorted(
            name
            for name in {name for each in facts for name in each}
            if len({str(each.get(name)) for each in facts}) > 1
        )
        if apart:
            yield (
                f"nodes of {printable(row[0])} on {printable(row[1])} ({row[2]}) are"
                f" not alike ({', '.join(apart[:_SHOWN])}): its row joins times of both"
            )
