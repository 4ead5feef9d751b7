"""How much the times of a cell differ from one run to the next, with nothing changed.

Pairing the samples of two runs takes away what differs between samples, and knows
nothing of what differs between runs: where memory was placed, how warm the machine was,
who else was there. So a stored run is compared by a model of two levels: the mean
log time of cell c in run r is::

    m[r, c] = mu[c] + a[r] + b[r, c] + noise

``a`` is common to all cells of a run, ``b`` is a cell's own in that run, and the noise
is that of its samples. A candidate beside the mean of k stored runs has the variance
(A + B)(1 + 1/k) + noise: Kalibera & Jones (2013, "Rigorous benchmarking in reasonable
time", section 9.3). A is estimated from the stored runs, B from how unlike the cells
moved: between stored runs, and in the candidate the *other* cells, so that a regression
is not hidden by its own size.

Few runs tell a variance badly, so each is drawn towards a prior that weighs as much as
a few degrees of freedom: a moderated t (Smyth 2004, Stat. Appl. Genet. Mol. Biol.
3(1)).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist, fmean
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

RUN_SPREAD, RUN_WEIGHT = 0.010, 4
"""Prior standard deviation of ``a`` on the log scale, and its degrees of freedom."""
CELL_SPREAD, CELL_WEIGHT = 0.013, 4
"""The same of ``b``."""
ALONE_SPREAD, ALONE_WEIGHT = 0.028, 10
"""The same of ``a`` where one run is stored, which tells nothing of it: what was seen
between quiet sessions of one machine."""
_CELL = (CELL_SPREAD, CELL_WEIGHT)
_ONE_IN_TEN = NormalDist().inv_cdf(0.9)
_FEWEST_CELLS = 3
"""Fewer cells do not tell how unlike they move."""


@dataclass(frozen=True, slots=True)
class Spread:
    """A variance, and how well it is known."""

    variance: float
    degrees: float


NOTHING = Spread(0.0, math.inf)


@dataclass(frozen=True, slots=True, kw_only=True)
class CellTimes:
    """The mean log time of one cell in each stored run, beside a candidate's."""

    change: float
    """The candidate's, less the mean of the runs."""
    noise: float
    """Variance of one run's mean that comes from its samples."""
    samples: int
    runs: Mapping[str, float]
    """By the name of the run."""
    rounds: Spread = NOTHING
    """What the means of the candidate's rounds differ in beyond their samples, as a
    variance of a run that has as many rounds as the stored ones."""
    looks: float = 1.0
    """Rounds of the candidate for each one of a stored run."""

    @property
    def sampled(self) -> float:
        """Variance of the change that comes from samples, of both sides."""
        return self.noise * (1 / self.looks + 1 / self.stored)

    @property
    def stored(self) -> int:
        """The number of stored runs."""
        return len(self.runs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """How far all cells moved together, and what such a move says."""

    change: float
    noise: Spread
    """Of one run's mean over all cells, from its samples."""
    sampled: Spread
    """Of the change, from samples of both sides."""
    run: Spread
    """Of a run's common effect."""
    stored: int

    @property
    def between(self) -> Spread:
        """Variance of the change, but for the samples' noise."""
        return scaled(self.run, self.stored)


def together(cells: Sequence[CellTimes]) -> Moved:
    """Return how all cells moved, from the runs that have all of them.

    Args:
        cells: at least one, each with at least one run.
    """
    shared = set.intersection(*(set(cell.runs) for cell in cells))
    means = [fmean(cell.runs[name] for cell in cells) for name in sorted(shared)]
    noise = sum(cell.noise for cell in cells) / len(cells) ** 2
    degrees = sum(max(1, cell.samples - 1) for cell in cells)
    return Moved(
        change=fmean(cell.change for cell in cells),
        noise=Spread(noise, degrees),
        sampled=Spread(sum(cell.sampled for cell in cells) / len(cells) ** 2, degrees),
        run=_common(means, noise),
        stored=max(1, len(shared)),
    )


def own(cells: Sequence[CellTimes]) -> list[Spread]:
    """Return the variance of each cell's change, but for the noise of its samples."""
    if len(cells) == 1:
        (cell,) = cells
        alone = _alone(cell)
        return [scaled(_at_least(alone, cell.rounds), cell.stored)]
    common = together(cells).run
    return [
        scaled(_at_least(summed([common, unlike]), cell.rounds), cell.stored)
        for cell, unlike in zip(
            cells, _unlike(cells, list(_unlike_others(cells))), strict=True
        )
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Effects:
    """What runs to come will differ in, as far as stored ones tell."""

    run: Spread
    """Variance of what is common to a run; of one cell alone of all that it has."""
    cell: Spread
    """Variance of what is a cell's own in a run."""


def effects(cells: Sequence[CellTimes]) -> Effects:
    """Return what runs differ in, from the stored ones alone.

    Args:
        cells: at least one; their changes are not looked at.
    """
    if len(cells) == 1:
        return Effects(run=_alone(cells[0]), cell=NOTHING)
    unlike = _unlike(cells, [(0.0, 0)] * len(cells))
    return Effects(run=together(cells).run, cell=unlike[0])


def _alone(cell: CellTimes) -> Spread:
    """Return what runs of one cell differ in: they tell both effects at once."""
    return _common(list(cell.runs.values()), cell.noise, CELL_SPREAD)


def _at_least(runs: Spread, rounds: Spread) -> Spread:
    """Join what runs differ in with what rounds do, where these differ in more.

    Rounds of one run share what is common to it, so that calm ones tell nothing; but
    a machine that is another one from round to round is so from run to run.
    """
    if rounds.variance <= runs.variance:
        return runs
    degrees = runs.degrees + rounds.degrees
    weighed = runs.degrees * runs.variance + rounds.degrees * rounds.variance
    return Spread(weighed / degrees, degrees)


def summed(parts: Iterable[Spread]) -> Spread:
    """Add independent variances; degrees of freedom by Satterthwaite (1946)."""
    known = [part for part in parts if part.variance > 0]
    total = sum(part.variance for part in known)
    doubt = sum(part.variance**2 / part.degrees for part in known)
    return Spread(total, total**2 / doubt if doubt else math.inf)


def at_most(spread: Spread) -> float:
    """Return what a variance stays below in nine of ten cases, as well as it is known.

    By the chi-square distribution (Wilson & Hilferty 1931).
    """
    if math.isinf(spread.degrees):
        return spread.variance
    part = 2 / (9 * spread.degrees)
    return spread.variance / (1 - part - _ONE_IN_TEN * math.sqrt(part)) ** 3


def scaled(spread: Spread, stored: int) -> Spread:
    """Return the variance of a candidate beside the mean of so many runs."""
    return Spread(spread.variance * (1 + 1 / stored), spread.degrees)


def _common(means: Sequence[float], noise: float, more: float = 0.0) -> Spread:
    """Estimate A from the means of the stored runs.

    Args:
        means: one for each run.
        noise: variance of one that comes from samples.
        more: prior standard deviation of what else they differ in.
    """
    if len(means) < 2:  # noqa: PLR2004 - one run has no spread
        return Spread(ALONE_SPREAD**2 + more**2, ALONE_WEIGHT)
    seen = max(0.0, _variance(means) - noise)
    prior = math.hypot(RUN_SPREAD, more)
    return _moderated(seen, len(means) - 1, prior, RUN_WEIGHT)


def _variance(values: Sequence[float]) -> float:
    """Return the variance of several values.

    That of ``statistics`` is exact, and a hundred times as slow.
    """
    middle = fmean(values)
    return math.fsum((value - middle) ** 2 for value in values) / (len(values) - 1)


def _unlike(
    cells: Sequence[CellTimes], others: Sequence[tuple[float, int]]
) -> list[Spread]:
    """Estimate B from how unlike cells move, for each without its own change.

    Args:
        cells: all of them.
        others: for each how unlike the others moved in this run, and the degrees of
            freedom of that: 0 if it is still to come.
    """
    shared = sorted(set.intersection(*(set(cell.runs) for cell in cells)))
    stored, known = 0.0, 0
    if len(shared) > 1:
        known = (len(shared) - 1) * (len(cells) - 1)
        noise = fmean(cell.noise for cell in cells)
        left = sum(value**2 for value in _residuals(shared, cells)) / known
        stored = known * max(0.0, left - noise)
    found = []
    for seen, degrees in others:
        whole = known + degrees
        both = (stored + degrees * seen) / whole if whole else 0.0
        found.append(_moderated(both, whole, *_CELL))
    return found


def _unlike_others(cells: Sequence[CellTimes]) -> Iterator[tuple[float, int]]:
    """Yield how unlike the other cells of this run moved, and degrees of freedom."""
    if len(cells) < _FEWEST_CELLS:
        yield from ((0.0, 0) for _ in cells)
        return
    others = len(cells) - 1
    middle = fmean(cell.change for cell in cells)
    moved = [cell.change - middle for cell in cells]
    grown = [1 + 1 / cell.stored for cell in cells]
    once, squared = sum(moved), sum(value**2 for value in moved)
    # What samples make of a change, as if it were what runs do.
    noises = [
        c.sampled / own_growth for c, own_growth in zip(cells, grown, strict=True)
    ]
    noise, growth = sum(noises), sum(grown)
    for own_noise, value, own_growth in zip(noises, moved, grown, strict=True):
        left, rest = once - value, squared - value**2
        spread = max(0.0, rest - left**2 / others) / (others - 1)
        seen = spread / ((growth - own_growth) / others)
        yield max(0.0, seen - (noise - own_noise) / others), others - 1


def _residuals(names: Sequence[str], cells: Sequence[CellTimes]) -> list[float]:
    """Return what neither the run nor the cell explains."""
    of_run = [fmean(cell.runs[name] for cell in cells) for name in names]
    of_cell = [fmean(cell.runs[name] for name in names) for cell in cells]
    middle = fmean(of_run)
    return [
        cell.runs[name] - run - mean + middle
        for cell, mean in zip(cells, of_cell, strict=True)
        for name, run in zip(names, of_run, strict=True)
    ]


def _moderated(seen: float, degrees: int, prior: float, weight: int) -> Spread:
    return Spread(
        (weight * prior**2 + degrees * seen) / (weight + degrees), weight + degrees
    )


def expected(between: Spread, stored: int, more: int) -> Spread:
    """Return what the variance of a change would be with more stored runs.

    Args:
        between: with those that are there.
        stored: how many these are.
        more: how many would be added.
    """
    if stored == 1:
        seen = RUN_SPREAD**2 + CELL_SPREAD**2
        return scaled(Spread(seen, RUN_WEIGHT + more), 1 + more)
    shrunk = (1 + 1 / (stored + more)) / (1 + 1 / stored)
    return Spread(between.variance * shrunk, between.degrees + more)
