"""How a gate beside stored runs of other machines does by a yardstick; run by hand.

    python tests/perf/yardstick.py [SESSIONS]

Each run is on one of two machines, of which the second takes 30 % longer, and has an
effect of its own besides. A yardstick is asked in turn with each cell: it has what the
machine and the run do to times, and an own effect and own noise. The gate's own code
judges; beside it stands what it says without a yardstick.
"""

from __future__ import annotations

import math
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np  # noqa: TID253 - a script

from tests.perf.stored_runs import (
    WORKERS,
    Place,
    World,
    common_times,
    hypotheses_of,
    log_times,
    regressions,
)

if TYPE_CHECKING:
    from numpy.random import Generator

    from pytest_llmlat.analysis.resampling import Array

MACHINES = (0.0, math.log(1.3))
PLACES = {
    "2 % a run": Place(run=0.02),
    "2 % a run, 1.3 % a cell": Place(run=0.02, cell=0.013),
    "drift of 10 %": Place(drift=0.10),
    "a neighbour of 30 %": Place(neighbour=0.26),
}
UNEVEN = (0.0, 0.05, 0.1)
"""How differently cells feel a slower machine: standard deviation of the power to which
each takes the yardstick's factor."""
CELLS = (6,)
STORED = (1, 3, 5)


def alone(place: Place, world: World, source: Generator) -> Array:
    """Return the log times that cells, or yardsticks, have each of their own."""
    common = common_times(place, world.cells, source)
    return log_times(place, common, world.samples, source)


def session(seed: int, world: World, *, yardstick: bool, uneven: float) -> bool:
    """Return whether a session reports a regression."""
    source = np.random.default_rng(seed)
    felt = source.normal(1.0, uneven, (world.cells, 1))
    own = replace(world.place, drift=0.0, neighbour=0.0, run=0.0)
    runs = []
    for number in range(1 + world.stored):
        common = np.full((world.cells, 1), source.normal(0.0, world.place.run))
        machine = source.choice(MACHINES)
        # What wanders in time is in both, for they are asked in turn.
        wanders = replace(world.place, noise=0.0, cell=0.0)
        shared = log_times(wanders, common, world.samples, source)
        times = shared + felt * machine + alone(own, world, source)
        if number == 0:
            times = times + np.resize(world.slower, (world.cells, 1))
        if yardstick:
            rod = shared + machine + alone(own, world, source)
            times = times - rod
        runs.append(times)
    gated = [
        each
        for cell in range(world.cells)
        for each in hypotheses_of(
            cell,
            [runs[0][cell]],
            np.array([run[cell] for run in runs[1:]]),
            world.place,
            seed,
        )
    ]
    return bool(regressions(gated))


def share(
    world: World, sessions: int, *, yardstick: bool = True, uneven: float = 0.0
) -> float:
    """Return in which share of sessions there is a regression."""
    run = partial(session, world=world, yardstick=yardstick, uneven=uneven)
    with ProcessPoolExecutor(WORKERS) as pool:
        found = list(pool.map(run, range(sessions), chunksize=50))
    return sum(found) / sessions


def main(sessions: int) -> None:
    """Print false alarms and power."""
    print(f"{sessions} sessions each; two machines 30 % apart; 24 samples a cell")
    for name, place in PLACES.items():
        for cells in CELLS:
            for stored in STORED:
                world = World(place=place, cells=cells, stored=stored)
                head = f"{name:24} {cells:2} cells {stored} stored"
                print(f"{head}: {told(world, sessions)}", flush=True)


def told(world: World, sessions: int) -> str:
    """Return what one world comes to."""
    without = share(world, sessions, yardstick=False)
    alarms = [f"{share(world, sessions, uneven=each):.1%}" for each in UNEVEN]
    powers = [
        f"{share(replace(world, slower=(math.log1p(by),)), sessions):.0%}"
        for by in (0.10, 0.15, 0.30)
    ]
    return (
        f"A/A without {without:.1%}, with {' '.join(alarms)} where cells feel the"
        f" machine alike, 5 %, 10 % unlike; seen of 10, 15, 30 %: {' '.join(powers)}"
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
