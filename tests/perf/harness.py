"""How much the harness costs, and how true its clock is. Run by hand, never in CI.

    python tests/perf/harness.py scripted     # ms a sample; clock bias and jitter
    python tests/perf/harness.py model        # overhead of the embedded model's items
    python tests/perf/harness.py collect      # what an unrelated pytest run pays

``overhead`` is (wall time of the items - the sum of e2e) / the sum of e2e. Wall time
is what pytest reports for the call of each item: the warm-up generation, which is
measured apart, is in it and is told beside.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from pytest_llmlat.backends.scripted import Scripted
from pytest_llmlat.measure.scenarios import ask, settled
from pytest_llmlat.values.clock import SystemClock
from pytest_llmlat.values.records import Request
from pytest_llmlat.values.timing import NS_PER_S

ROOT = Path(__file__).resolve().parents[2]
TTFT_S, TPOT_S, TOKENS = 0.005, 0.001, 8
TIMER = """
import json, pytest

@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    if call.when == "call":
        with open("walls.jsonl", "a") as file:
            file.write(json.dumps(call.duration) + "\\n")
    return (yield)
"""
CATALOGUE = """
[models.instant]
backend = "scripted"
devices = ["cpu"]
options = { answer = "positive" }

[tasks."sentiment/many"]
source = "many.jsonl"
reference = "label"
labels = ["positive", "negative"]
extractor = "label"
metric = "accuracy"
max_new_tokens = 4
budget_s = 1.0
chat_prompt = "{{ text }}"
completion_prompt = "{{ text }}"
"""
TEST = """
import pytest

@pytest.mark.llm("sentiment/many")
def test_many(llm, llmlat):
    llmlat.run(llm)
"""


LABELS = ("positive", "negative")


def clock_figures(requests: int = 1000) -> None:
    """Compare recorded ttft and e2e with the script's token times."""
    clock = SystemClock()
    backend = Scripted(
        {"": "word " * TOKENS}, clock=clock, ttft_s=TTFT_S, tpot_s=TPOT_S
    )
    request = Request(prompt="?", chat=True, max_new_tokens=TOKENS)
    true = {"ttft": TTFT_S, "e2e": TTFT_S + (TOKENS - 1) * TPOT_S}
    errors: dict[str, list[float]] = {name: [] for name in true}
    with settled():
        for _ in range(requests):
            timing = ask(request, backend, clock).timing
            errors["ttft"].append((timing.ttft_s or 0) - true["ttft"])
            errors["e2e"].append(timing.e2e_s - true["e2e"])
    for name, found in errors.items():
        found.sort()
        print(
            f"{name}: true {true[name] * 1e3:.3f} ms, n {requests},"
            f" bias {statistics.fmean(found) * 1e6:.1f} us,"
            f" median {statistics.median(found) * 1e6:.1f} us,"
            f" p99 {found[int(0.99 * requests)] * 1e6:.1f} us"
        )


def scripted_figures(samples: int = 2000) -> None:
    """Run one cell whose answers cost nothing: all of its time is ours."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows = [
            {"id": str(i), "text": f"text {i}", "label": LABELS[i % 2]}
            for i in range(samples)
        ]
        (folder / "many.jsonl").write_text("".join(f"{json.dumps(r)}\n" for r in rows))
        (folder / "catalogue.toml").write_text(CATALOGUE)
        (folder / "test_many.py").write_text(TEST)
        wall, spent, warmup = measured(
            folder,
            "--llm=instant",
            "--llm-models=catalogue.toml",
            "--llm-tasks=catalogue.toml",
        )
        each = (wall - spent - warmup) / samples * 1e3
        print(f"scripted: {samples} samples, harness {each:.3f} ms a sample")


def model_figures(*arguments: str) -> None:
    """Run the bundled benchmarks on the embedded model."""
    with tempfile.TemporaryDirectory() as name:
        wall, spent, warmup = measured(Path(name), str(ROOT / "benchmarks"), *arguments)
    print(
        f"model: items {wall:.2f} s, sum of e2e {spent:.2f} s, warm-up {warmup:.2f} s;"
        f" overhead {(wall - spent) / spent:.2%},"
        f" without warm-up {(wall - warmup - spent) / spent:.2%}"
    )


def measured(folder: Path, *arguments: str) -> tuple[float, float, float]:
    """Run pytest, shown as it is, and return what its items took.

    Returns:
        Their wall time, the sum of e2e and the sum of warm-ups, in seconds.
    """
    (folder / "timer.py").write_text(TIMER)
    subprocess.run(  # noqa: S603 - our own command
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "timer",
            "-p",
            "no:cacheprovider",
            f"--rootdir={folder}",
            *arguments,
        ],
        cwd=folder,
        check=False,
    )
    (run,) = (folder / ".llmlat" / "runs").iterdir()
    records = _rows(run / "records.jsonl")
    cells = [row for row in _rows(run / "cells.jsonl") if row["finished"]]
    walls = [json.loads(line) for line in (folder / "walls.jsonl").open()]
    return (
        sum(walls),
        sum(record["e2e_s"] for record in records),
        sum(cell["warmup_s"] or 0 for cell in cells),
    )


def collect_figures(pairs: int = 60) -> None:
    """Collect an empty project with the plugin and without, in turn, on one core.

    A run takes a fifth of a second, and one that meets others takes twice as long: of
    both sides the lower quarter is compared too.
    """
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    with tempfile.TemporaryDirectory() as folder:
        beside, alone = [], []
        _collect(folder)
        for _ in range(pairs):
            alone.append(_collect(folder, "-p", "no:llmlat"))
            beside.append(_collect(folder))
    for name, place in (("median", pairs // 2), ("lower quarter", pairs // 4)):
        without, there = sorted(alone)[place], sorted(beside)[place]
        print(
            f"collect: {name} of {pairs}: without {without * 1e3:.0f} ms, with the"
            f" plugin {(there - without) * 1e3:+.1f} ms"
        )


def _collect(folder: str, *arguments: str) -> float:
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", *arguments]
    # An installed plugin lies there compiled; a checkout may be told not to keep that.
    compiled = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    begin = time.perf_counter_ns()
    subprocess.run(  # noqa: S603 - our own command
        command, cwd=folder, check=False, stdout=subprocess.DEVNULL, env=compiled
    )
    return (time.perf_counter_ns() - begin) / NS_PER_S


def _rows(path: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


if __name__ == "__main__":
    wanted = sys.argv[1] if len(sys.argv) > 1 else "scripted"
    if wanted == "scripted":
        clock_figures()
        scripted_figures()
    elif wanted == "model":
        model_figures(*sys.argv[2:])
    else:
        collect_figures()
