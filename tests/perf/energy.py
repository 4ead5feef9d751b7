"""What reading energy costs, and how true it is beside a known truth; run by hand.

    python -m tests.perf.energy read       # microseconds for one reading
    python -m tests.perf.energy fake 4     # a tree of counters that uses so many watts

``fake`` keeps a tree like Linux's powercap up to date from a thread, so that a real
model is measured on counters whose truth is known.
"""

from __future__ import annotations

import sys
import tempfile
import threading
import time
from pathlib import Path
from statistics import median, quantiles
from typing import TYPE_CHECKING

from pytest_llmlat import measure_models
from pytest_llmlat.machine.energy_counters import ENERGY_SOURCES
from pytest_llmlat.machine.energy_meter import EnergyMeter
from pytest_llmlat.machine.rapl import rapl_counters
from pytest_llmlat.report.terminal import scoreboard_lines
from pytest_llmlat.values.clock import SystemClock
from tests.unit.energy_tree import PowercapTree

if TYPE_CHECKING:
    from collections.abc import Sequence

_ROUNDS = 2000
_TICK_S = 0.001


def a_tree(folder: Path, watts: Sequence[float]) -> PowercapTree:
    """Return a tree of so many packages."""
    tree = PowercapTree(folder / "powercap", SystemClock())
    for number, power in enumerate(watts):
        tree.add(f"intel-rapl:{number}", f"package-{number}", watts=power)
        tree.add(f"intel-rapl:{number}:0", "dram", watts=power / 10)
    return tree


def read(folder: Path) -> None:
    """Print how long one reading takes, of two packages and their memory."""
    tree = a_tree(folder, (60.0, 50.0))
    meter = EnergyMeter(rapl_counters(tree.folder).counters, SystemClock())
    times = []
    for _ in range(_ROUNDS):
        begin = time.perf_counter_ns()
        meter.between(meter.read(), meter.read())
        times.append((time.perf_counter_ns() - begin) / 1e3)
    meter.close()
    last = quantiles(times, n=100)[98]
    print(f"an answer's two readings of {len(meter.counters)} counters, and their")
    print(f"difference: median {median(times):.1f} us, p99 {last:.1f} us (limit 1000)")


def fake(folder: Path, samples: int) -> None:
    """Measure the embedded model on counters of 44 W, and compare each answer."""
    tree = a_tree(folder, (40.0,))
    over = threading.Event()

    def run() -> None:
        while not over.wait(_TICK_S):
            tree.tick()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    undo = ENERGY_SOURCES.add([("tests.perf.energy", {"fake": tree.source})])
    try:
        found = measure_models(
            "smollm2-135m", ["sentiment/polarity"], samples=samples, root=folder
        )
    finally:
        undo()
        over.set()
        thread.join()
    print("\n".join(scoreboard_lines(found.board)))
    ratios = [
        record.energy_j / (44.0 * record.energy_s)
        for record in found.records()
        if record.energy_j is not None and record.energy_s
    ]
    print(f"joules over their truth: median {median(ratios):.5f}")
    print(f"    from {min(ratios):.5f} to {max(ratios):.5f} in {len(ratios)} answers")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        if sys.argv[1:2] == ["read"]:
            read(Path(place))
        else:
            fake(Path(place), int(sys.argv[2]))
