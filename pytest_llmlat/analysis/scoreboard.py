"""From the cells of a run to one row for each model on each device."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import TYPE_CHECKING

from pytest_llmlat.analysis.above_guessing import above_guessing
from pytest_llmlat.analysis.answers_alone import load_answers
from pytest_llmlat.analysis.averaged_figures import averages
from pytest_llmlat.analysis.cell_bootstrap import bootstrap_cells
from pytest_llmlat.analysis.cell_counts import (
    decode_rate,
    latencies,
    seconds_per_correct,
    tokens_per_correct,
)
from pytest_llmlat.analysis.decisions import decide
from pytest_llmlat.analysis.figure_parts import distributions, numbers
from pytest_llmlat.analysis.intervals import averaged
from pytest_llmlat.analysis.measured_rows import (
    MeasuredCell,
    MeasuredRow,
    family_weights,
    over_families,
    scored,
)
from pytest_llmlat.analysis.searched_loads import searched_loads
from pytest_llmlat.analysis.spending import cost_figures
from pytest_llmlat.analysis.summary import complete, condense
from pytest_llmlat.analysis.untimed import without_times
from pytest_llmlat.analysis.variants import tunings
from pytest_llmlat.values.results import Estimate, Scoreboard, Standing

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from pytest_llmlat.analysis.cell_estimates import CellEstimates
    from pytest_llmlat.analysis.slo import Objective
    from pytest_llmlat.analysis.summary import Condensed
    from pytest_llmlat.values.balance import Balance
    from pytest_llmlat.values.cell_facts import CellFacts
    from pytest_llmlat.values.records import Record
    from pytest_llmlat.values.varied import Varied


_UNKNOWN = Estimate(value=None)


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
    """Compute the scoreboard cell by cell; no record is kept.

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
    cut_off: Collection[tuple[str, str, str]] = (),
) -> Scoreboard:
    """Compute the scoreboard from what is left of the cells' records.

    Args:
        condensed: one for each cell that was planned or begun.
        balance: which mean is called balanced.
        seed: of the resampling.
        varied: models that are one model in several settings.
        cut_off: rows of which more may have been to come.
    """
    rows = _ordered(rows_of_cells(condensed, balance, seed, cut_off))
    draws = {
        row.standing.id: own
        for row in rows
        if (own := scored(row, balance)) is not None
    }
    decided = decide(rows, draws, balance)
    # Summaries keep the order of measuring.
    places = sorted(rows, key=lambda row: row.place)
    return Scoreboard(
        summaries=tuple(cell.summary for row in places for cell in row.cells),
        standings=decided.standings,
        contrasts=decided.contrasts,
        tunings=tunings(decided.standings, draws, varied, decided.comparisons),
        comparisons=decided.comparisons,
        unscored=decided.unscored,
        searches=searched_loads(cell.level for cell in condensed),
        load_answers=load_answers(cell.answers for cell in condensed),
        balance=balance,
    )


def rows_of_cells(
    condensed: Sequence[Condensed],
    balance: Balance,
    seed: int,
    cut_off: Collection[tuple[str, str, str]],
) -> list[MeasuredRow]:
    """Return the rows that cells make, in the order of measuring."""
    filled = [cell.items for cell in condensed if cell.items is not None]
    # A row that stands alone is compared with nothing.
    several = len({cell.facts.cell.row for cell in condensed}) > 1
    resampled = iter(bootstrap_cells(filled, seed) if several else [])
    groups: dict[tuple[str, str, str], list[MeasuredCell]] = defaultdict(list)
    for cell in condensed:
        groups[cell.facts.cell.row].append(
            MeasuredCell(
                summary=complete(cell, balance),
                estimates=cell.estimates,
                bootstrap=None if cell.items is None else next(resampled, None),
                counts=cell.counts,
                workload=cell.workload,
                spent=cell.spent,
            )
        )
    return [
        MeasuredRow(
            place=place,
            standing=_standing(cells, balance, partial=row in cut_off),
            cells=cells,
        )
        for place, (row, cells) in enumerate(groups.items())
    ]


def _ordered(rows: Iterable[MeasuredRow]) -> list[MeasuredRow]:
    """Return rows from the best on."""
    return sorted(
        rows,
        # Luck at guessing is no reason to stand above who can do something.
        key=lambda row: (
            bool(row.standing.above_guessing),
            _or(row.standing.balanced.value, -math.inf),
        ),
        reverse=True,
    )


def _standing(
    cells: Sequence[MeasuredCell], balance: Balance, *, partial: bool
) -> Standing:
    """Join the cells of a row, each family with the same weight."""
    counts = [cell.counts for cell in cells]
    summaries = [cell.summary for cell in cells]
    first = summaries[0].cell
    row = Standing(
        model=first.model,
        device=first.device,
        scenario=first.scenario,
        families=tuple(
            dict.fromkeys(
                c.summary.cell.family for c in cells if c.estimates is not None
            )
        ),
        samples=sum(t.samples for t in counts),
        errors=sum(s.errors for s in summaries),
        timeouts=sum(s.timeouts for s in summaries),
        grouped=sum(s.grouped for s in summaries),
        partial=partial or any(s.partial for s in summaries),
        quality=_joined(cells, lambda found: found.value.estimate),
        chance=over_families(cells, lambda found: found.chance.value),
        normalized=_joined(cells, lambda found: found.normalized),
        above_guessing=above_guessing(cells),
        speed=_joined(cells, lambda found: found.speed.estimate),
        balanced=_joined(cells, lambda found: found.balanced(balance)),
        cost_score=_joined(
            cells, lambda found: found.cost.estimate if found.cost else _UNKNOWN
        ),
        **latencies(counts),
        figures=distributions([each.by_entry for each in counts]),
        numbers=numbers([each.by_entry for each in counts]),
        averages=(
            *averages(
                [
                    (cell.estimates.averages, cell.summary.cell.family)
                    for cell in cells
                    if cell.estimates is not None
                ],
                row=True,
            ),
            *cost_figures([cell.spent for cell in cells], row=True),
        ),
        decode_tokens_per_s=decode_rate(counts),
        peak_rss_bytes=max(s.peak_rss_bytes or 0 for s in summaries) or None,
        peak_device_bytes=max(s.peak_device_bytes or 0 for s in summaries) or None,
        seconds_per_correct=seconds_per_correct(counts),
        tokens_per_correct=tokens_per_correct(counts),
        pareto=None,
        ranks=None,
        budget_ranks=None,
        bis=None,
    )
    untimed = any(summary.untimed is not None for summary in summaries)
    return without_times(row) if untimed else row


def _joined(
    cells: Sequence[MeasuredCell], figure: Callable[[CellEstimates], Estimate]
) -> Estimate:
    """Average a figure over families, with the interval of the average."""
    found = [cell.estimates for cell in cells if cell.estimates is not None]
    if not found:
        return Estimate(value=None)
    if len(found) == 1:
        return figure(found[0])
    told = [figure(each.to_average) for each in found]
    if any(each.value is None for each in told):
        # An average without the cells of which it is not known would be of others.
        return Estimate(value=None)
    return averaged(told, family_weights(cells))


def _or(value: float | None, otherwise: float) -> float:
    return otherwise if value is None else value
