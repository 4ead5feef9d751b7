"""A row of the scoreboard as it was measured: its cells, and means over families."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_llmlat.analysis import score
from pytest_llmlat.analysis.comparisons import Scored

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_llmlat.analysis.cell_bootstrap import CellBootstrap
    from pytest_llmlat.analysis.cell_counts import CellCounts
    from pytest_llmlat.analysis.workload import Workload
    from pytest_llmlat.values.records import Cell
    from pytest_llmlat.values.results import Standing, Summary
    from pytest_llmlat.values.settings import Balance


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredCell:
    """A cell with everything that its row needs."""

    summary: Summary
    bootstrap: CellBootstrap | None
    """``None`` for a cell without records."""
    counts: CellCounts
    workload: Workload


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredRow:
    """A row with the cells that it was made of."""

    place: int
    """In the order of the run; no two rows have the same."""
    standing: Standing
    cells: Sequence[MeasuredCell]


def row_of(cell: Cell) -> tuple[str, str, str]:
    """Return what makes a row: under another load a model is not as fast."""
    return cell.model, cell.device, cell.scenario


def over_families(
    cells: Sequence[MeasuredCell], figure: Callable[[CellBootstrap], Any]
) -> Any:  # noqa: ANN401 - a float, or an array of draws
    """Average a figure over families, each the average of its cells."""
    families: dict[str, list[Any]] = defaultdict(list)
    for cell in cells:
        if cell.bootstrap is not None:
            families[cell.summary.cell.family].append(figure(cell.bootstrap))
    if not families:
        return None
    means = [sum(figures) / len(figures) for figures in families.values()]
    return sum(means) / len(means)


def balanced_at(
    weight: float, cells: Sequence[MeasuredCell], balance: Balance
) -> float | None:
    """Return what the balanced score of a row would be with this weight of quality."""
    found: float | None = over_families(
        cells, lambda h: score.balance(h.quality, h.speed, balance, weight)
    )
    return found


def scored(row: MeasuredRow, balance: Balance) -> Scored | None:
    """Return a row with the resamples of its balanced score; ``None`` without one."""
    value, cells = row.standing.balanced.value, row.cells
    if value is None:
        return None
    return Scored(
        name=row.standing.id,
        value=value,
        draws=over_families(
            cells, lambda h: score.balance(h.quality_draws, h.speed_draws, balance)
        ),
        samples=min(c.summary.samples for c in cells if c.bootstrap is not None),
        drift=value
        - over_families(
            cells, lambda h: score.balance(h.quality, score.drifted(h.speed), balance)
        ),
    )
