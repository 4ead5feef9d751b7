"""A row of the scoreboard as it was measured: its cells, and means over families."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llmlat.analysis import score
from pytest_llmlat.analysis.comparisons import Scored
from pytest_llmlat.analysis.resampling import DRAWS
from pytest_llmlat.analysis.row_halves import CellQuality, RowHalves
from pytest_llmlat.values.balance import weighed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_llmlat.analysis.cell_bootstrap import CellBootstrap
    from pytest_llmlat.analysis.cell_counts import CellCounts
    from pytest_llmlat.analysis.cell_estimates import CellEstimates
    from pytest_llmlat.analysis.resampling import Array
    from pytest_llmlat.analysis.spending import SpendingByKind
    from pytest_llmlat.analysis.workload import Workload
    from pytest_llmlat.values.balance import Balance
    from pytest_llmlat.values.results import Standing, Summary


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredCell:
    """A cell with everything that its row needs."""

    summary: Summary
    estimates: CellEstimates | None
    """Its estimates; ``None`` for a cell without records."""
    bootstrap: CellBootstrap | None
    """Its resamples; ``None`` too where there is no other row to compare it with."""
    counts: CellCounts
    workload: Workload
    spent: SpendingByKind
    """What it cost, as far as that is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredRow:
    """A row with the cells that it was made of."""

    place: int
    """Its number in the order of the run; no two rows have the same."""
    standing: Standing
    cells: Sequence[MeasuredCell]


def family_weights(cells: Sequence[MeasuredCell]) -> list[float]:
    """Return the share of each measured cell in its row: each family has the same."""
    families = [c.summary.cell.family for c in cells if c.estimates is not None]
    counts = Counter(families)
    return [1 / counts[family] / len(counts) for family in families]


def over_families(
    cells: Sequence[MeasuredCell], figure: Callable[[CellEstimates], float]
) -> float | None:
    """Average a figure over families, each the average of its cells."""
    values = [figure(cell.estimates) for cell in cells if cell.estimates is not None]
    if not values:
        return None
    families: dict[str, list[float]] = defaultdict(list)
    measured = [cell for cell in cells if cell.estimates is not None]
    for cell, value in zip(measured, values, strict=True):
        families[cell.summary.cell.family].append(value)
    means = [sum(figures) / len(figures) for figures in families.values()]
    return sum(means) / len(means)


def balanced_at(
    weight: float, cells: Sequence[MeasuredCell], balance: Balance
) -> float | None:
    """Return the balanced score that a row would have with a weight of quality."""
    return over_families(
        cells,
        lambda h: score.balance(
            h.quality, h.speed.value, balance, cost=h.cost_score, weight=weight
        ),
    )


def balanced_at_budget(
    factor: float, cells: Sequence[MeasuredCell], balance: Balance
) -> float | None:
    """Return the balanced score with all latency budgets times a factor.

    Args:
        factor: one of ``score.BUDGETS``.
        cells: of the row.
        balance: which mean is called balanced.
    """
    place = score.BUDGETS.index(factor)
    return over_families(
        cells,
        lambda h: score.balance(
            h.quality, h.speeds_at[place], balance, cost=h.cost_score
        ),
    )


def balanced_at_cost_budget(
    factor: float, cells: Sequence[MeasuredCell], balance: Balance
) -> float | None:
    """Return the balanced score with all cost budgets times a factor.

    Args:
        factor: one of ``score.BUDGETS``.
        cells: of the row, each with a cost score.
        balance: which mean is called balanced; cost is weighed.
    """
    place = score.BUDGETS.index(factor)
    return over_families(
        cells,
        lambda h: score.balance(
            h.quality, h.speed.value, balance, cost=h.costs_at[place]
        ),
    )


def scored(row: MeasuredRow, balance: Balance) -> Scored | None:
    """Return a row with the resamples of its balanced score; ``None`` without one."""
    value, cells = row.standing.balanced.value, row.cells
    if value is None:
        return None
    drifted = over_families(
        cells,
        lambda h: score.balance(
            h.quality,
            score.drifted(h.speed.value),
            balance,
            cost=h.drifted_cost,
        ),
    )
    return Scored(
        name=row.standing.id,
        value=value,
        draws=_draws(cells, balance),
        samples=min(c.estimates.units for c in cells if c.estimates is not None),
        drift=value - (drifted or 0.0),
        halves=_halves(cells),
        by_score=weighed(balance).weighs_cost,
    )


def _halves(cells: Sequence[MeasuredCell]) -> RowHalves | None:
    """Return quality and time of a row; ``None`` where no draws tell of them."""
    import numpy as np

    if stopped_early(cells):
        return None
    found = [
        (weight, cell.estimates, cell.bootstrap)
        for weight, cell in zip(
            family_weights(cells), [c for c in cells if c.estimates], strict=True
        )
        if cell.estimates is not None and cell.bootstrap is not None
    ]
    if not found or len(found) < sum(c.estimates is not None for c in cells):
        return None
    logs = [estimates.log_time for _, estimates, _ in found]
    return RowHalves(
        cells=[
            CellQuality(
                weight=weight,
                value=estimates.value.value,
                draws=bootstrap.value_draws,
                units=estimates.units,
                right_or_wrong=estimates.right_or_wrong,
            )
            for weight, estimates, bootstrap in found
        ],
        log_time=None
        if None in logs
        else over_families(cells, lambda own: own.log_time or 0.0),
        log_time_draws=np.sum(
            [weight * bootstrap.log_time_draws for weight, _, bootstrap in found],
            axis=0,
        ),
    )


def stopped_early(cells: Sequence[MeasuredCell]) -> bool:
    """Whether a cell was stopped by its result, so that no resample holds."""
    return any(c.summary.stopping and c.summary.stopping.early for c in cells)


def _draws(cells: Sequence[MeasuredCell], balance: Balance) -> Array:
    """Return the score of each resample; empty where none were drawn.

    Of a row of which a cell was stopped by its result they are no numbers: resamples
    know nothing of how many samples there would have been otherwise.
    """
    import numpy as np

    draws = np.zeros(0)
    if stopped_early(cells):
        return np.full(DRAWS, np.nan)
    for weight, cell in zip(
        family_weights(cells), [c for c in cells if c.estimates], strict=True
    ):
        if cell.bootstrap is None:
            return np.zeros(0)
        own = cell.bootstrap
        scores = score.balance(
            own.quality_draws, own.speed_draws, balance, cost=own.cost_draws
        )
        draws = weight * scores + (draws if len(draws) else 0.0)
    return draws
