"""Figures of a cell told apart: by turn of a conversation, by length, by depth."""

from __future__ import annotations

from collections import defaultdict
from statistics import fmean
from typing import TYPE_CHECKING

from pytest_llmlat.analysis.cached_prompts import cached_share
from pytest_llmlat.analysis.cell_counts import count_cell, latencies
from pytest_llmlat.grading.metrics import METRICS
from pytest_llmlat.values.group_figures import GroupFigures

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmlat.values.records import Record

TURN = "turn"
"""The group of conversations: the number of the turn."""
_MOST = 400
"""Groups at most: nobody reads a table of more."""


def breakdown(records: Sequence[Record]) -> tuple[GroupFigures, ...]:
    """Return the figures of each group of a cell's records; nothing without groups.

    Groups are those of the turn and of the columns that the task names, each alone, and
    of all of these together where there are several. Their order is that of the turns,
    and else that in which they were asked.

    Args:
        records: of one cell.
    """
    found: dict[tuple[str, ...], dict[tuple[str, ...], list[Record]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for record in sorted(records, key=lambda record: record.turn or 0):
        marks = dict(record.groups)
        if record.turn is not None:
            marks[TURN] = str(record.turn)
        for name, value in marks.items():
            found[name,][value,].append(record)
        if len(marks) > 1:
            found[tuple(marks)][tuple(marks.values())].append(record)
    return tuple(
        _figures(by, values, own)
        for by, groups in found.items()
        if 1 < len(groups) <= _MOST
        for values, own in groups.items()
    )


def _figures(
    by: tuple[str, ...], values: tuple[str, ...], records: Sequence[Record]
) -> GroupFigures:
    times = latencies([count_cell(None, records)])
    graded = [record for record in records if record.graded]
    metric = METRICS[records[0].metric]
    quality: float | None = None
    if graded and metric.corpus:
        quality = metric.quality([record.grade.counts for record in graded])
    elif graded:
        quality = fmean(record.grade.value for record in graded)
    tokens = [r.prompt_tokens for r in records if r.prompt_tokens is not None]
    return GroupFigures(
        by=by,
        values=values,
        samples=len(records),
        graded=len(graded),
        quality=quality,
        ttft_p50_s=times["ttft_s"].p50,
        e2e_p50_s=times["e2e_s"].p50,
        prompt_tokens=fmean(tokens) if len(tokens) == len(records) else None,
        prompt_words=None
        if any(record.turn is not None for record in records)
        else fmean(len(record.prompt.split()) for record in records),
        cached_share=cached_share(records),
        errors=sum(record.finish == "error" for record in records),
        timeouts=sum(record.finish == "timeout" for record in records),
        context_overflows=sum(record.finish == "context" for record in records),
    )
