"""From series of runs to changes: steps of their level, and slow creeps.

No gate sees a creep of one per cent a run, since each run passes beside the one before.
A history does: the whole series is tested, once for steps and once for a trend, and
Holm's correction (1979) is over both tests of all series. So at most ``LEVEL`` of all
histories in which nothing changed are told to have changed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import pairwise
from typing import TYPE_CHECKING

from pytest_llmlat.gate.level_splits import line, split, trend

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_llmlat.analysis.resampling import Array
    from pytest_llmlat.gate.level_splits import Split

LEVEL = 0.05
"""Share of unchanged histories of which a change is told all the same."""
FEWEST = 6
"""Runs that are needed before anything is told."""
MOST = 200
"""Runs that are tested at most: the newest."""
_TESTS = 2
"""Tests of each series: for steps, and for a trend."""
_FEWEST_DRAWS, _MOST_DRAWS = 999, 19_999
_ROUNDING = 1e-9
_PER_LEVEL = 5
"""Factor by which a p-value may lie below the level that is asked of it."""


class ChangeKind(StrEnum):
    """Kind of a change over runs."""

    STEP = "step"
    """A step to another level, from one run on."""
    CREEP = "creep"
    """A creep: a little more with each run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesChange:
    """One change of a series of runs."""

    kind: ChangeKind
    first: int
    """Index of the first run of the new level; of a creep the first of the series."""
    start: int
    """Index of the first run of the level before."""
    end: int
    """Index of the last run of the new level."""
    change: float
    """Size: of a step how much higher the mean of the new level is; of a creep how much
    the line grows from its first run to its last."""
    p: float
    """Probability that chance alone does as much in one series."""


def changes_of(series: Sequence[Sequence[float]]) -> list[tuple[SeriesChange, ...]]:
    """Return the changes of each series, all tested at once.

    Args:
        series: finite values of runs, oldest first. Of fewer than ``FEWEST`` nothing
            is told.
    """
    import numpy as np

    varied = {
        place: known
        for place, values in enumerate(series)
        if len(values) >= FEWEST and _varies(known := np.array(values[-MOST:], float))
    }
    told: list[tuple[SeriesChange, ...]] = [() for _ in series]
    if not varied:
        return told
    # In what never varies nothing can be found, by chance or otherwise.
    tests = _TESTS * len(varied)
    level = LEVEL / tests
    draws = min(_MOST_DRAWS, max(_FEWEST_DRAWS, math.ceil(_PER_LEVEL / level)))
    steps = {place: split(values, draws=draws) for place, values in varied.items()}
    trends = {place: trend(values, draws=draws) for place, values in varied.items()}
    significant = _holm(
        {
            **{(place, ChangeKind.STEP): found.p for place, found in steps.items()},
            **{(place, ChangeKind.CREEP): p for place, p in trends.items()},
        },
        tests=tests,
    )
    for place, values in varied.items():
        cuts: list[Split] = []
        if (place, ChangeKind.STEP) in significant:
            cuts = [steps[place]]
            cuts += _further(values, steps[place].place, level, draws)
        creeps = (place, ChangeKind.CREEP) in significant
        found = _told(values, cuts, trends[place] if creeps else None)
        unseen = len(series[place]) - len(values)
        told[place] = tuple(_later(change, unseen) for change in found)
    return told


def _varies(values: Array) -> bool:
    return float(values.max() - values.min()) > _ROUNDING


def _holm(
    tested: Mapping[tuple[int, ChangeKind], float], *, tests: int
) -> set[tuple[int, ChangeKind]]:
    """Return which tests are significant, by Holm's correction."""
    found = set()
    for done, (name, p) in enumerate(sorted(tested.items(), key=lambda item: item[1])):
        if p > LEVEL / (tests - done):
            break
        found.add(name)
    return found


def _further(values: Array, place: int, level: float, draws: int) -> list[Split]:
    """Return the changes on either side of one, and so on."""
    found: list[Split] = []
    for start, part in ((0, values[:place]), (place, values[place:])):
        if len(part) < FEWEST or not _varies(part):
            continue
        other = split(part, draws=draws)
        if other.p <= level:
            found.append(replace(other, place=start + other.place))
            inner = _further(part, other.place, level, draws)
            found += [replace(own, place=start + own.place) for own in inner]
    return found


def _told(
    values: Array, cuts: Sequence[Split], creeps: float | None
) -> list[SeriesChange]:
    """Return steps, or a creep where a line explains the series better."""
    if not cuts and creeps is None:
        return []
    if creeps is not None and (not cuts or _line_fits(values, cuts)):
        slope, _ = line(values)
        last = len(values) - 1
        return [
            SeriesChange(
                kind=ChangeKind.CREEP,
                start=0,
                first=0,
                end=last,
                change=slope * last,
                p=creeps,
            )
        ]
    by_place = sorted(cuts, key=lambda cut: cut.place)
    ends = [0, *(cut.place for cut in by_place), len(values)]
    levels = [float(values[a:b].mean()) for a, b in pairwise(ends)]
    return [
        SeriesChange(
            kind=ChangeKind.STEP,
            start=ends[number],
            first=cut.place,
            end=ends[number + 2] - 1,
            change=levels[number + 1] - levels[number],
            p=cut.p,
        )
        for number, cut in enumerate(by_place)
    ]


def _line_fits(values: Array, cuts: Sequence[Split]) -> bool:
    """Whether a line explains a series better than its levels do (BIC).

    A level costs two figures: its mean and where it begins.
    """
    count = len(values)
    slope, start = line(values)
    of_line = sum((v - start - slope * n) ** 2 for n, v in enumerate(values.tolist()))
    ends = [0, *sorted(cut.place for cut in cuts), count]
    of_levels = sum(
        float(((values[a:b] - values[a:b].mean()) ** 2).sum())
        for a, b in pairwise(ends)
    )
    costs = math.log(count)
    return _bic(of_line, count) + 2 * costs < _bic(of_levels, count) + costs * (
        2 * len(cuts) + 1
    )


def _bic(squares: float, count: int) -> float:
    return count * math.log(max(squares, _ROUNDING**2) / count)


def _later(change: SeriesChange, runs: int) -> SeriesChange:
    """Count from the first run of the whole series."""
    return replace(
        change,
        start=change.start + runs,
        first=change.first + runs,
        end=change.end + runs,
    )
