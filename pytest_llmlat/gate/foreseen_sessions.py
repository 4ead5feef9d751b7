"""Sessions to come, drawn as stored runs tell of them and judged by the gate's model.

The gate joins several variances, each of which is estimated in the session and varies
by itself: how unlike cells moved, how alike neighbours were, what rounds of a cell that
was measured again differ in. No formula for the power of a t-test knows of these. So
sessions are drawn, what they differ in goes through the gate's own model of two levels,
and how much slower a cell must be for a regression is read off each session. What is
enough in four of five of them is seen with a power of 80 %.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from statistics import fmean
from typing import TYPE_CHECKING

from pytest_llmlat.analysis import student_t as student
from pytest_llmlat.gate.between_runs import (
    Spread,
    at_most,
    effects,
    own,
    summed,
    together,
)
from pytest_llmlat.gate.future_cells import FutureCell, SampledTimes, sampled
from pytest_llmlat.gate.seen_loss import POWER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmlat.analysis.resampling import Array

_SESSIONS, _FEWEST_SESSIONS, _IN_ALL = 150, 50, 900
"""Sessions that are drawn: fewer of many cells, since each of these takes longer."""
_MEANS = 40
"""Means of each session."""
_SEED = 1
_ROUNDS = 3
_GRID, _MOST_DEGREES = 60, 1e5


@dataclass(frozen=True, slots=True)
class SeenAt:
    """Slowdown, on the log scale, that is seen with ``POWER``."""

    usual: float
    """Where runs differ as the stored ones tell."""
    at_most: float
    """Where they differ by as much as so few may hide, in nine of ten cases."""


def seen_slowdowns(
    cells: Sequence[FutureCell], samples: int, *, level: float, level_of_all: float
) -> tuple[list[SeenAt], SeenAt | None]:
    """Return which slowdown is seen of each cell, and which of all cells alike.

    Args:
        cells: at least one; the same latency is first in all of them.
        samples: of each cell.
        level: one-sided, of the latencies of a cell.
        level_of_all: the same of all cells together.
    """
    import numpy as np

    sessions = min(_SESSIONS, max(_FEWEST_SESSIONS, _IN_ALL // len(cells)))
    source = np.random.default_rng(_SEED)
    # A run moves all of its cells at once, and a cell all of its latencies.
    shape = (sessions, _MEANS)
    run = source.standard_normal(shape)
    drawn = [sampled(cell, samples, shape, source) for cell in cells]
    moves = [(run, source.standard_normal(shape)) for _ in cells]
    alone: list[list[_Change]] = [[] for _ in cells]
    latencies = []
    for name in dict.fromkeys(name for cell in cells for name in cell.times):
        places = [at for at, there in enumerate(drawn) if name in there]
        latency = _Latency(
            [drawn[at][name] for at in places], [moves[at] for at in places]
        )
        latencies.append(latency)
        for at, change in zip(places, latency.changes(), strict=True):
            alone[at].append(change)
    edges = [
        [_edge_of_cell(changes, level, wide) for wide in (0, 1)] for changes in alone
    ]
    found = [SeenAt(*map(_enough, each)) for each in edges]
    if len(cells) == 1:
        return found, None
    # Where all of them are slower any verdict will do.
    least = [np.min([each[wide] for each in edges], axis=0) for wide in (0, 1)]
    whole = [
        _enough_of_all(latencies, level_of_all, wide, least[wide]) for wide in (0, 1)
    ]
    return found, SeenAt(*whole)


def _enough_of_all(
    latencies: Sequence[_Latency], level: float, wide: int, least: Array
) -> float:
    """Return the slowdown of all cells that is seen in four of five cases.

    Args:
        latencies: all that are gated.
        level: of all cells together.
        wide: runs differ as usual (0) or at most (1).
        least: slowdown at which some cell is a regression by itself.
    """
    import numpy as np

    slower = math.inf
    for _ in range(_ROUNDS):
        # How often a cell is measured again depends on how slow it is.
        joint = [each.all_cells(slower) for each in latencies]
        slower = _enough(np.minimum(_first_of(joint, level, wide), least))
    return slower


def _enough(edges: Array) -> float:
    """Return the slowdown that is beyond the edge in four of five cases."""
    import numpy as np

    return float(np.quantile(edges, POWER))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Change:
    """A change in each session with nothing slower, and what the gate knows of it."""

    tolerance: float
    moved: tuple[Array, Array]
    """Change over all looks, (sessions, means): where runs differ as usual, and where
    they do at most."""
    known: Sequence[Spread]
    """Its variance as the gate tells it in each session."""
    least: tuple[Array, Array] | None = None
    """The smallest change that its looks showed so far."""

    def edge(self, level: float, wide: int) -> Array:
        """Return the slowdown that is a regression at a level, (sessions, means)."""
        import numpy as np

        error = np.sqrt([each.variance for each in self.known])
        reach = _reach(level, np.array([each.degrees for each in self.known])) * error
        edge: Array = self.tolerance + reach[:, None] - self.moved[wide]
        return edge


class _Latency:
    """One latency in all cells that have it, judged session by session."""

    def __init__(
        self, cells: Sequence[SampledTimes], moves: Sequence[tuple[Array, Array]]
    ) -> None:
        """Judge how sure the gate is in each session.

        Args:
            cells: what chance makes of their samples.
            moves: of each what its run has in common with others, and what is its own,
                standardised.
        """
        self._cells = cells
        self._run = moves[0][0]
        self._known = effects([each.expected for each in cells])
        self._moved = [
            each.moved(move, self._known)
            for each, move in zip(cells, moves, strict=True)
        ]
        self._alone: list[list[Spread]] = [[] for _ in cells]
        self._joint: list[Spread] = []
        for session in range(len(self._run)):
            self._judge(session)

    def _judge(self, session: int) -> None:
        # Beside a cell that is slower the others are measured once.
        once, often = (
            [
                each.cell(
                    session,
                    float(moved[0][session, 0] + each.noise[session, 0, looks - 1]),
                    looks,
                )
                for each, moved in zip(self._cells, self._moved, strict=True)
                for looks in [1 if first else each.looks]
            ]
            for first in (True, False)
        )
        between = own(once)
        for each, spread, found in zip(self._cells, between, self._alone, strict=True):
            found.append(each.total(session, spread))
        every = together(often)
        self._joint.append(summed([every.sampled, every.between]))

    def changes(self) -> list[_Change]:
        """Return the change of each cell that is measured as often as it may be."""
        return [
            _Change(
                tolerance=each.tolerance,
                moved=(usual + each.noise[..., -1], most + each.noise[..., -1]),
                known=known,
                least=(
                    usual + each.noise.min(axis=-1),
                    most + each.noise.min(axis=-1),
                ),
            )
            for each, (usual, most), known in zip(
                self._cells, self._moved, self._alone, strict=True
            )
        ]

    def all_cells(self, slower: float) -> _Change:
        """Return the mean change of all cells.

        Args:
            slower: slowdown of all of them: a cell is measured again as long as it
                looks slower than is tolerated.
        """
        import numpy as np

        moved = []
        for each, (usual, _) in zip(self._cells, self._moved, strict=True):
            told = usual[..., None] + each.noise
            stops = told + slower <= each.tolerance
            stops[..., -1] = True
            last = stops.argmax(axis=-1)[..., None]
            moved.append(np.take_along_axis(told, last, axis=-1)[..., 0])
        mean = np.mean(moved, axis=0)
        # Of all cells together it is the run's common part that may be larger.
        run = self._known.run
        more = math.sqrt(at_most(run)) - math.sqrt(run.variance)
        more *= math.sqrt(1 + 1 / max(each.expected.stored for each in self._cells))
        return _Change(
            tolerance=fmean(each.tolerance for each in self._cells),
            moved=(mean, mean + more * self._run),
            known=self._joint,
        )


def _edge_of_cell(changes: Sequence[_Change], level: float, wide: int) -> Array:
    """Return the slowdown that makes the first latency of a cell a regression.

    It is judged only as long as some latency looks slower each time that it is
    measured.
    """
    import numpy as np

    suspected = np.min(
        [c.tolerance - c.least[wide] for c in changes if c.least is not None], axis=0
    )
    edge: Array = np.maximum(_first_of(changes, level, wide), suspected)
    return edge


def _first_of(changes: Sequence[_Change], level: float, wide: int) -> Array:
    """Return the slowdown that makes the first of a family a regression.

    By Hommel's procedure, which is the closed test of Simes' (1986): each subset that
    it is in must be rejected, and one of n is if k of its p-values are at most k/n of
    the level.
    """
    import numpy as np

    subsets = [
        (changes[0], *others)
        for count in range(len(changes))
        for others in combinations(changes[1:], count)
    ]
    edges = []
    for subset in subsets:
        size = len(subset)
        enough = [
            np.sort([each.edge(k * level / size, wide) for each in subset], axis=0)[
                k - 1
            ]
            for k in range(1, size + 1)
        ]
        edges.append(np.min(enough, axis=0))
    highest: Array = np.max(edges, axis=0)
    return highest


def _reach(level: float, degrees: Array) -> Array:
    """Return how many standard errors Student's t reaches, about."""
    import numpy as np

    places, reaches = _reaches(level)
    found: Array = np.interp(1 / np.clip(degrees, 1.0, _MOST_DEGREES), places, reaches)
    return found


@lru_cache(maxsize=256)
def _reaches(level: float) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return a table of t by one over the degrees of freedom."""
    steps = [_MOST_DEGREES ** (-n / _GRID) for n in range(_GRID, -1, -1)]
    return tuple(steps), tuple(-student.quantile(level, 1 / step) for step in steps)
