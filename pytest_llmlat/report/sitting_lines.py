"""Lines on cells that were measured in several sittings, or taken from other runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmlat.report.figures import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_llmlat.values.results import Scoreboard, Summary


def sitting_lines(board: Scoreboard) -> list[str]:
    """Say which cells were gone on with or asked for again, or have no speed."""
    return [line for summary in board.summaries for line in _told(summary)]


def _told(summary: Summary) -> Iterator[str]:
    name = printable(summary.cell.id)
    if summary.anew is not None:
        yield f"resumed: {name}: {printable(summary.anew)}"
    if summary.reruns:
        yield (
            f"run again: {name}: its test ran {summary.reruns + 1} times; the first"
            " measurement counts"
        )
    for sitting in summary.sittings:
        yield f"resumed: {name}: {sitting.told}"
    if summary.reused_answers is not None:
        yield f"reused: {name}: {printable(summary.reused_answers.told)}"
    if summary.untimed is not None and summary.peer is None:
        yield (
            f"no speed: {name}: {printable(summary.untimed)}; its times count for no"
            " figure and are not gated"
        )
