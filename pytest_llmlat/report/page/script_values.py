"""What the page's script works with, as JSON: rows, cells and load curves."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from pytest_llmlat.report.leaders import named
from pytest_llmlat.report.load_points import load_order
from pytest_llmlat.report.page.best_sentence import comparison_letters
from pytest_llmlat.report.page.rows import cost_unit, row_key
from pytest_llmlat.report.page.samples import COLUMNS
from pytest_llmlat.values.balance import weighed
from pytest_llmlat.values.column_order import (
    CELL_LAYOUT,
    CURVE_LAYOUT,
    PAGE_ROW_LAYOUT,
)
from pytest_llmlat.values.figure_columns import (
    column_estimate,
    column_key,
    columns_of,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmlat.report.page.rows import Row
    from pytest_llmlat.report.page.samples import Samples
    from pytest_llmlat.values.column_order import TableLayout
    from pytest_llmlat.values.results import Scoreboard, Standing, Summary


def page_values(
    board: Scoreboard, rows: Sequence[Row], samples: Samples
) -> dict[str, Any]:
    """Return the values; cells stand in the order of the board's summaries."""
    numbers = {row_key(row.standing): number for number, row in enumerate(rows)}
    return {
        "balance": weighed(board.balance).mean,
        "weights": weighed(board.balance).shares,
        "cost_unit": cost_unit(board),
        "columns": COLUMNS,
        "series": [
            {
                "key": column_key(figure, column),
                "title": column.title,
                "unit": figure.unit,
            }
            for figure, column in columns_of(CURVE_LAYOUT)
        ],
        "rows": [_row(row) for row in rows],
        "comparisons": _comparisons(board, rows),
        "cells": [
            {
                **_cell(summary, numbers[row_key(summary.cell)]),
                "kept": kept,
                "seen": seen,
            }
            for summary, kept, seen in zip(
                board.summaries, samples.kept, samples.seen, strict=True
            )
        ],
        "curves": _curves(board),
    }


def _comparisons(board: Scoreboard, rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Return what was decided of each comparison; rows by their numbers."""
    numbers = {row.standing.id: number for number, row in enumerate(rows)}
    letters = comparison_letters(board)
    return [
        {
            "name": ": ".join(
                (
                    *letters[number : number + 1],
                    named([rows[numbers[id_]].label for id_ in comparison.rows]),
                )
            ),
            "rows": [numbers[id_] for id_ in comparison.rows],
            "ranked": [numbers[id_] for id_ in comparison.ranked],
            "fronts": [
                {
                    "family": front.family,
                    "axis": front.axis,
                    "rows": [numbers[id_] for id_ in front.rows],
                }
                for front in comparison.fronts
            ],
        }
        for number, comparison in enumerate(board.comparisons)
    ]


def _row(row: Row) -> dict[str, Any]:
    s = row.standing
    return {
        "label": row.label,
        "name": f"{s.model} on {s.device}, {s.scenario}",
        "hue": row.mark.hue,
        "shape": row.mark.shape,
        "comparison": row.comparison,
        "place": row.place,
        "loaded": s.scenario != "single",
        "covered": row.covered,
        "scores": row.scores,
        "costs": row.costs,
        "figures": _figures(PAGE_ROW_LAYOUT, s),
    }


def _cell(summary: Summary, number: int) -> dict[str, Any]:
    cell = summary.cell
    return {
        "row": number,
        "task": cell.task,
        "family": cell.family,
        "metric": summary.metric,
        "judged": summary.judging is not None,
        "errors": summary.errors,
        "timeouts": summary.timeouts,
        "contended": bool(summary.contention and summary.contention.contended),
        "figures": _figures(CELL_LAYOUT, summary),
    }


def _curves(board: Scoreboard) -> list[dict[str, Any]]:
    """Return the load curves: one for each task, model, device and kind of load."""
    curves: dict[tuple[str, str, str, str], list[Summary]] = {}
    for summary in board.summaries:
        if summary.load is not None:
            cell = summary.cell
            kind = load_order(summary)[0]
            key = (cell.task, kind, cell.model, cell.device)
            curves.setdefault(key, []).append(summary)
    return [
        {
            "task": task,
            "kind": kind,
            "name": f"{model} on {device}",
            "points": [_point(s) for s in sorted(points, key=load_order)],
        }
        for (task, kind, model, device), points in curves.items()
    ]


def _point(summary: Summary) -> dict[str, Any]:
    return {
        "scenario": summary.cell.scenario,
        "level": load_order(summary)[1],
        "n": summary.samples,
        "failed": summary.errors + summary.timeouts,
        "figures": _figures(CURVE_LAYOUT, summary),
        "limited": summary.load.client_limited if summary.load else None,
        "contended": summary.contention.contended if summary.contention else None,
        "behind": bool(summary.steadiness and summary.steadiness.keeps_up is False),
    }


def _figures(layout: TableLayout, of: Summary | Standing) -> dict[str, Any]:
    """Return what a layout's columns have, by their names: estimates with both ends."""
    return {
        column_key(figure, column): list(asdict(found).values())
        if figure.shape == "estimate"
        else found.value
        for figure, column in columns_of(layout)
        for found in (column_estimate(of, figure, column),)
    }
