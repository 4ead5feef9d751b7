"""The scoreboard that a session ends with."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from pytest_llmlat.report.figures import (
    MISSING,
    bounds,
    counted,
    narrowed,
    placed,
    printable,
    rate,
    ratio,
    seconds,
    size,
    table,
)
from pytest_llmlat.report.further_columns import further_columns
from pytest_llmlat.report.leaders import (
    comparison_lines,
    leader_lines,
    tuning_lines,
)
from pytest_llmlat.report.loads import clock_lines, contention_lines, load_lines
from pytest_llmlat.report.repeat_lines import repeat_lines
from pytest_llmlat.report.verdicts import verdict_lines

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmlat.values.results import Scoreboard, Standing, Summary

MODEL_COLUMNS = (
    "model",
    "device",
    "quality",
    "speed",
    "balanced [95 %]",
    "ttft p50",
    "e2e p50",
    "e2e p95",
    "tok/s",
    "memory",
)
CELL_COLUMNS = (
    "n",
    "metric",
    "quality [95 %]",
    "balanced",
    "e2e p50",
    "e2e p95",
    "notes",
)

_CELLS_GIVE_UP = ("e2e p95", "n", "metric", "balanced")
_MODELS_GIVE_UP = ("memory", "tok/s", "e2e p95", "ttft p50", "speed")
"""What a narrow terminal goes without, the first of it first."""


def scoreboard_lines(board: Scoreboard, *, most: int | None = None) -> list[str]:
    """Return the scoreboard: each model's cells, a row for each model, the verdicts.

    Quality in a cell's line is the metric itself; in a model's row it is the mean
    over families with the share of guessing taken off. The last line says who is best.

    Args:
        board: the figures.
        most: how many letters a line has room for; ``None`` for any number.
    """
    groups: dict[str, list[Summary]] = defaultdict(list)
    for summary in board.summaries:
        cell = summary.cell
        name = f"{cell.model} on {placed(cell.device, cell.scenario)}"
        groups[name].append(summary)
    lines = []
    for name, summaries in groups.items():
        header, rows = cell_lines(summaries)
        tasks = [
            (summary.cell.task, *row)
            for summary, row in zip(summaries, rows, strict=True)
        ]
        lines += _table((name, *header), tasks, 1, most, _CELLS_GIVE_UP)
        lines += [""]
    lines += load_lines(board)
    header, rows = model_lines(board)
    lines += _table(header, rows, 2, most, _MODELS_GIVE_UP)
    lines += [*comparison_lines(board), *_remarks(board)]
    tuned, judged = tuning_lines(board), verdict_lines(board)
    for block in (tuned, judged, leader_lines(board)):
        lines += ["", *block] if block else []
    return lines


def _table(
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    numbers: int,
    most: int | None,
    dispensable: Sequence[str],
) -> list[str]:
    """Align what fits; columns from ``numbers`` on but for notes hold numbers.

    Further columns of figures are there where they fit beside all others.
    """
    columns = [header.index(name) for name in dispensable]
    further = [
        c
        for c, name in enumerate(header)
        if c >= numbers and name not in (*MODEL_COLUMNS, *CELL_COLUMNS)
    ]
    given_up = [*reversed(further), *columns]
    kept = narrowed(header, rows, most=most, dispensable=given_up)
    right = [
        place for place, c in enumerate(kept) if numbers <= c and header[c] != "notes"
    ]
    shown = [[row[c] for c in kept] for row in rows]
    lines = table([header[c] for c in kept], shown, right=right)
    missing = [header[c] for c in columns if c not in kept]
    note = f"(too narrow for {', '.join(missing)}: they are in report.md)"
    return [*lines, note] if missing else lines


def marked_row(standing: Standing, board: Scoreboard) -> tuple[str, ...]:
    """Write a row, with a star after who is on the Pareto front of several."""
    name, *figures = model_row(standing)
    on = any(
        standing.id in comparison.front
        for comparison in board.comparisons
        if len(comparison.rows) > 1
    )
    return (f"{name} *" if on else name, *figures)


def cell_lines(
    summaries: Sequence[Summary],
) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Return what stands over cells and a line for each; notes come last."""
    further = further_columns("cells", summaries)
    lines = []
    for summary in summaries:
        *figures, notes = cell_figures(summary)
        lines.append((*figures, *further.texts(summary), notes))
    return (*CELL_COLUMNS[:-1], *further.titles, CELL_COLUMNS[-1]), lines


def model_lines(board: Scoreboard) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Return what stands over rows and a line for each."""
    further = further_columns("rows", board.standings)
    lines = [(*marked_row(s, board), *further.texts(s)) for s in board.standings]
    return (*MODEL_COLUMNS, *further.titles), lines


def cell_figures(summary: Summary) -> tuple[str, ...]:
    """Write what stands under ``CELL_COLUMNS``."""
    return (
        str(summary.samples)
        if summary.samples == summary.planned
        else f"{summary.samples}/{summary.planned}",
        summary.metric or MISSING,
        bounds(summary.quality),
        ratio(summary.balanced.value),
        seconds(summary.e2e_s.p50),
        seconds(summary.e2e_s.p95),
        _counts(summary),
    )


def _counts(summary: Summary) -> str:
    counts = {
        "errors": summary.errors,
        "timeouts": summary.timeouts,
        "unparsed": summary.unparsed,
        "truncated": summary.truncated,
        "refused": summary.refused,
        "empty": summary.empty,
        "cut in thought": summary.cut_in_thought,
    }
    return counted(counts, *(["partial"] if summary.partial else []))


def model_row(standing: Standing) -> tuple[str, ...]:
    """Write what stands under ``MODEL_COLUMNS``."""
    return (
        standing.model + (" (partial)" if standing.partial else ""),
        placed(standing.device, standing.scenario),
        ratio(standing.quality.value),
        ratio(standing.speed.value),
        bounds(standing.balanced),
        seconds(standing.ttft_s.p50),
        seconds(standing.e2e_s.p50),
        seconds(standing.e2e_s.p95),
        rate(standing.decode_tokens_per_s),
        size(standing.peak_device_bytes or standing.peak_rss_bytes),
    )


def _remarks(board: Scoreboard) -> list[str]:
    warnings = dict.fromkeys(w for s in board.summaries for w in s.warnings)
    told = [f"warning: {printable(warning)}" for warning in warnings]
    return [
        *repeat_lines(board),
        *clock_lines(board),
        *contention_lines(board),
        *told,
    ]
