"""What is judged: the changes of cells, and of all cells of a run together."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass, field, replace
from functools import cache
from statistics import NormalDist, fmean
from typing import TYPE_CHECKING

from pytest_llmlat.gate.between_runs import expected, own, scaled, summed, together
from pytest_llmlat.gate.changes import BALANCED, Change
from pytest_llmlat.gate.pairing import LATENCIES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pytest_llmlat.analysis.resampling import Array
    from pytest_llmlat.gate.between_runs import CellTimes
    from pytest_llmlat.gate.stored_runs import StoredTimes

ALL_CELLS = "all cells"
"""The name of a verdict on a run as a whole."""
BALANCED_BY = "e2e"
"""The latency that the balanced score is made of."""
_MOST_RUNS = 20
_DRAWS = 10_000
_EVEN = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Hypothesis:
    """A change that is to be judged, with what it needs for that."""

    cell: str
    against: str
    change: Change
    tolerance: float
    notes: tuple[str, ...]
    weight: float = 1.0
    """Its share of the level, beside those of the others."""
    stored: int = 0
    """Beside how many stored runs; 0 where both were measured in turn."""
    times: Mapping[str, StoredTimes] = field(default_factory=dict)
    """Of the cell, by latency."""


def across_runs(gated: Sequence[Hypothesis]) -> list[Hypothesis]:
    """Add what runs differ in to each change, and how all cells changed together.

    Six cells that are all ten per cent slower may each be within its noise; together
    they are not. What was measured in turn has no other run, and stays as it is.
    """
    known = _by_latency(gated)
    wider = [_widened(each, known) for each in gated]
    whole = sum(each.weight for each in gated if each.stored)
    joint = [
        _joint(name, [each for each in wider if each.change.quantity == name], known)
        for name in LATENCIES
        if len(known[name]) > 1
        and any(each.change.quantity == name and each.stored for each in wider)
    ]
    return [*wider, *(replace(each, weight=whole / len(joint)) for each in joint)]


def needed_runs(each: Hypothesis, alpha: float) -> int | None:
    """Return about how many more stored runs would decide, if nothing else changes.

    Args:
        each: what could not be decided beside the runs that are stored.
        alpha: the level of its interval.
    """
    if not each.change.between.variance:
        return None
    tolerance = as_change(each.change.quantity, each.tolerance)
    for more in range(1, _MOST_RUNS + 1):
        between = expected(each.change.between, each.stored, more)
        slope = 1.0 if each.stored > 1 else each.change.slope**2
        between = replace(between, variance=between.variance * slope)
        low, high = replace(each.change, between=between).interval(alpha)
        if low > tolerance or high <= tolerance:
            return more
    return None


def as_change(quantity: str, tolerance: float) -> float:
    """Return a tolerance on the scale of the change: a latency's is logarithmic."""
    return math.log1p(tolerance) if quantity in LATENCIES else tolerance


def _by_latency(gated: Iterable[Hypothesis]) -> dict[str, dict[str, CellTimes]]:
    """Return the stored times of each cell, by latency."""
    found: dict[str, dict[str, CellTimes]] = defaultdict(dict)
    for each in gated:
        for name, times in each.times.items():
            found[name][each.cell] = times.cell
    return found


def _widened(
    each: Hypothesis, known: Mapping[str, Mapping[str, CellTimes]]
) -> Hypothesis:
    quantity = each.change.quantity
    name = BALANCED_BY if quantity == BALANCED else quantity
    if name not in each.times:
        return each
    cells = known[name]
    between = own(list(cells).index(each.cell), list(cells.values()))
    added = summed([between, each.times[name].drift])
    return replace(each, change=each.change.across_runs(added))


def _joint(
    name: str,
    gated: Sequence[Hypothesis],
    known: Mapping[str, Mapping[str, CellTimes]],
) -> Hypothesis:
    """Return the mean change of a latency over all cells."""
    moved = together(list(known[name].values()))
    error = math.sqrt(scaled(moved.noise, moved.stored).variance)
    judged = [each for each in gated if each.stored]
    change = Change(
        quantity=name,
        samples=round(moved.noise.degrees) + 1,
        baseline=None,
        candidate=None,
        estimate=moved.change,
        error=error,
        p=1.0,
        draws=moved.change + error * _normal_scores(),
        slope=1.0,
    )
    tolerated = fmean(math.log1p(each.tolerance) for each in judged)
    return Hypothesis(
        cell=ALL_CELLS,
        against=judged[0].against,
        change=change.across_runs(moved.between),
        tolerance=math.expm1(tolerated),
        notes=(f"mean of {len(known[name])} cells",),
        stored=moved.stored,
    )


@cache
def _normal_scores() -> Array:
    """Return what stands for draws of a normal distribution, without chance."""
    import numpy as np

    normal = NormalDist()
    return np.array([normal.inv_cdf((n + _EVEN) / _DRAWS) for n in range(_DRAWS)])


__all__ = ["ALL_CELLS", "BALANCED_BY", "Hypothesis", "across_runs", "needed_runs"]
