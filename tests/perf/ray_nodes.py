"""What a Ray cluster adds to a run: for each cell, and for each record.

    python -m tests.perf.ray_nodes        # three runs of each kind
    python -m tests.perf.ray_nodes 5      # five

Run by hand, never in CI; it needs the extra ``ray``. The cluster is of this machine: a
head and three nodes, each with a stand-in of a card. Cells are a scripted model's,
whose time is sleep. A run of the cluster with one card is held against one of a worker
process with one card: what is left over is Ray's. What a record costs is the time
between the end of an answer and the next request, which no latency holds. At the end
the gate compares both, and the scoreboard of a run on three nodes is shown, with what
``ray status`` says.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from itertools import pairwise
from pathlib import Path
from statistics import median

from pytest_llmlat.store.record_reader import records_of
from pytest_llmlat.store.run_reader import open_run
from tests.perf.cards import MODELS, TEST
from tests.plugin import ray_cluster

CELLS, RUNS = 12, 3
AT_REST = """
from pytest_llmlat.machine import contention
contention.judge = lambda *_: None
"""


def run(folder: Path, name: str, *more: str) -> tuple[float, float, str]:
    """Return seconds a cell, seconds between two answers, and what was printed."""
    runs = folder / name
    found = subprocess.run(  # noqa: S603 - this interpreter
        [
            *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"),
            *("-m", "a6000", "--llm=sleeper", "--llm-models=models.toml"),
            *(f"--llm-runs={runs}", *more),
        ],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    if found.returncode:
        raise SystemExit(found.stdout + found.stderr)
    (one,) = runs.iterdir()
    spans, gaps = [], []
    for _, records in records_of(open_run(one)):
        timings = [each.timing for each in records if each.timing is not None]
        spans.append((timings[0].start_ns, timings[-1].end_ns))
        gaps += [
            (after.start_ns - before.end_ns) / 1e9
            for before, after in pairwise(timings)
        ]
    spans.sort()
    between = [(after[0] - before[1]) / 1e9 for before, after in pairwise(spans)]
    return median(between), median(gaps), found.stdout


def main() -> None:
    """Print what a cell and a record cost, what the gate says, and a scoreboard."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else RUNS
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        (folder / "models.toml").write_text(MODELS)
        (folder / "test_it.py").write_text(TEST.replace("CELLS", str(CELLS)))
        (folder / "pytest.ini").write_text("[pytest]\n")
        beside = os.environ | {
            "STAND_IN_CARDS": "1",
            "XDG_CACHE_HOME": str(folder),
            "PYTHONPATH": os.pathsep.join(
                [str(folder / "beside"), str(ray_cluster.HERE)]
            ),
        }
        nodes = ray_cluster.opened(folder)
        try:
            nodes.add("head")
            if os.environ.get("AT_REST"):
                code = folder / "beside" / "sitecustomize.py"
                code.write_text(ray_cluster.AT_START + AT_REST)
            os.environ.update(beside)
            os.environ["RAY_ADDRESS"] = nodes.cluster.address
            nodes.add("alpha", cards=1)
            _compare(folder, runs)
            for name in ("beta", "gamma"):
                nodes.add(name, cards=1)
            _, _, board = run(folder, "nodes", "--llm-spread=ray")
            print(board)
            _print_status()
        finally:
            nodes.cluster.shutdown()


def _compare(folder: Path, runs: int) -> None:
    cells, records = [], []
    for number in range(runs):
        base = "--llm-save-baseline=base.json"
        here = run(folder, f"here-{number}", "--llm-spread=auto", base)
        there = run(folder, f"there-{number}", "--llm-spread=ray")
        cells.append(there[0] - here[0])
        records.append(there[1] - here[1])
        print(
            f"between two cells {here[0]:.4f} s, of Ray {there[0]:.4f} s; between two"
            f" answers {here[1] * 1e3:.3f} ms, of Ray {there[1] * 1e3:.3f} ms"
        )
    print(
        f"Ray's: {median(cells):.4f} s a cell, {median(records) * 1e3:.3f} ms a record"
    )
    _, _, told = run(folder, "judged", "--llm-spread=ray", "--llm-baseline=base.json")
    print(told)


def _print_status() -> None:
    command = [str(Path(sys.executable).with_name("ray")), "status"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - ours
    print(done.stdout or done.stderr)


if __name__ == "__main__":
    main()
