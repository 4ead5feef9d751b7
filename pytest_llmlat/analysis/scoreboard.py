"""From the cells of a run to one row for each model on each device."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pytest_llmlat.analysis import score
from pytest_llmlat.analysis.cell_bootstrap import halve_all
from pytest_llmlat.analysis.cell_counts import (
    correct_within_budget,
    decode_rate,
    latencies,
    seconds_per_correct,
)
from pytest_llmlat.analysis.comparisons import Scored, best_against_others
from pytest_llmlat.analysis.resampling import interval
from pytest_llmlat.analysis.summary import complete, condense
from pytest_llmlat.analysis.variants import tunings
from pytest_llmlat.values.results import Estimate, Scoreboard, Standing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from pytest_llmlat.analysis.cell_bootstrap import Halves
    from pytest_llmlat.analysis.cell_counts import Tally
    from pytest_llmlat.analysis.slo import Objective
    from pytest_llmlat.analysis.summary import Condensed
    from pytest_llmlat.values.records import Cell, CellFacts, Record
    from pytest_llmlat.values.results import Summary, Varied
    from pytest_llmlat.values.settings import Balance


@dataclass(frozen=True, slots=True)
class _Measured:
    """A cell with everything that its row needs."""

    summary: Summary
    halves: Halves | None
    tally: Tally


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
    cells = ((fact, by_cell[fact.cell.id]) for fact in facts)
    return scoreboard_of(cells, balance=balance, seed=seed, slo=slo)


def scoreboard_of(
    cells: Iterable[tuple[CellFacts, Sequence[Record]]],
    *,
    balance: Balance,
    seed: int,
    slo: tuple[Objective, ...] = (),
    varied: Sequence[Varied] = (),
) -> Scoreboard:
    """Compute the same cell by cell; no record is kept.

    Args:
        cells: the facts and the records of each cell that was begun.
        balance: which mean is called balanced.
        seed: of the resampling.
        slo: which answers came in time to be called good.
        varied: models that are one model in several settings.
    """
    condensed = [condense(facts, records, slo=slo) for facts, records in cells]
    return joined(condensed, balance=balance, seed=seed, varied=varied)


def joined(
    condensed: Sequence[Condensed],
    *,
    balance: Balance,
    seed: int,
    varied: Sequence[Varied] = (),
) -> Scoreboard:
    """Compute the same from what is left of the cells' records.

    Args:
        condensed: one for each cell that was begun.
        balance: which mean is called balanced.
        seed: of the resampling.
        varied: models that are one model in several settings.
    """
    filled = [cell.items for cell in condensed if cell.items is not None]
    halves = iter(halve_all(filled, seed))
    rows: dict[tuple[str, str, str], list[_Measured]] = defaultdict(list)
    for cell in condensed:
        half = None if cell.items is None else next(halves)
        measured = _Measured(complete(cell, half, balance), half, cell.tally)
        rows[_row(cell.facts.cell)].append(measured)
    groups = list(rows.values())
    compared = _compare(
        [_standing(group, balance) for group in groups], groups, balance
    )
    scored = {
        row.id: own
        for row, group in zip(compared, groups, strict=True)
        if (own := _scored(row, group, balance)) is not None
    }
    standings = tuple(
        sorted(compared, key=lambda s: _or(s.balanced.value, -math.inf), reverse=True)
    )
    return Scoreboard(
        summaries=tuple(cell.summary for group in groups for cell in group),
        standings=standings,
        contrasts=tuple(
            contrast
            for rows in _alike(standings, groups)
            for contrast in best_against_others([scored[row] for row in rows])
        ),
        tunings=tunings(standings, scored, varied),
    )


def _scored(
    row: Standing, cells: Sequence[_Measured], balance: Balance
) -> Scored | None:
    """Return a row with the resamples of its balanced score."""
    if row.balanced.value is None:
        return None
    return Scored(
        name=row.id,
        value=row.balanced.value,
        draws=_over_families(
            cells, lambda h: score.balance(h.quality_draws, h.speed_draws, balance)
        ),
        samples=min(c.summary.samples for c in cells if c.halves is not None),
        drift=row.balanced.value
        - _over_families(
            cells, lambda h: score.balance(h.quality, score.drifted(h.speed), balance)
        ),
    )


def _alike(
    standings: Iterable[Standing], groups: Iterable[Sequence[_Measured]]
) -> Iterable[list[str]]:
    """Group the rows that answered the same samples in the same scenario."""
    asked = {
        _row(cells[0].summary.cell): tuple(
            sorted((c.summary.cell.task, c.summary.samples) for c in cells)
        )
        for cells in groups
    }
    alike: dict[tuple[object, ...], list[str]] = defaultdict(list)
    for row in standings:
        if row.balanced.value is not None:
            same = asked[row.model, row.device, row.scenario]
            alike[row.scenario, same].append(row.id)
    return alike.values()


def _row(cell: Cell) -> tuple[str, str, str]:
    """Return what makes a row: under another load a model is not as fast."""
    return cell.model, cell.device, cell.scenario


def _standing(cells: Sequence[_Measured], balance: Balance) -> Standing:
    """Join the cells of a row, each family with the same weight."""
    tallies = [cell.tally for cell in cells]
    summaries = [cell.summary for cell in cells]
    first = summaries[0].cell
    return Standing(
        model=first.model,
        device=first.device,
        scenario=first.scenario,
        families=tuple(
            dict.fromkeys(c.summary.cell.family for c in cells if c.halves is not None)
        ),
        samples=sum(t.samples for t in tallies),
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
        **latencies(tallies),
        decode_tokens_per_s=decode_rate(tallies),
        peak_rss_bytes=max(s.peak_rss_bytes or 0 for s in summaries) or None,
        peak_device_bytes=max(s.peak_device_bytes or 0 for s in summaries) or None,
        seconds_per_correct=seconds_per_correct(tallies),
        correct_within_budget=correct_within_budget(tallies),
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
    points = [standing.point for standing in standings]
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
