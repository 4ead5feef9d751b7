"""Decisions on rows: which may be compared, which is best, which are on the front.

Rows are compared if they were asked the same (tasks, their revisions, samples, and how
often) under the same load. Everything that a report says of a row beside others is
decided here, within one comparison. Only rows that are above guessing for certain are
ranked: among guessers the fastest would be the best.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pytest_llmlat.analysis import score
from pytest_llmlat.analysis.cell_counts import latencies
from pytest_llmlat.analysis.comparisons import best_against_others
from pytest_llmlat.analysis.measured_rows import stopped_early
from pytest_llmlat.analysis.spending import cost_figures
from pytest_llmlat.analysis.sweeps import swept
from pytest_llmlat.values.balance import weighed
from pytest_llmlat.values.row_comparison import (
    AXES,
    COST_AXES,
    Apart,
    Comparison,
    Front,
    HalfBetter,
    Unranked,
    WhyApart,
    WhyUnranked,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pytest_llmlat.analysis.comparisons import Scored
    from pytest_llmlat.analysis.measured_rows import MeasuredCell, MeasuredRow
    from pytest_llmlat.analysis.workload import Workload
    from pytest_llmlat.values.balance import Balance
    from pytest_llmlat.values.results import Contrast, Standing
    from pytest_llmlat.values.row_comparison import FrontAxis, Sweep

    Key = tuple[str, tuple[Workload, ...]]
    """What a row was asked: its scenario, and the workloads of its cells."""
    Point = tuple[float, ...] | None
    """Place of a row: quality, and figures that are better the smaller they are."""


_LITTLE = 0.1
"""Weight of time below which twice the time costs a twentieth of a score at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decisions:
    """Decisions on all rows of a board."""

    standings: tuple[Standing, ...]
    """All rows in the order given, with their figures beside other rows."""
    comparisons: tuple[Comparison, ...]
    contrasts: tuple[Contrast, ...]
    unscored: tuple[str, ...]


def decide(
    rows: Sequence[MeasuredRow], scored: Mapping[str, Scored], balance: Balance
) -> Decisions:
    """Compare rows with those that were asked the same.

    Args:
        rows: best balanced score first, after it those that are not above guessing;
            rows without a score come last.
        scored: the resamples of those that have a score, by their ids.
        balance: which mean is called balanced.
    """
    known = [row for row in rows if row.standing.id in scored]
    groups: dict[Key, list[MeasuredRow]] = defaultdict(list)
    for row in known:
        groups[asked(row)].append(row)
    standings = {row.place: row.standing for row in rows}
    contrasts: list[Contrast] = []
    comparisons: list[Comparison] = []
    for group in sorted(groups.values(), key=_order):
        beside, sweeps = _beside_others(group, balance)
        within = {row.place for row in group}
        standings |= dict(zip((row.place for row in group), beside, strict=True))
        own = best_against_others(
            [scored[standing.id] for standing in beside if standing.above_guessing]
        )
        apart = tuple(
            Apart(row=other.standing.id, why=_why_apart(group, other))
            for other in known
            if other.place not in within
        )
        contrasts += own
        comparisons.append(
            replace(
                _comparison(group, beside, own, apart, axes=_axes(balance)),
                sweeps=sweeps,
                time_hardly_counts=_little_time(beside, balance),
            )
        )
    return Decisions(
        standings=tuple(standings[row.place] for row in rows),
        comparisons=tuple(comparisons),
        contrasts=tuple(contrasts),
        unscored=tuple(r.standing.id for r in rows if r.standing.id not in scored),
    )


def _order(group: Sequence[MeasuredRow]) -> tuple[bool, int, int, int]:
    """Sort comparisons of several rows first, then those that are about more."""
    families, first = group[0].standing.families, min(row.place for row in group)
    return len(group) == 1, -len(families), -len(group), first


def asked(row: MeasuredRow) -> Key:
    """Return what a row was asked, and how: equal for rows that may be compared."""
    return row.standing.scenario, tuple(sorted(cell.workload for cell in row.cells))


def _comparison(
    group: Sequence[MeasuredRow],
    standings: Sequence[Standing],
    contrasts: Sequence[Contrast],
    apart: tuple[Apart, ...],
    *,
    axes: Sequence[FrontAxis],
) -> Comparison:
    ranked = [row for row in group if row.standing.above_guessing]
    values = [row.standing.balanced.value or 0.0 for row in ranked]
    places = [1 + sum(other > own for other in values) for own in values]
    counts = [cell.counts for row in group for cell in row.cells]
    ranks = [standing.ranks for standing in standings if standing.ranks is not None]
    early = {row.standing.id for row in group if stopped_early(row.cells)}
    stopped = tuple(c.other for c in contrasts if early & {c.row, c.other})
    return Comparison(
        scenario=standings[0].scenario,
        families=standings[0].families,
        rows=tuple(standing.id for standing in standings),
        places=(*places, *[None] * (len(group) - len(ranked))),
        best=standings[0].id if ranked and len(group) > 1 else None,
        better_than=tuple(c.other for c in contrasts if c.certain),
        not_distinguishable=tuple(
            c.other
            for c in contrasts
            if not c.certain
            and (c.pace, c.answers) == (None, None)
            and c.other not in stopped
        ),
        halves=tuple(
            HalfBetter(row=c.other, pace=c.pace, answers=c.answers)
            for c in contrasts
            if not c.certain and (c.pace or c.answers)
        ),
        fronts=tuple(_fronts(group[0].standing.families, ranked, axes)),
        weight_decides=any(best != worst for best, worst in ranks),
        sweeps=(),
        time_hardly_counts=None,
        unranked=tuple(
            Unranked(row=row.standing.id, why=_why_unranked(row))
            for row in group
            if not row.standing.above_guessing
        ),
        right_in_time=sum(own.in_time for own in counts),
        judged=sum(own.judged for own in counts),
        contended=any(
            cell.summary.contention is not None
            and cell.summary.contention.contended is not None
            for row in group
            for cell in row.cells
        ),
        apart=apart,
        behind=any(
            cell.summary.steadiness is not None
            and cell.summary.steadiness.keeps_up is False
            for row in group
            for cell in row.cells
        ),
        stopped=stopped,
    )


def _beside_others(
    group: Sequence[MeasuredRow], balance: Balance
) -> tuple[list[Standing], tuple[Sweep, ...]]:
    """Return the ranked rows with their figures beside each other.

    And whether their order depends on what was chosen for it.
    """
    ranked = [row for row in group if row.standing.above_guessing]
    points = [row.standing.point for row in ranked]
    front = _axes(balance)[-1] if weighed(balance).weighs_cost else AXES[0]
    tried = swept(ranked, balance)
    beside = [
        replace(row.standing, pareto=pareto, ranks=ranks, budget_ranks=budgets, bis=bis)
        for row, pareto, ranks, budgets, bis in zip(
            ranked,
            score.front([_point(row, None, front) for row in ranked]),
            tried["weight"][0],
            tried["budget"][0],
            score.integration_scores(points),
            strict=True,
        )
    ]
    # They come last already.
    standings = [*beside, *(row.standing for row in group[len(ranked) :])]
    several = len(ranked) > 1
    return standings, tuple(sweep for _, sweep in tried.values() if several)


def _axes(balance: Balance) -> Sequence[FrontAxis]:
    """Return what fronts there are: of cost only where that is weighed."""
    return (*AXES, *COST_AXES) if weighed(balance).weighs_cost else AXES


def _fronts(
    families: Sequence[str], ranked: Sequence[MeasuredRow], axes: Sequence[FrontAxis]
) -> Iterable[Front]:
    """Yield the front of every plane: all families and each, against each axis."""
    for family in (None, *families):
        for axis in axes:
            on = score.front([_point(row, family, axis) for row in ranked])
            yield Front(
                family=family,
                axis=axis,
                rows=tuple(
                    row.standing.id
                    for row, is_on in zip(ranked, on, strict=True)
                    if is_on
                ),
            )


def _point(row: MeasuredRow, family: str | None, axis: FrontAxis) -> Point:
    """Return where a row stands; ``None`` where a figure is missing."""
    standing, cells = row.standing, row.cells
    quality, speed = standing.quality.value, standing.speed.value
    seconds = standing.e2e_s.p50
    if family is not None:
        cells = [cell for cell in cells if cell.workload.family == family]
        found = [cell.estimates for cell in cells if cell.estimates is not None]
        quality = sum(h.value.value for h in found) / len(found)
        speed = sum(h.speed.value for h in found) / len(found)
        seconds = latencies([cell.counts for cell in cells])["e2e_s"].p50
    figures: dict[FrontAxis, tuple[float | None, ...]] = {
        "e2e": (seconds,),
        "speed": (None if speed is None else -speed,),
    }
    if axis in COST_AXES:
        cost = _cost(cells)
        figures |= {"cost": (cost,), "e2e and cost": (seconds, cost)}
    point = [each for each in (quality, *figures[axis]) if each is not None]
    return tuple(point) if len(point) == 1 + len(figures[axis]) else None


def _cost(cells: Sequence[MeasuredCell]) -> float | None:
    """Return what an answer costs, in the unit of the cost budgets."""
    budgets = {cell.summary.cost_budget for cell in cells}
    units = {None if budget is None else budget.unit for budget in budgets}
    if len(units) > 1 or None in units:
        return None
    energy = any(budget is not None and budget.of_energy for budget in budgets)
    name = "joules_per_answer" if energy else "cost_per_answer"
    told = dict(cost_figures([cell.spent for cell in cells], row=True))
    return told[name].value


def _little_time(standings: Sequence[Standing], balance: Balance) -> float | None:
    """Return the weight of time where it is little; of the default mean only."""
    weights = [
        dict(row.numbers).get("time_weight") for row in standings if row.above_guessing
    ]
    largest = max((weight for weight in weights if weight is not None), default=None)
    if balance != "geometric" or largest is None or largest > _LITTLE:
        return None
    return largest


def _why_unranked(row: MeasuredRow) -> WhyUnranked:
    """Return the first reason for which a row is not above guessing."""
    cells = [cell.estimates for cell in row.cells if cell.estimates is not None]
    if any(found.speed.value == 0.0 for found in cells):
        return WhyUnranked.UNANSWERED
    if all(found.value.value == 0.0 for found in cells):
        return WhyUnranked.QUALITY
    return WhyUnranked.GUESSING


def _why_apart(group: Sequence[MeasuredRow], other: MeasuredRow) -> WhyApart:
    """Return the first reason for which a row is in another comparison."""
    (scenario, mine), (another, theirs) = asked(group[0]), asked(other)
    differs = {
        WhyApart.LOAD: scenario != another,
        WhyApart.FAMILIES: {one.family for one in mine}
        != {one.family for one in theirs},
        WhyApart.TASKS: [one.task for one in mine] != [one.task for one in theirs],
        WhyApart.VERSION: [one.revision for one in mine]
        != [one.revision for one in theirs],
        WhyApart.MISSING: any(row.standing.partial for row in (*group, other)),
        WhyApart.SAMPLES: [one.samples for one in mine]
        != [one.samples for one in theirs],
        WhyApart.REQUESTS: True,
    }
    return next(why for why in WhyApart if differs[why])
