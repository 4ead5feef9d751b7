"""The rows of the scoreboard as a page shows them: named, marked, and in order."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pytest_llmlat.values.cost_budget import JOULES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_llmlat.values.records import Cell
    from pytest_llmlat.values.results import Scoreboard, Standing, Summary

    CellScores = tuple[float, float, float, float | None]
    """Scores of a cell: quality with chance taken off, speed, the metric itself, and
    the cost score where it is known."""

_HUES = 8
_SHAPES: Mapping[str, str] = {
    "circle": "M-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0z",
    "square": "M-3.6-3.6h7.2v7.2h-7.2z",
    "diamond": "M0-5L5 0L0 5L-5 0z",
    "triangle-up": "M0-4.8L4.8 3.6h-9.6z",
    "cross": "M-1.6-4.8h3.2v3.2h3.2v3.2h-3.2v3.2h-3.2v-3.2h-3.2v-3.2h3.2z",
    "triangle-down": "M0 4.8L4.8-3.6h-9.6z",
    "star": "M0-5.4L1.5-1.7L5.3-1.6L2.3.8L3.3 4.6L0 2.4L-3.3 4.6L-2.3.8L-5.3-1.6"
    "L-1.5-1.7z",
    "pentagon": "M0-5L4.8-1.5L2.9 4.1h-5.8L-4.8-1.5z",
    "hourglass": "M-4-4.6h8L-4 4.6h8z",
}
"""Names as the plotting library has them. One more than there are colours, so that a
colour comes back with another shape."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """The mark of a row in all plots: its colour and its shape."""

    hue: int
    shape: str
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row of the scoreboard with what it has only beside the others."""

    standing: Standing
    label: str
    """The shortest name that no other row has."""
    mark: Mark
    comparison: int | None
    """Index of its comparison on the board; ``None`` without a score."""
    place: int | None
    """Rank by the balanced score in that comparison; ``None`` too for a row that is not
    above guessing."""
    covered: tuple[int, int]
    """Number of the run's families that it has."""
    scores: Mapping[str, Sequence[CellScores]]
    """Scores of its cells, by family."""
    costs: Mapping[str, float | None]
    """What an answer costs, by family; of all of them where the name is empty."""


def row_key(cell: Cell | Standing) -> tuple[str, str, str]:
    """Return what a cell has in common with its row."""
    return cell.model, cell.device, cell.scenario


def rows_of(board: Scoreboard) -> list[Row]:
    """Return the rows, those of a comparison together and its best first.

    Rows without a score come last.
    """
    placed = {
        id_: (number, place)
        for number, comparison in enumerate(board.comparisons)
        for id_, place in zip(comparison.rows, comparison.places, strict=True)
    }
    scores = _scores(board.summaries)
    total = len({family for s in board.standings for family in s.families})
    labels = _labels(board.standings)
    rows = []
    for standing, label in zip(board.standings, labels, strict=True):
        comparison, place = placed.get(standing.id, (None, None))
        rows.append(
            Row(
                standing=standing,
                label=label,
                mark=_mark(0),
                comparison=comparison,
                place=place,
                covered=(len(standing.families), total),
                scores=scores[row_key(standing)],
                costs=_costs(board, standing),
            )
        )
    # Within a comparison they stand in its order already, the best one first.
    rows.sort(
        key=lambda row: (
            len(board.comparisons) if row.comparison is None else row.comparison
        )
    )
    return [replace(row, mark=_mark(number)) for number, row in enumerate(rows)]


def _scores(
    summaries: Sequence[Summary],
) -> dict[tuple[str, str, str], dict[str, list[CellScores]]]:
    found: dict[tuple[str, str, str], dict[str, list[CellScores]]]
    found = defaultdict(lambda: defaultdict(list))
    for summary in summaries:
        earned, speed = summary.normalized.value, summary.speed.value
        quality = summary.quality.value
        if earned is not None and speed is not None and quality is not None:
            own = found[row_key(summary.cell)]
            cost = summary.cost_score.value
            own[summary.cell.family].append((earned, speed, quality, cost))
    return found


def cost_unit(board: Scoreboard) -> str | None:
    """Return the unit of the cost budgets; ``None`` for none, and for several."""
    units = {s.cost_budget.unit for s in board.summaries if s.cost_budget is not None}
    return units.pop() if len(units) == 1 else None


def _costs(board: Scoreboard, standing: Standing) -> dict[str, float | None]:
    """Return what an answer costs in the unit of the cost budgets, by family."""
    unit = cost_unit(board)
    if unit is None:
        return {}
    name = "joules_per_answer" if unit == JOULES else "cost_per_answer"
    spent: dict[str, list[tuple[float | None, int]]] = defaultdict(list)
    for summary in board.summaries:
        if row_key(summary.cell) == row_key(standing):
            answered = summary.samples - summary.errors - summary.timeouts
            cost = dict(summary.averages)[name].value
            spent[summary.cell.family].append((cost, answered))
    return {
        "": dict(standing.averages)[name].value,
        **{family: _joined(own) for family, own in spent.items()},
    }


def _joined(costs: Sequence[tuple[float | None, int]]) -> float | None:
    """Return what an answer costs over cells, of each (cost, answers)."""
    answers = sum(count for _, count in costs)
    if not answers or any(cost is None for cost, _ in costs):
        return None
    return sum((cost or 0.0) * count for cost, count in costs) / answers


def _labels(standings: Sequence[Standing]) -> list[str]:
    """Name each row by its model, and by device and load where these differ."""
    devices = {s.device for s in standings}
    return [
        " ".join(
            (
                s.model,
                *(("on", s.device) if len(devices) > 1 else ()),
                *((s.scenario,) if s.scenario != "single" else ()),
            )
        )
        for s in standings
    ]


def _mark(number: int) -> Mark:
    shapes = list(_SHAPES.items())
    shape, path = shapes[number % len(shapes)]
    return Mark(hue=number % _HUES, shape=shape, path=path)
