"""What answers cost: money and joules, per answer, per token and per right answer.

Cost of pass (Erol et al. 2025) is what is spent for each right answer: the cost of an
answer over the chance that it is right. Both have an interval of their own, the cost by
Student's t on its logarithm, the chance as quality has it; that of their ratio recovers
the variances of both logarithms from these limits (MOVER: Zou & Donner 2008). Where
nothing was right it is infinite, and what is known is that it is no less than the cost
over the highest chance that is likely.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, TypeAlias

from pytest_llmlat.analysis.energy_use import energy_use
from pytest_llmlat.analysis.intervals import (
    MeasuredFigure,
    difference,
    jackknife_figure,
    mean_figure,
)
from pytest_llmlat.analysis.item_units import Units
from pytest_llmlat.values.figure_table import FIGURES
from pytest_llmlat.values.request_cost import cost_of
from pytest_llmlat.values.results import Estimate

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_llmlat.analysis.resampling import Array
    from pytest_llmlat.values.cell_facts import CellFacts
    from pytest_llmlat.values.figure import Earned, Spent
    from pytest_llmlat.values.records import Record

_SPENT, _ASKED, _ANSWERED, _TOKENS, _JUDGED, _RIGHT = range(6)
_THOUSAND = 1000
_TINY = 1e-300
_ENDLESS = 300.0
_UNKNOWN = Estimate(value=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spending:
    """What the requests of a cell cost of one thing, and what they earned."""

    unit: str
    """Currency, or the unit of what is no money."""
    total: Decimal
    """Of all requests; of money to the last digit."""
    units: Array
    """(units, 6): cost, requests, answers, thousands of tokens, judged requests and
    right answers. What is alike is one unit, as in the intervals of quality."""
    judges: bool
    """Whether the metric knows right and wrong."""
    counted: bool
    """Whether the tokens of all answers are known."""


SpendingByKind: TypeAlias = "Mapping[Spent, Spending]"
"""What a cell cost, by what is spent; what is not known is left out."""


def spending(facts: CellFacts, records: Sequence[Record]) -> SpendingByKind:
    """Return what a cell cost, as far as it is known of all of its requests.

    Args:
        facts: of the cell, its price among them.
        records: of the cell.
    """
    found: dict[Spent, Spending] = {}
    money = None if facts.price is None else _money(facts, records)
    if money is not None and facts.price is not None:
        found["money"] = _spent(records, money, unit=facts.price.currency)
    for kind, used in energy_use(facts, records).items():
        if sum(used) > 0:
            costs = [Decimal(repr(each)) for each in used]
            found[kind] = _spent(records, costs, unit=kind)
    return found


def _money(facts: CellFacts, records: Sequence[Record]) -> Sequence[Decimal] | None:
    """Return the price of each request; ``None`` where one is not known."""
    if facts.price is None or not records:
        return None
    costs = [cost_of(record, facts.price, facts.load) for record in records]
    known = [cost for cost in costs if cost is not None]
    return known if len(known) == len(costs) else None


def _spent(
    records: Sequence[Record], costs: Sequence[Decimal], *, unit: str
) -> Spending:
    rows = [
        (
            float(cost),
            1.0,
            float(record.answered),
            (record.output_tokens or 0) / _THOUSAND,
            float(record.grade.correct is not None),
            float(bool(record.grade.correct)),
        )
        for cost, record in zip(costs, records, strict=True)
    ]
    return Spending(
        unit=unit,
        total=sum(costs, Decimal(0)),
        units=Units(records).sums(rows),
        judges=any(record.grade.correct is not None for record in records),
        counted=all(r.output_tokens is not None for r in records if r.answered),
    )


def cost_figures(
    cells: Sequence[SpendingByKind], *, row: bool
) -> tuple[tuple[str, Estimate], ...]:
    """Return what answers cost over cells, as if their requests were those of one.

    Args:
        cells: what each cost.
        row: it is for a row, which may have fewer figures.
    """
    return tuple(
        (figure.name, _joined(cells, figure.spent, figure.earned))
        for figure in FIGURES.values()
        if figure.earned is not None and (figure.row_meaning is not None or not row)
    )


def _joined(cells: Sequence[SpendingByKind], spent: Spent, earned: Earned) -> Estimate:
    """Return a figure of cells; unknown where it is of one, or units differ."""
    told = [each[spent] for each in cells if spent in each]
    one = len({each.unit for each in told}) == 1
    return _per(told, earned) if one and len(told) == len(cells) else _UNKNOWN


def _per(cells: Sequence[Spending], earned: Earned) -> Estimate:
    import numpy as np

    units = np.concatenate([each.units for each in cells])
    if earned == "all":
        return Estimate(value=float(sum(each.total for each in cells)))
    if earned == "right":
        known = all(each.judges for each in cells)
        return _per_right(units[units[:, _JUDGED] > 0]) if known else _UNKNOWN
    if earned != "answers" and not all(each.counted for each in cells):
        return _UNKNOWN
    below = _ANSWERED if earned == "answers" else _TOKENS
    if not units[:, below].any():
        return _UNKNOWN
    columns = units[:, [_SPENT, below]]
    if earned == "each token":
        columns = columns * (1, _THOUSAND)
    return _ratio(columns).estimate


def _ratio(columns: Array) -> MeasuredFigure:
    """Return the ratio of the sums of two columns."""
    above, below = columns.sum(axis=0)
    return jackknife_figure(
        above / below, columns, lambda sums: sums[:, 0] / sums[:, 1], share=False
    )


def _per_right(units: Array) -> Estimate:
    """Return what a right answer cost, of units that were judged."""
    import numpy as np

    if not len(units):
        return _UNKNOWN
    cost = _ratio(units[:, [_SPENT, _ASKED]])
    right = mean_figure(units[:, _RIGHT], units[:, _JUDGED])
    if cost.value <= 0:
        return Estimate(value=0.0 if right.value > 0 else None)
    if right.value <= 0:
        # Infinite, as far as was seen; no less than if all luck had been bad luck.
        return Estimate(value=None, low=cost.value / right.high if right.high else None)
    value = cost.value / right.value
    if np.ptp(units[:, _SPENT] / units[:, _ASKED]) <= _TINY:
        # All cost the same: that is known.
        cost = replace(cost, low=cost.value, high=cost.value)
    log = difference(_logarithm(cost), _logarithm(right))
    if log.low is None or log.high is None:
        return Estimate(value=value)
    high = math.exp(log.high) if log.high < _ENDLESS else None
    return Estimate(value=value, low=math.exp(log.low), high=high)


def _logarithm(figure: MeasuredFigure) -> MeasuredFigure:
    """Return the logarithm of a figure above 0; a limit of 0 has a very low one."""
    low, high = (
        None if end is None else math.log(max(end, _TINY))
        for end in (figure.low, figure.high)
    )
    return MeasuredFigure(
        value=math.log(figure.value),
        low=low,
        high=high,
        influence=figure.influence / figure.value,
    )
