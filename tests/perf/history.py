"""How often a history is told to have changed, with and without a change.

    python tests/perf/history.py stable [HISTORIES [CELLS]]   # false alarms
    python tests/perf/history.py step [HISTORIES [CELLS]]     # a step of ten per cent
    python tests/perf/history.py creep [HISTORIES [CELLS]]    # one per cent each run

A history is that of so many cells (one) with both halves: times with 2 % between runs,
independent or depending on the run before (AR 0.5), and qualities of 40 answers, 75 %
right, that are drawn anew in each run or the same in all. Run by hand; figures are
quoted.
"""

from __future__ import annotations

import math
import sys
from typing import TYPE_CHECKING

import numpy as np  # noqa: TID253 - a script

from pytest_llmlat.gate.change_points import ChangeKind, changes_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.random import Generator
    from numpy.typing import NDArray

    Shape = Callable[[int], NDArray[np.float64]]
    """What is added to the log times of so many runs."""

LENGTHS = (10, 20, 30, 100)
SPREAD = 0.02
ANSWERS, RIGHT = 40, 0.75
BURN_IN = 50


def times(depends: float, runs: int, source: Generator) -> NDArray[np.float64]:
    """Return log times of runs with a spread of ``SPREAD``."""
    drawn = source.normal(0.0, SPREAD * math.sqrt(1 - depends**2), BURN_IN + runs)
    for place in range(1, len(drawn)):
        drawn[place] += depends * drawn[place - 1]
    return drawn[BURN_IN:]


def qualities(runs: int, source: Generator, *, drawn: bool) -> NDArray[np.float64]:
    """Return the quality of runs."""
    if not drawn:
        return np.full(runs, RIGHT)
    return source.binomial(ANSWERS, RIGHT, runs) / ANSWERS


def figures(name: str, shape: Shape, histories: int, cells: int) -> None:
    """Print how often a history is told to have changed."""
    print(f"{name}: share of {histories} histories with a change told, in per cent")
    print("(of the changed cell: that it is told, as what it is, and within one run)")
    for depends in (0.0, 0.5):
        for drawn in (False, True):
            for runs in LENGTHS:
                line = _told(shape, depends, runs, cells, histories, drawn=drawn)
                kind = "drawn" if drawn else "same"
                print(
                    f"AR {depends:g}, answers {kind:5}, {runs:3d} runs: {line}",
                    flush=True,
                )


def _told(
    shape: Shape,
    depends: float,
    runs: int,
    cells: int,
    histories: int,
    *,
    drawn: bool,
) -> str:
    source = np.random.default_rng([runs, cells, round(10 * depends), drawn])
    added = shape(runs)
    step = int(np.abs(np.diff(added)).argmax()) + 1
    creeps = len(np.unique(np.diff(added).round(9))) == 1
    any_ = own = right = near = 0
    for _ in range(histories):
        series = [
            *(times(depends, runs, source) for _ in range(cells)),
            *(qualities(runs, source, drawn=drawn) for _ in range(cells)),
        ]
        series[0] = series[0] + added
        found = changes_of([each.tolist() for each in series])
        any_ += any(found)
        own += bool(found[0])
        kinds = {change.kind for change in found[0]}
        wanted = ChangeKind.CREEP if creeps else ChangeKind.STEP
        right += kinds == {wanted}
        near += any(abs(change.first - step) <= 1 for change in found[0])
    share = 100 / histories
    told = f"{any_ * share:5.1f}"
    if added.any():
        told += f" | {own * share:5.1f} {right * share:5.1f}"
        told += "" if creeps else f" {near * share:5.1f}"
    return told


def stable(runs: int) -> NDArray[np.float64]:
    """Return no change."""
    return np.zeros(runs)


def step(runs: int) -> NDArray[np.float64]:
    """Return a step of ten per cent after two thirds of the runs."""
    return np.where(np.arange(runs) >= runs * 2 // 3, math.log(1.1), 0.0)


def creep(runs: int) -> NDArray[np.float64]:
    """Return one per cent more each run."""
    return np.arange(runs, dtype=np.float64) * np.float64(math.log(1.01))


if __name__ == "__main__":
    wanted = sys.argv[1] if len(sys.argv) > 1 else "stable"
    shapes = {"stable": stable, "step": step, "creep": creep}
    asked = [int(text) for text in sys.argv[2:]]
    figures(wanted, shapes[wanted], *asked, *(300, 1)[len(asked) :])
