"""Hypotheses of the gate: the changes of cells, and of all cells of a run together."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass, field, replace
from functools import cache
from statistics import NormalDist, fmean
from typing import TYPE_CHECKING, overload

from pytest_llmlat.gate.between_runs import own, summed, together
from pytest_llmlat.gate.changes import RATIOS, Change
from pytest_llmlat.gate.looks import Looks, sequences
from pytest_llmlat.gate.pairing import LATENCIES
from pytest_llmlat.gate.step_down import HommelFamily

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pytest_llmlat.analysis.resampling import Array
    from pytest_llmlat.gate.between_runs import CellTimes, Spread
    from pytest_llmlat.gate.pairing import Pairs
    from pytest_llmlat.gate.stored_runs import StoredTimes
    from pytest_llmlat.values.balance import Balance
    from pytest_llmlat.values.stopping import Stopping

ALL_CELLS = "all cells"
"""Name of the cell in a verdict on a run as a whole."""
ALL_CELLS_SHARE = 0.5
"""Share of the level for the times of all cells together; the rest is for each cell."""
BALANCED_BY = "e2e"
"""Latency that the balanced score is made of."""
_DRAWS = 10_000
_EVEN = 0.5
_SMALL = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Hypothesis:
    """A change to be judged, with its tolerance and its share of the level."""

    cell: str
    against: str
    change: Change
    tolerance: float
    notes: tuple[str, ...]
    weight: float = 1.0
    """Share of the level that its family has, beside those of the others."""
    stored: int = 0
    """Number of stored runs beside it; 0 where both were measured in turn."""
    times: Mapping[str, StoredTimes] = field(default_factory=dict)
    """Stored times of the cell, by latency."""
    by_clock: bool = False
    """Whether it changes with time alone, since all answers are the same."""
    samples_each: float = 1.0
    """Samples of each unit that was resampled: more than one of blocks of a load."""

    @overload
    def as_samples(self, units: int) -> int: ...

    @overload
    def as_samples(self, units: None) -> None: ...

    def as_samples(self, units: int | None) -> int | None:
        """Return so many of the units that were resampled as a number of samples."""
        return None if units is None else math.ceil(units * self.samples_each - _SMALL)


def looked_at(
    changes: Mapping[str, Change],
    pairs: Pairs,
    stopping: Stopping | None,
    balance: Balance,
) -> dict[str, Change]:
    """Return changes with intervals that hold at every look, where there were looks.

    Args:
        changes: as they are of a number of pairs that was fixed before.
        pairs: that they were made of.
        stopping: how far the cell got; ``None`` where nobody looked.
        balance: which mean is called balanced.
    """
    if stopping is None:
        return dict(changes)
    found = sequences(pairs, changes, balance=balance, planned=stopping.planned)
    return {
        name: change.looked_at(Looks(sequence=found.get(name), early=stopping.early))
        for name, change in changes.items()
    }


def across_runs(gated: Sequence[Hypothesis]) -> list[Hypothesis]:
    """Return hypotheses with what runs differ in, and that of all cells together.

    Six cells that are all ten per cent slower may each be within its noise; together
    they are not. What was measured in turn has no other run, and stays as it is.
    """
    known = _by_latency(gated)
    between = {
        name: dict(zip(cells, own(list(cells.values())), strict=True))
        for name, cells in known.items()
    }
    wider = [_widened(each, between) for each in gated]
    cells = _weight(each for each in gated if each.stored)
    weight = cells * ALL_CELLS_SHARE / (1 - ALL_CELLS_SHARE)
    joint = [
        _joint(name, [each for each in wider if each.change.quantity == name], known)
        for name in LATENCIES
        if len(known[name]) > 1
        and any(each.change.quantity == name and each.stored for each in wider)
    ]
    return [*wider, *(replace(each, weight=weight) for each in joint)]


def families(gated: Iterable[Hypothesis]) -> list[list[Hypothesis]]:
    """Return the families that share a level: a cell's latencies; all else alone.

    A balanced score that changes with time alone is in that of the latencies.
    """
    found: list[list[Hypothesis]] = []
    clocks: dict[tuple[str, str], list[Hypothesis]] = {}
    followers = []
    for each in gated:
        place = each.cell, each.against
        if each.by_clock:
            followers.append(each)
        elif each.change.quantity not in LATENCIES:
            found.append([each])
        elif place in clocks:
            clocks[place].append(each)
        else:
            clocks[place] = [each]
            found.append(clocks[place])
    for each in followers:
        clock = clocks.get((each.cell, each.against), [])
        latency = _named(clock, BALANCED_BY)
        if latency is None:
            found.append([replace(each, by_clock=False)])
        else:
            # So it is never worse where its latency is not, and takes no level from it.
            p = max(each.change.p, latency.change.p)
            clock.append(replace(each, change=replace(each.change, p=p)))
    return found


def hommel_family(family: Sequence[Hypothesis]) -> HommelFamily:
    """Return the p-values of a family that take a share of the level."""
    return HommelFamily(
        p=tuple(each.change.p for each in family if not each.by_clock),
        weight=family[0].weight,
    )


def _named(family: Iterable[Hypothesis], quantity: str) -> Hypothesis | None:
    return next((each for each in family if each.change.quantity == quantity), None)


def _weight(gated: Iterable[Hypothesis]) -> float:
    """Return the weight of all families together."""
    return sum(family[0].weight for family in families(gated))


def as_change(quantity: str, tolerance: float) -> float:
    """Return a tolerance on the scale of the change: of a ratio it is logarithmic."""
    return math.log1p(tolerance) if quantity in RATIOS else tolerance


def _by_latency(gated: Iterable[Hypothesis]) -> dict[str, dict[str, CellTimes]]:
    """Return the stored times of each cell, by latency."""
    found: dict[str, dict[str, CellTimes]] = defaultdict(dict)
    for each in gated:
        for name, times in each.times.items():
            found[name][each.cell] = times.cell
    return found


def _widened(
    each: Hypothesis, between: Mapping[str, Mapping[str, Spread]]
) -> Hypothesis:
    quantity = each.change.quantity
    # Scores and what is paid by the hour change with the time of a whole answer.
    name = quantity if quantity in LATENCIES else BALANCED_BY
    if name not in each.times:
        return each
    added = summed([between[name][each.cell], each.times[name].drift])
    beyond = as_change(quantity, each.tolerance)
    return replace(each, change=each.change.across_runs(added, beyond=beyond))


def _joint(
    name: str,
    gated: Sequence[Hypothesis],
    known: Mapping[str, Mapping[str, CellTimes]],
) -> Hypothesis:
    """Return the mean change of a latency over all cells."""
    moved = together(list(known[name].values()))
    error = math.sqrt(moved.sampled.variance)
    judged = [each for each in gated if each.stored]
    change = Change(
        quantity=name,
        samples=round(moved.sampled.degrees) + 1,
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
        change=change.across_runs(moved.between, beyond=tolerated),
        tolerance=math.expm1(tolerated),
        notes=(f"mean of {len(known[name])} cells",),
        stored=moved.stored,
    )


@cache
def _normal_scores() -> Array:
    """Return normal scores, which stand for draws of a normal distribution."""
    import numpy as np

    normal = NormalDist()
    return np.array([normal.inv_cdf((n + _EVEN) / _DRAWS) for n in range(_DRAWS)])


__all__ = [
    "ALL_CELLS",
    "ALL_CELLS_SHARE",
    "BALANCED_BY",
    "Hypothesis",
    "across_runs",
    "families",
    "hommel_family",
    "looked_at",
]
