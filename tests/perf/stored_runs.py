"""How a gate beside stored runs does where runs differ; run by hand.

    python tests/perf/stored_runs.py aa [SESSIONS] [never]     # identical candidates
    python tests/perf/stored_runs.py slow [SESSIONS] [never]   # slower ones: power
    python tests/perf/stored_runs.py one [SESSIONS]   # one cell alone, 10 % slower

Times are simulated on the log scale, as runs on a machine were seen to differ. What
judges them is the gate's own code, from the log times of each sample on: two-level
variances, families, step-down and intervals. A cell that looks slower is measured again
at once, as often as it may be, unless ``never`` is said.
"""

from __future__ import annotations

import math
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache, partial
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np  # noqa: TID253 - a script

from pytest_llmlat.analysis.resampling import DRAWS
from pytest_llmlat.gate.changes import BALANCED, Change
from pytest_llmlat.gate.hypotheses import (
    Hypothesis,
    across_runs,
    as_change,
    families,
    hommel_family,
)
from pytest_llmlat.gate.judging import ALPHA
from pytest_llmlat.gate.step_down import step_down
from pytest_llmlat.gate.stored_runs import spread_of_rounds, times_of_logs
from pytest_llmlat.gate.suspicion import most_looks
from pytest_llmlat.gate.tolerances import DEFAULT_TOLERANCE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.random import Generator

    from pytest_llmlat.analysis.resampling import Array

WORKERS = 2
BEYOND = math.log1p(DEFAULT_TOLERANCE["e2e"])
SPREAD = 0.6
"""Of the times of different samples of one task."""
PERIOD, BUSY, KEPT = 160, 40, 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What runs on a machine differ in, all on the log scale."""

    run: float = 0.0
    """Standard deviation of what is common to a run."""
    cell: float = 0.0
    """Of what is a cell's own in a run."""
    drift: float = 0.0
    """Of times that wander within a run (AR(1), 0.95 from a request to the next)."""
    neighbour: float = 0.0
    """How much slower the first quarter of each 160 requests is."""
    noise: float = 0.1
    """Of a sample's time from one run to the next."""
    first: float = 0.0
    """Of the noise that a first token has for itself."""


PLACES = {
    "nothing": Place(),
    "2 % a run": Place(run=0.02),
    "3 % a run": Place(run=0.03),
    "1.3 % a cell": Place(cell=0.013),
    "2 % a run, 1.3 % a cell": Place(run=0.02, cell=0.013),
    "drift of 10 %": Place(drift=0.10),
    "a neighbour of 30 %": Place(neighbour=0.26),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What a session is like."""

    place: Place
    cells: int
    stored: int
    slower: tuple[float, ...] = (0.0,)
    """The candidate's change on the log scale, of all cells or of each."""
    samples: int = 24
    looks: int = 2
    """How often a cell is measured at most that looks slower each time."""


def common_times(place: Place, cells: int, source: Generator) -> Array:
    """Return what all times of a cell in a run have in common: (cells, 1)."""
    common: Array = source.normal(0.0, place.cell, (cells, 1))
    return common + source.normal(0.0, place.run)


class Machine:
    """A machine during one run, from one request to the next."""

    def __init__(self, place: Place, source: Generator) -> None:
        """Begin anywhere."""
        self._place, self._source = place, source
        self._wander = source.normal(0.0, place.drift)
        self._at = int(source.integers(PERIOD))

    def log_times(self, common: float, samples: int) -> Array:
        """Return the log times of the next requests beyond what samples differ in.

        Args:
            common: to all of them.
            samples: how many they are.
        """
        place, source = self._place, self._source
        times: Array = source.normal(0.0, place.noise, samples) + common
        if place.drift:
            steps = source.normal(0.0, place.drift * math.sqrt(1 - KEPT**2), samples)
            wander = []
            for step in steps.tolist():
                self._wander = KEPT * self._wander + step
                wander.append(self._wander)
            times += wander
        busy = (self._at + np.arange(samples)) % PERIOD < BUSY
        self._at += samples
        return times + place.neighbour * busy


def log_times(place: Place, common: Array, samples: int, source: Generator) -> Array:
    """Return the log times of a run, cell by cell.

    Args:
        place: where it is.
        common: to all times of each cell in this run.
        samples: of each cell.
        source: of chance.
    """
    machine = Machine(place, source)
    return np.array([machine.log_times(float(own), samples) for (own,) in common])


@cache
def normal_scores() -> Array:
    """Return what stands for the draws of a resample."""
    normal = NormalDist()
    return np.array([normal.inv_cdf((n + 0.5) / DRAWS) for n in range(DRAWS)])


def change_of(name: str, ratios: Array, slope: float) -> Change:
    """Return what the gate makes of paired samples, by the normal limit of draws."""
    estimate = float(ratios.mean())
    error = float(ratios.std(ddof=1)) / math.sqrt(len(ratios))
    return Change(
        quantity=name,
        samples=len(ratios),
        baseline=None,
        candidate=None,
        estimate=estimate,
        error=error,
        p=1.0,
        draws=estimate + error * normal_scores(),
        slope=slope,
    )


def hypotheses_of(
    number: int, looks: Sequence[Array], theirs: Array, place: Place, seed: int
) -> list[Hypothesis]:
    """Return what is gated of one cell whose answers are the same on both sides.

    Args:
        number: of the cell.
        looks: log times of the candidate's samples, each time that it was measured.
        theirs: of each stored run.
        place: where it is.
        seed: of the session.
    """
    source = np.random.default_rng((seed, number))
    ours: Array = np.mean(looks, axis=0)
    usual = source.normal(0.0, SPREAD, ours.shape)
    scores = [np.sqrt(1 / (1 + np.exp(usual + each))) for each in (ours, *theirs)]
    lost = np.mean(scores[1:], axis=0) - scores[0]
    slope = float(np.mean(scores[0] * (1 - scores[0] ** 2)) / 2)
    firsts = source.normal(0.0, place.first, (1 + len(theirs), len(ours)))
    sides = {"e2e": (ours, theirs), "ttft": (ours + firsts[0], theirs + firsts[1:])}
    found = {
        name: change_of(name, mine - other.mean(axis=0), 1.0)
        for name, (mine, other) in sides.items()
    }
    times = {
        name: times_of_logs(
            named(mine),
            {f"r{at}": named(run) for at, run in enumerate(other)},
            estimate=found[name].estimate,
            error=found[name].error,
            rounds=spread_of_rounds([look.tolist() for look in looks]),
            looks=len(looks),
        )
        for name, (mine, other) in sides.items()
    }
    found[BALANCED] = change_of(BALANCED, lost, slope)
    return [
        Hypothesis(
            cell=f"cell {number}",
            against="baseline",
            change=change,
            tolerance=DEFAULT_TOLERANCE[name],
            notes=(),
            stored=len(theirs),
            times={name: each for name, each in times.items() if each},
            by_clock=name == BALANCED and len(theirs) > 1,
        )
        for name, change in found.items()
    ]


def named(values: Array) -> dict[str, float]:
    """Return times by the names of samples."""
    return {f"s{at}": value for at, value in enumerate(values.tolist())}


def regressions(gated: list[Hypothesis]) -> list[Hypothesis]:
    """Return what the gate calls a regression, as ``judge`` does."""
    grouped = families(across_runs(gated))
    shares = step_down(
        [hommel_family(some) for some in grouped],
        ALPHA / 2,
    )
    return [
        each
        for some, share in zip(grouped, shares, strict=True)
        for each in some
        if each.change.p <= share.level
        and each.change.interval(2 * share.bound)[0]
        > as_change(each.change.quantity, each.tolerance)
    ]


def looked(machine: Machine, common: float, stored: Array, most: int) -> list[Array]:
    """Measure a cell again and again as long as it looks slower than is tolerated.

    Args:
        machine: on which.
        common: to all its times.
        stored: log times of each stored run.
        most: how often at most.
    """
    looks: list[Array] = []
    while len(looks) < most:
        looks.append(machine.log_times(common, stored.shape[1]))
        if (np.mean(looks, axis=0) - stored.mean(axis=0)).mean() <= BEYOND:
            break
    return looks


def session(world: World, seed: int) -> tuple[str, float]:
    """Judge one session.

    Returns:
        Where it reports a regression: c(ells), a(ll), both or none; and how often a
        cell was measured.
    """
    source = np.random.default_rng(seed)
    place, samples = world.place, world.samples
    runs = [
        log_times(place, common_times(place, world.cells, source), samples, source)
        for _ in range(world.stored)
    ]
    machine = Machine(place, source)
    common = common_times(place, world.cells, source) + np.reshape(
        world.slower, (-1, 1)
    )
    gated: list[Hypothesis] = []
    asked = 0
    for number in range(world.cells):
        stored = np.array([run[number] for run in runs])
        looks = looked(machine, float(common[number, 0]), stored, world.looks)
        asked += len(looks)
        gated += hypotheses_of(number, looks, stored, place, seed)
    found = {each.cell == "all cells" for each in regressions(gated)}
    told = "".join("a" if each else "c" for each in sorted(found))
    return told, asked / world.cells


def seen(world: World, sessions: int, pool: ProcessPoolExecutor) -> str:
    """Return in how many sessions there was one, and in how many by all cells."""
    found = list(pool.map(partial(session, world), range(sessions), chunksize=10))
    joint = sum("a" in told for told, _ in found)
    hits = sum(bool(told) for told, _ in found)
    cost = sum(asked for _, asked in found) / sessions
    return f"{hits / sessions:.3f} ({joint / sessions:.3f}) {cost:.2f}"


def looks_of(cells: int, look: str = "suspicious") -> int:
    """Return how often a session of so many cells measures one that looks slower."""
    return 1 if look == "never" else most_looks(cells)


def table(
    name: str,
    place: Place,
    slower: tuple[float, ...],
    counts: tuple[int, ...],
    sessions: int,
    pool: ProcessPoolExecutor,
    *,
    look: str,
) -> None:
    """Print a line for each number of cells."""
    for cells in counts:
        row = [
            f"{stored} {seen(world, sessions, pool)}"
            for stored in (1, 2, 3, 5)
            for world in [
                World(
                    place=place,
                    cells=cells,
                    stored=stored,
                    slower=slower,
                    looks=looks_of(cells, look),
                )
            ]
        ]
        print(f"{name}, {cells} cells: {'  '.join(row)}", flush=True)


def alone(sessions: int, pool: ProcessPoolExecutor) -> None:
    """Print what a session of one cell sees of 10 %, by its noise and samples."""
    for noise in (0.03, 0.05, 0.1):
        for samples in (24, 60, 120):
            row = [
                f"{stored} {seen(world, sessions, pool)}"
                for stored in (3, 5)
                for world in [
                    World(
                        place=Place(run=0.01, noise=noise),
                        cells=1,
                        stored=stored,
                        slower=(math.log(1.1),),
                        samples=samples,
                        looks=looks_of(1),
                    )
                ]
            ]
            print(f"noise {noise}, {samples} samples: {'  '.join(row)}", flush=True)


def main(kind: str, sessions: str = "300", look: str = "suspicious") -> None:
    """Run one of the studies."""
    quiet, some = Place(run=0.01), Place(run=0.02)
    one = (math.log(1.15), *[0.0] * 5)
    studies: list[tuple[str, Place, tuple[float, ...], tuple[int, ...]]]
    if kind == "aa":
        studies = [
            (f"A/A, {name}", place, (0.0,), (1, 6, 24))
            for name, place in PLACES.items()
        ]
    else:
        up = (math.log(1.1),)
        studies = [
            ("10 % slower, 1 % a run", quiet, up, (1, 6, 24)),
            ("10 % slower, 2 % a run", some, up, (6,)),
            ("4 % slower, 2 % a run", some, (math.log(1.04),), (6,)),
            ("one cell 15 % slower, 1 % a run", quiet, one, (6,)),
        ]
    print("stored runs, then: any regression (of all cells together), times measured")
    with ProcessPoolExecutor(WORKERS) as pool:
        if kind == "one":
            alone(int(sessions), pool)
            return
        for name, place, slower, counts in studies:
            table(name, place, slower, counts, int(sessions), pool, look=look)


if __name__ == "__main__":
    main(*sys.argv[1:])
