"""Sentences on engines that were started, and on drafts that guess tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmlat.report.figures import printable, seconds, size

if TYPE_CHECKING:
    from pytest_llmlat.values.engine_facts import EngineFacts
    from pytest_llmlat.values.results import Scoreboard, Summary

_MOST_COUNTERS = 6


def improver_lines(board: Scoreboard) -> list[str]:
    """Return the sentences on engines, and those on drafts."""
    return [*engine_lines(board), *draft_lines(board)]


def engine_lines(board: Scoreboard) -> list[str]:
    """Say of each engine what it is, how soon it was ready, and what it counted."""
    found: dict[tuple[str, str], list[Summary]] = {}
    for summary in board.summaries:
        if summary.engine is not None:
            key = (summary.cell.model, summary.cell.device)
            found.setdefault(key, []).append(summary)
    return [
        f"engine: {printable(model)} on {device}: {_engine(cells)}"
        for (model, device), cells in found.items()
    ]


def draft_lines(board: Scoreboard) -> list[str]:
    """Say of each cell with a draft whether answers are the same without it."""
    return [
        f"draft: {printable(s.cell.id)}: {s.draft_check.changed} of"
        f" {s.draft_check.checked} greedy answers are other than without it"
        for s in board.summaries
        if s.draft_check is not None
    ]


def _engine(cells: list[Summary]) -> str:
    engines = [one.engine for one in cells if one.engine is not None]
    last = engines[-1]
    name = printable(" ".join(filter(None, (last.name, last.version))))
    parts = [f"{name}, ready after {seconds(last.startup_s)}"]
    if last.starts > 1:
        parts.append(f"started {last.starts} times")
    if last.memory_bytes is not None:
        parts.append(f"at most {size(last.memory_bytes)} of memory")
    return ", ".join([*parts, *_counted(engines)])


def _counted(engines: list[EngineFacts]) -> list[str]:
    """Return what engines counted in all cells together, as far as it is known."""
    sums: dict[str, float] = {}
    for engine in engines:
        for name, before, after in engine.counters:
            if before is not None and after is not None and after > before:
                sums[name] = sums.get(name, 0.0) + after - before
    return [
        f"{printable(name)} +{value:g}"
        for name, value in [*sums.items()][:_MOST_COUNTERS]
    ]
