"""Cells with many requests in flight: what the server did under each load."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from pytest_llmlat.report.figures import (
    MISSING,
    counted,
    printable,
    rate,
    seconds,
    signed_seconds,
    table,
)

if TYPE_CHECKING:
    from pytest_llmlat.values.records import Instrument, LoadFacts
    from pytest_llmlat.values.results import Scoreboard, Summary

POINTS = (
    "n",
    "req/s",
    "tok/s",
    "ttft p50",
    "ttft p95",
    "tpot p50",
    "e2e p50",
    "e2e p95",
    "queue p50",
)
_HUNDRED = 100
GOOD = ("goodput/s", "good+correct/s")


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
        good = GOOD if any(s.slo for s in summaries) else ()
        header = (name, *POINTS, *good, "notes")
        rows = [
            point_figures(s, told=bool(good)) for s in sorted(summaries, key=load_order)
        ]
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


def load_order(summary: Summary) -> tuple[str, float]:
    """Sort by kind of scenario, then by level."""
    kind, _, level = summary.cell.scenario.partition(":")
    return kind, float(level or 0)


def point_figures(summary: Summary, *, told: bool) -> tuple[str, ...]:
    """Write a point of the curve; ``told`` adds what is about objectives."""
    good = (
        (_precise(summary.goodput_per_s), _precise(summary.good_and_correct_per_s))
        if told
        else ()
    )
    return (
        summary.cell.scenario,
        str(summary.samples),
        _precise(summary.requests_per_s),
        rate(summary.output_tokens_per_s),
        seconds(summary.ttft_s.p50),
        seconds(summary.ttft_s.p95),
        seconds(summary.tpot_s.p50),
        seconds(summary.e2e_s.p50),
        seconds(summary.e2e_s.p95),
        seconds(summary.queue_s.p50),
        *good,
        _notes(summary),
    )


def _notes(summary: Summary) -> str:
    counts = {
        "errors": summary.errors,
        "timeouts": summary.timeouts,
        "retries": summary.retries,
    }
    told = counted(counts)
    more = _load_notes(summary.load) if summary.load is not None else []
    return ", ".join([*([] if told == MISSING and more else [told]), *more])


def _load_notes(load: LoadFacts) -> list[str]:
    """Say in which batches a load was answered, and whose time was measured."""
    notes = []
    if load.batch is not None and load.batching is not None:
        halved = f", halved {load.batch_halved} x" if load.batch_halved else ""
        notes.append(f"batch {load.batch} ({load.batching}{halved})")
    if load.batch_changed:
        notes.append(f"{load.batch_changed} of {load.batch_checked} answers changed")
    if load.client_limited:
        notes.append("client-limited")
    return notes


def _precise(value: float | None) -> str:
    """Write a rate of requests, which may be far below one a second."""
    if value is None:
        return MISSING
    return f"{value:,.0f}" if value >= _HUNDRED else f"{value:.3g}"
