"""Samples of sessions to come, drawn as stored runs tell of them.

Of normal values the mean is independent of what they differ in. So each drawn session
serves for many means, and variances are drawn as such, by the chi-square distribution.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from statistics import fmean, variance
from typing import TYPE_CHECKING

from pytest_llmlat.gate.between_runs import (
    CellTimes,
    Effects,
    Spread,
    at_most,
    summed,
)
from pytest_llmlat.gate.stored_runs import batches_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.random import Generator

    from pytest_llmlat.analysis.resampling import Array


@dataclass(frozen=True, slots=True, kw_only=True)
class FutureTimes:
    """One latency of a cell, on the log scale, as its stored runs tell of the next."""

    runs: Mapping[str, float]
    """Mean of each stored run."""
    samples: int
    """Number of samples that each is made of."""
    noise: float
    """Variance of one sample in one run."""
    alike: float
    """Variance of a run's mean that likeness of neighbours adds, for one sample."""
    tolerance: float

    def beside(self, samples: int) -> CellTimes:
        """Return the times of runs of so many samples, which differ by less noise."""
        noise, known = (self.noise + self.alike) / samples, self.runs
        if len(known) > 1 and samples != self.samples:
            usual = (self.noise + self.alike) / self.samples
            seen, middle = variance(known.values()), fmean(known.values())
            share = (max(0.0, seen - usual) + noise) / (max(seen, usual) or 1.0)
            known = {
                name: middle + math.sqrt(share) * (mean - middle)
                for name, mean in known.items()
            }
        return CellTimes(change=0.0, noise=noise, samples=samples, runs=known)


@dataclass(frozen=True, slots=True, kw_only=True)
class FutureCell:
    """A cell of sessions to come."""

    times: Mapping[str, FutureTimes]
    """By latency, all that are gated; the first one is what is asked for."""
    correlation: Array
    """Correlation of their noise in one sample."""
    looks: int
    """Times that it is measured if it looks slower each time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SampledTimes:
    """What chance makes of the samples of one latency of a cell, session by session."""

    expected: CellTimes
    """As the stored runs tell."""
    tolerance: float
    looks: int
    noise: Array
    """Change that is noise alone, over all looks so far: (sessions, means, looks)."""
    error: Array
    """Variance of the change as its samples tell, (sessions,)."""
    drift: Array
    """What batches of them add, (sessions,)."""
    rounds: Array
    """Variance of rounds beyond it, (sessions,)."""

    def cell(self, session: int, change: float, looks: int) -> CellTimes:
        """Return the times as the gate knows them in a session, after so many looks."""
        noise = float(self.error[session] + self.drift[session])
        return replace(
            self.expected,
            change=change,
            noise=noise / (1 / self.looks + 1 / self.expected.stored),
            rounds=Spread(float(self.rounds[session]), max(1, self.looks - 1)),
            looks=looks,
        )

    def total(self, session: int, between: Spread) -> Spread:
        """Return the variance of the change in a session."""
        samples = self.expected.samples
        drift = Spread(float(self.drift[session]), max(1, batches_of(samples) - 1))
        error = Spread(float(self.error[session]), samples - 1)
        return summed([error, summed([between, drift])])

    def moved(self, move: tuple[Array, Array], known: Effects) -> tuple[Array, Array]:
        """Return what runs move it by, as usual and at most: (sessions, means).

        Args:
            move: of its run in common with other cells, and its own, standardised.
            known: how large both are.
        """
        grown = 1 + 1 / self.expected.stored
        both = summed([known.run, known.cell])
        run, cell = (math.sqrt(grown * e.variance) for e in (known.run, known.cell))
        usual = run * move[0] + cell * move[1]
        return usual, math.sqrt(at_most(both) / both.variance) * usual


def sampled(
    cell: FutureCell, samples: int, shape: tuple[int, int], source: Generator
) -> dict[str, SampledTimes]:
    """Draw what chance makes of a cell's samples, by latency.

    Args:
        cell: the cell.
        samples: how many it has.
        shape: number of sessions, and of means of each.
        source: of chance.
    """
    import numpy as np

    sessions = shape[0]
    looks, width = cell.looks, len(cell.times)
    normal = source.standard_normal((*shape, looks + 1, width))
    normal = normal @ _root(cell.correlation).T
    batches, found = batches_of(samples), {}
    for place, (name, times) in enumerate(cell.times.items()):
        stored = len(times.runs)
        one, long_run = times.noise / samples, (times.noise + times.alike) / samples
        noise = normal[..., place] * np.sqrt(long_run)
        theirs = noise[..., -1] / np.sqrt(stored)
        so_far = noise[..., :looks].cumsum(axis=-1) / np.arange(1, looks + 1)
        both = 1 / looks + 1 / stored
        error = one * both * _squares(samples - 1, sessions, source)
        drift = np.zeros(sessions)
        if batches:
            of_batches = long_run * both * _squares(batches - 1, sessions, source)
            drift = np.maximum(0.0, of_batches - error)
        rounds = np.zeros(sessions)
        if looks > 1:
            left = one * _squares((looks - 1) * (samples - 1), sessions, source)
            seen = noise[:, 0, :looks].var(axis=-1, ddof=1)
            rounds = np.maximum(0.0, seen - left)
        found[name] = SampledTimes(
            expected=times.beside(samples),
            tolerance=times.tolerance,
            looks=looks,
            noise=so_far - theirs[..., None],
            error=error,
            drift=drift,
            rounds=rounds,
        )
    return found


def _squares(degrees: int, count: int, source: Generator) -> Array:
    """Return estimates of a variance of one."""
    return source.chisquare(degrees, count) / degrees


def _root(correlation: Array) -> Array:
    """Return what makes independent values correlated, though they be the same."""
    import numpy as np

    values, vectors = np.linalg.eigh(correlation)
    root: Array = vectors * np.sqrt(np.maximum(values, 0.0))
    return root
