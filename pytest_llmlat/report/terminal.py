"""The scoreboard that a session ends with."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from pytest_llmlat.report.figures import (
    MISSING,
    bounds,
    counted,
    placed,
    printable,
    rate,
    ratio,
    seconds,
    size,
    table,
)
from pytest_llmlat.report.loads import clock_lines, contention_lines, load_lines
from pytest_llmlat.report.verdicts import verdict_lines

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmlat.results import Scoreboard, Standing, Summary

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


def scoreboard_lines(board: Scoreboard) -> list[str]:
    """Return the scoreboard: each model's cells, a row for each model, the verdicts.

    Quality in a cell's line is the metric itself; in a model's row it is the mean
    over families with the share of guessing taken off.
    """
    groups: dict[str, list[Summary]] = defaultdict(list)
    for summary in board.summaries:
        cell = summary.cell
        name = f"{cell.model} on {placed(cell.device, cell.scenario)}"
        groups[name].append(summary)
    lines = []
    for name, summaries in groups.items():
        rows = [_cell(summary) for summary in summaries]
        lines += [*table((name, *CELL_COLUMNS), rows, right=range(1, 7)), ""]
    lines += load_lines(board)
    rows = [model_row(standing) for standing in board.standings]
    lines += table(MODEL_COLUMNS, rows, right=range(2, 10))
    lines += [*comparison_lines(board.standings), *_remarks(board)]
    judged = verdict_lines(board)
    return [*lines, "", *judged] if judged else lines


def _cell(summary: Summary) -> tuple[str, ...]:
    return (summary.cell.task, *cell_figures(summary))


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


def comparison_lines(standings: Sequence[Standing]) -> list[str]:
    """Say which rows no other beats in both, and whether the weight decides."""
    if len(standings) < 2:  # noqa: PLR2004 - two make a comparison
        return []
    best = [
        f"{s.model} on {placed(s.device, s.scenario)}" for s in standings if s.pareto
    ]
    moved = [s for s in standings if s.ranks is not None and s.ranks[0] != s.ranks[1]]
    holds = "the ranking depends on it" if moved else "the ranking holds"
    lines = [
        f"Pareto front of quality and e2e p50: {printable(', '.join(best) or MISSING)}",
        f"weight of quality from 0.3 to 0.7: {holds}",
    ]
    if len({standing.families for standing in standings}) > 1:
        lines.append("rows cover different families: they cannot be ranked fairly")
    return lines


def _remarks(board: Scoreboard) -> list[str]:
    warnings = dict.fromkeys(w for s in board.summaries for w in s.warnings)
    told = [f"warning: {printable(warning)}" for warning in warnings]
    return [*clock_lines(board), *contention_lines(board), *told]
