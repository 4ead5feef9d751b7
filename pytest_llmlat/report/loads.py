"""Cells with many requests in flight: what the server did under each load."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from pytest_llmlat.report.figure_tables import load_columns, texts, titles
from pytest_llmlat.report.figures import (
    printable,
    seconds,
    signed_seconds,
    table,
)
from pytest_llmlat.report.load_points import load_order

if TYPE_CHECKING:
    from pytest_llmlat.values.records import Instrument
    from pytest_llmlat.values.results import Scoreboard, Summary


def load_lines(board: Scoreboard) -> list[str]:
    """Return a table for each model and task that was put under a load.

    Its lines are the points of the load curve, in the order of the load.
    """
    curves: dict[str, list[Summary]] = defaultdict(list)
    for summary in board.summaries:
        if summary.load is not None:
            cell = summary.cell
            curves[f"{cell.task}, {cell.model} on {cell.device}"].append(summary)
    lines = []
    for name, summaries in curves.items():
        load, *columns = load_columns(summaries)
        header = (name, *titles(columns))
        points = sorted(summaries, key=load_order)
        rows = [texts((load, *columns), point) for point in points]
        lines += [*table(header, rows, right=range(1, len(header) - 1)), ""]
    objectives = dict.fromkeys(s.slo for s in board.summaries if s.slo)
    return lines + [f"good: {printable(slo)}" for slo in objectives]


def contention_lines(board: Scoreboard) -> list[str]:
    """Name the cells in which something else kept the machine busy."""
    return [
        f"contended: {printable(s.cell.id)}: {printable(s.contention.contended)}"
        for s in board.summaries
        if s.contention is not None and s.contention.contended
    ]


def clock_lines(board: Scoreboard) -> list[str]:
    """Say how true the clock was, and where it was the client that was measured."""
    checked: dict[Instrument, None] = dict.fromkeys(
        s.instrument for s in board.summaries if s.instrument is not None
    )
    lines = [
        f"clock at {i.streams} in flight: TTFT {signed_seconds(i.bias_s)} on average,"
        f" {seconds(i.jitter_p99_s)} off at p99, of {i.requests} answers whose true"
        " times a loopback server logged"
        for i in checked
    ]
    if any(_unchecked(summary) for summary in board.summaries):
        lines.append("clock: the check of it could not be made here")
    limited = [s for s in board.summaries if s.load and s.load.client_limited]
    return lines + [
        f"client-limited: {printable(s.cell.id)}: {s.load.client_limited}; its"
        " latencies are not the server's"
        for s in limited
        if s.load
    ]


def _unchecked(summary: Summary) -> bool:
    """Whether a server was measured by a clock that nobody has looked at."""
    return summary.instrument is None and dict(summary.backend).get("library") == "http"
