"""Tables of figures by turn, by length and by depth: one for each task."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llmlat.report.figures import MISSING, counted, placed, ratio, seconds, table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_llmlat.values.group_figures import GroupFigures
    from pytest_llmlat.values.results import Scoreboard, Summary

_FIGURES = (
    *("n", "quality", "ttft p50", "e2e p50", "prompt tokens", "cached", "notes"),
)
_CACHED = "cached"


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakdownTable:
    """A breakdown table of one task: a line for each group of each model."""

    task: str
    by: tuple[str, ...]
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    @property
    def title(self) -> str:
        """Title: which figures, by what."""
        return f"{self.task} by {' and '.join(self.by)}"

    @property
    def words(self) -> tuple[int, ...]:
        """Places of the columns that hold words."""
        return (0, *range(2, 2 + len(self.by) - 1), len(self.header) - 1)


def breakdown_tables(board: Scoreboard) -> list[BreakdownTable]:
    """Return a table for each task and each breakdown of its cells."""
    found: dict[tuple[str, tuple[str, ...]], list[tuple[Summary, GroupFigures]]] = (
        defaultdict(list)
    )
    for summary in board.summaries:
        for group in summary.breakdown:
            found[summary.cell.task, group.by].append((summary, group))
    return [_table(task, by, lines) for (task, by), lines in found.items()]


def breakdown_lines(board: Scoreboard) -> list[str]:
    """Return the tables by one thing each, as lines; those by several are elsewhere."""
    lines: list[str] = []
    for each in breakdown_tables(board):
        if len(each.by) > 1:
            continue
        right = set(range(len(each.header))) - set(each.words)
        lines += [f"{each.title}:", *table(each.header, each.rows, right=right), ""]
    return lines


def _table(
    task: str, by: tuple[str, ...], lines: Iterable[tuple[Summary, GroupFigures]]
) -> BreakdownTable:
    rows = [
        (_model(summary), *group.values, *_written(group)) for summary, group in lines
    ]
    header = ("model", *by, *_FIGURES)
    place = header.index(_CACHED, 1 + len(by))
    if all(row[place] == MISSING for row in rows):
        header = (*header[:place], *header[place + 1 :])
        rows = [(*row[:place], *row[place + 1 :]) for row in rows]
    return BreakdownTable(task=task, by=by, header=header, rows=tuple(rows))


def _length(group: GroupFigures) -> str:
    """Say how long prompts are: in words where nobody counts their tokens."""
    if group.prompt_tokens is not None:
        return f"{group.prompt_tokens:,.0f}"
    if group.prompt_words is not None:
        return f"{group.prompt_words:,.0f} words"
    return MISSING


def _model(summary: Summary) -> str:
    cell = summary.cell
    return f"{cell.model} on {placed(cell.device, cell.scenario)}"


def _written(group: GroupFigures) -> tuple[str, ...]:
    graded = "" if group.graded == group.samples else f", {group.graded} graded"
    cached = group.cached_share
    return (
        f"{group.samples}{graded}",
        ratio(group.quality),
        seconds(group.ttft_p50_s),
        seconds(group.e2e_p50_s),
        _length(group),
        MISSING if cached is None else f"{cached:.0%}",
        counted(
            {
                "errors": group.errors,
                "timeouts": group.timeouts,
                "context overflows": group.context_overflows,
            }
        ),
    )
