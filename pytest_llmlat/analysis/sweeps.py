"""Sweeps of the choices behind a score: do places hold under other choices?

How much quality weighs, and from which time on an answer is slow, are choices. Each
that is tried is one entry of ``SWEPT``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pytest_llmlat.analysis import score
from pytest_llmlat.analysis.measured_rows import (
    balanced_at,
    balanced_at_budget,
    balanced_at_cost_budget,
)
from pytest_llmlat.values.balance import weighed
from pytest_llmlat.values.row_comparison import Sweep

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from pytest_llmlat.analysis.measured_rows import MeasuredCell, MeasuredRow
    from pytest_llmlat.values.balance import Balance
    from pytest_llmlat.values.row_comparison import SweptName

    Ranges = tuple[tuple[int, int] | None, ...]
    """Best and worst place of each row."""
    Scores = Sequence[float | None]
    """Score of each row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SweptSetting:
    """A choice that is tried over a range of values."""

    name: SweptName
    values: tuple[float, ...]
    usual: float
    """The value that the scores are made with."""
    scored: Callable[[float, Sequence[MeasuredCell], Balance], float | None]
    """Returns the score of a row's cells under one of the values."""
    of_cost: bool = False
    """Whether it is a choice only where cost is weighed."""


SWEPT: tuple[SweptSetting, ...] = (
    SweptSetting(name="weight", values=score.WEIGHTS, usual=0.5, scored=balanced_at),
    SweptSetting(
        name="budget", values=score.BUDGETS, usual=1.0, scored=balanced_at_budget
    ),
    SweptSetting(
        name="cost_budget",
        values=score.BUDGETS,
        usual=1.0,
        scored=balanced_at_cost_budget,
        of_cost=True,
    ),
)


def swept(
    rows: Sequence[MeasuredRow], balance: Balance
) -> dict[SweptName, tuple[Ranges, Sweep]]:
    """Return for each choice the places that rows have over its range.

    Args:
        rows: those that are ranked.
        balance: which mean is called balanced.
    """
    found = {}
    asked = weighed(balance)
    for setting in _settings(asked.shares["quality"], of_cost=asked.weighs_cost):
        scores = {
            value: [setting.scored(value, row.cells, balance) for row in rows]
            for value in setting.values
        }
        found[setting.name] = score.rank_ranges(scores), _holding(setting, scores)
    return found


def _settings(quality: float, *, of_cost: bool) -> Iterable[SweptSetting]:
    """Yield what is varied; the weight of quality that was asked for is among those.

    Args:
        quality: its share of all weights.
        of_cost: whether cost is weighed.
    """
    for setting in SWEPT:
        if setting.name == "weight":
            values = tuple(sorted({*setting.values, quality}))
            yield replace(setting, values=values, usual=quality)
        elif of_cost or not setting.of_cost:
            yield setting


def _holding(setting: SweptSetting, scores: Mapping[float, Scores]) -> Sweep:
    """Return how far to either side of the usual value the places hold."""
    orders = [_places(scores[value]) for value in setting.values]
    usual = setting.values.index(setting.usual)
    low = high = usual
    while low > 0 and orders[low - 1] == orders[usual]:
        low -= 1
    while high + 1 < len(orders) and orders[high + 1] == orders[usual]:
        high += 1
    return Sweep(
        of=setting.name,
        low=setting.values[0],
        high=setting.values[-1],
        holds_from=setting.values[low],
        holds_to=setting.values[high],
    )


def _places(scores: Scores) -> tuple[int | None, ...]:
    known = [one for one in scores if one is not None]
    return tuple(
        None if own is None else sum(other > own for other in known) for own in scores
    )
