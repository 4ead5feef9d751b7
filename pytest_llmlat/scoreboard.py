"""From the cells of a run to one row for each model on each device."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pytest_llmlat import score
from pytest_llmlat.results import Estimate, Scoreboard, Standing
from pytest_llmlat.statistics import interval
from pytest_llmlat.summary import (
    correct_within_budget,
    decode_rate,
    latencies,
    seconds_per_correct,
    summarise,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from pytest_llmlat.halves import Halves
    from pytest_llmlat.records import Cell, CellFacts, Record
    from pytest_llmlat.results import Summary
    from pytest_llmlat.settings import Balance
    from pytest_llmlat.slo import Objective


@dataclass(frozen=True, slots=True)
class _Measured:
    """A cell with everything that its row needs."""

    summary: Summary
    halves: Halves | None
    records: tuple[Record, ...]


def scoreboard(
    facts: Iterable[CellFacts],
    records: Iterable[Record],
    *,
    balance: Balance,
    seed: int,
    slo: tuple[Objective, ...] = (),
) -> Scoreboard:
    """Compute all summaries of a run, and the rows that they make.

    Args:
        facts: one for each cell that was begun.
        records: of all cells.
        balance: which mean is called balanced.
        seed: of the resampling.
        slo: which answers came in time to be called good.
    """
    by_cell: dict[str, list[Record]] = defaultdict(list)
    for record in records:
        by_cell[record.cell.id].append(record)
    rows: dict[tuple[str, str, str], list[_Measured]] = defaultdict(list)
    for fact in facts:
        own = by_cell[fact.cell.id]
        summary, halves = summarise(fact, own, balance=balance, seed=seed, slo=slo)
        measured = _Measured(summary, halves, tuple(own))
        rows[_row(fact.cell)].append(measured)
    groups = list(rows.values())
    compared = _compare(
        [_standing(group, balance) for group in groups], groups, balance
    )
    return Scoreboard(
        summaries=tuple(cell.summary for group in groups for cell in group),
        standings=tuple(
            sorted(
                compared, key=lambda s: _or(s.balanced.value, -math.inf), reverse=True
            )
        ),
    )


def _row(cell: Cell) -> tuple[str, str, str]:
    """Return what makes a row: under another load a model is not as fast."""
    return cell.model, cell.device, cell.scenario


def _standing(cells: Sequence[_Measured], balance: Balance) -> Standing:
    """Join the cells of a row, each family with the same weight."""
    records = [record for cell in cells for record in cell.records]
    summaries = [cell.summary for cell in cells]
    first = summaries[0].cell
    return Standing(
        model=first.model,
        device=first.device,
        scenario=first.scenario,
        families=tuple(
            dict.fromkeys(c.summary.cell.family for c in cells if c.halves is not None)
        ),
        samples=len(records),
        errors=sum(s.errors for s in summaries),
        timeouts=sum(s.timeouts for s in summaries),
        partial=any(s.partial for s in summaries),
        quality=_joined(cells, lambda h: h.quality, lambda h: h.quality_draws),
        speed=_joined(cells, lambda h: h.speed, lambda h: h.speed_draws),
        balanced=_joined(
            cells,
            lambda h: score.balance(h.quality, h.speed, balance),
            lambda h: score.balance(h.quality_draws, h.speed_draws, balance),
        ),
        **latencies(records),
        decode_tokens_per_s=decode_rate(records),
        peak_rss_bytes=max(s.peak_rss_bytes or 0 for s in summaries) or None,
        peak_device_bytes=max(s.peak_device_bytes or 0 for s in summaries) or None,
        seconds_per_correct=seconds_per_correct(
            (cell.summary.load, cell.records) for cell in cells
        ),
        correct_within_budget=correct_within_budget(records),
        pareto=None,
        ranks=None,
        bis=None,
    )


def _compare(
    standings: Sequence[Standing],
    groups: Sequence[Sequence[_Measured]],
    balance: Balance,
) -> list[Standing]:
    """Add what a row only has beside others."""
    points = [_point(standing) for standing in standings]
    weighted = {
        weight: [_balanced_at(weight, cells, balance) for cells in groups]
        for weight in score.WEIGHTS
    }
    return [
        replace(standing, pareto=pareto, ranks=ranks, bis=bis)
        for standing, pareto, ranks, bis in zip(
            standings,
            score.front(points),
            score.rank_ranges(weighted),
            score.integration_scores(points),
            strict=True,
        )
    ]


def _balanced_at(
    weight: float, cells: Sequence[_Measured], balance: Balance
) -> float | None:
    """Return what the balanced score of a row would be with this weight of quality."""
    found: float | None = _over_families(
        cells, lambda h: score.balance(h.quality, h.speed, balance, weight)
    )
    return found


def _point(standing: Standing) -> tuple[float, float] | None:
    """Return (quality, seconds), the plane on which rows are compared."""
    quality, seconds = standing.quality.value, standing.e2e_s.p50
    return None if quality is None or seconds is None else (quality, seconds)


def _joined(
    cells: Sequence[_Measured],
    value: Callable[[Halves], float],
    draws: Callable[[Halves], Any],
) -> Estimate:
    mean = _over_families(cells, value)
    if mean is None:
        return Estimate(value=None)
    low, high = interval(_over_families(cells, draws))
    return Estimate(value=mean, low=low, high=high)


def _over_families(cells: Sequence[_Measured], figure: Callable[[Halves], Any]) -> Any:  # noqa: ANN401 - a float, or an array of draws
    """Average a figure over families, each the average of its cells."""
    families: dict[str, list[Any]] = defaultdict(list)
    for cell in cells:
        if cell.halves is not None:
            families[cell.summary.cell.family].append(figure(cell.halves))
    if not families:
        return None
    means = [sum(figures) / len(figures) for figures in families.values()]
    return sum(means) / len(means)


def _or(value: float | None, otherwise: float) -> float:
    return otherwise if value is None else value
