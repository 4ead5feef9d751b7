"""How much sooner two workers are done on two cards than one on one.

    python -m tests.perf.cards            # three pairs of runs
    python -m tests.perf.cards 5          # five
    python -m tests.perf.cards 3 auto     # without pytest-xdist: --llm-spread=auto
    AT_REST=1 python -m tests.perf.cards  # where others keep the machine busy: then
                                          # nothing is gated but by looking away

Run by hand on Linux, never in CI. The cards are stand-ins: a driver that names two, and
a scripted model whose time is sleep, as a card's work is for the processor. Each run is
pytest with workers of pytest-xdist, or with our own; the time is from the first request
to the last end, on the clock that all processes of this machine share. Then the gate
compares a run of two workers with two stored runs of one: nothing has changed, and
nothing may be said to be slower.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

from pytest_llmlat.store.record_reader import records_of
from pytest_llmlat.store.run_reader import open_run

ROOT = Path(__file__).parents[2]
CELLS, PAIRS = 8, 3
AT_START = """
import os

from pytest_llmlat.machine import contention, devices, nvidia
from tests.unit.nvml_driver import Driver

CARDS = Driver({0: [], 1: []}, {0: 0, 1: 0}, names=("NVIDIA RTX A6000",) * 2)
nvidia.load_driver = devices.load_driver = lambda: (CARDS, "a stand-in")
from pytest_llmlat.spread import nodes_here
nodes_here.card_nodes = lambda *_: (0, 0)
if os.environ.get("AT_REST"):
    contention.judge = lambda *_: None
"""
"""Code that each process runs at its start: our own workers read no conftest.py."""
MODELS = """
[models.sleeper]
backend = "scripted"
devices = ["cuda", "a6000"]
options = { answer = "positive", ttft_s = 0.06, tpot_s = 0.02 }
"""
TEST = """
import pytest

@pytest.mark.parametrize("number", range(CELLS))
@pytest.mark.llm("sentiment/polarity", samples=20)
def test_it(llm, llmlat, number):
    llmlat.run(llm)
"""


def run(folder: Path, number: str, *more: str) -> tuple[float, Path]:
    """Return the seconds between the first request and the last end, and the run."""
    known = [str(folder / "beside"), str(ROOT), os.environ.get("PYTHONPATH")]
    paths = os.pathsep.join(filter(None, known))
    runs = folder / number
    found = subprocess.run(  # noqa: S603 - this interpreter
        [
            *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"),
            *("-m", "a6000", "--llm=sleeper", "--llm-models=models.toml"),
            *(f"--llm-runs={runs}", *more),
        ],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": paths, "XDG_CACHE_HOME": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    if found.returncode:
        raise SystemExit(found.stdout + found.stderr)
    (one,) = runs.iterdir()
    timings = [
        record.timing
        for _, records in records_of(open_run(one))
        for record in records
        if record.timing is not None
    ]
    first = min(timing.start_ns for timing in timings)
    return (max(timing.end_ns for timing in timings) - first) / 1e9, one


def main() -> None:
    """Print the times of each pair, and what the gate says."""
    pairs = int(sys.argv[1]) if len(sys.argv) > 1 else PAIRS
    auto = sys.argv[2:] == ["auto"]
    alone, both = ("-n1",), ("-n2",)
    if auto:
        # One cell at a time: the stand-ins share the memory of one NUMA node.
        alone, both = ("--llm-spread=numa",), ("--llm-spread=auto",)
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        (folder / "beside").mkdir()
        (folder / "beside" / "sitecustomize.py").write_text(AT_START)
        (folder / "models.toml").write_text(MODELS)
        (folder / "test_it.py").write_text(TEST.replace("CELLS", str(CELLS)))
        (folder / "pytest.ini").write_text("[pytest]\n")
        gains = []
        for number in range(pairs):
            one, _ = run(
                folder, f"one-{number}", *alone, "--llm-save-baseline=base.json"
            )
            two, _ = run(folder, f"two-{number}", *both)
            gains.append(one / two)
            print(f"one card {one:.2f} s, two {two:.2f} s: {one / two:.2f} times")
        print(f"median: {median(gains):.2f} times the cells per hour")
        _, last = run(folder, "judged", *both, "--llm-baseline=base.json")
        told = json.loads((last / "summary.json").read_text("utf-8"))
        for verdict in told["verdicts"]:
            if verdict["quantity"] == "e2e":
                print(verdict["cell"], verdict["outcome"], verdict["note"])


if __name__ == "__main__":
    main()
