"""What is left of runs that were sent SIGTERM, SIGHUP or SIGKILL at random moments.

    python tests/perf/kills.py                    # 30 moments of each: an hour or so
    python tests/perf/kills.py --moments 5 load   # of one way to measure
    python tests/perf/kills.py --seed 7           # other moments

Run by hand on Linux, never in CI. Each run is pytest in a session of its own, measuring
one sample after the other (``single``), with a server under a load (``load``), in
batches in its own process (``batch``) or with programs in a sandbox (``sandbox``). For
every answer that ends it adds a byte to a log, which no signal takes away. Then:

- ``lost`` are answers in the log that are not in the run; of one that ends in the very
  moment of the kill the record may not be there yet;
- ``orphans`` are processes that outlived the run by two seconds, whatever session
  they put themselves into: this script is the reaper of all that descend from it;
- ``broken`` are lines that are no JSON; ``whole`` are runs that lack answers and do
  not say that they are partial; ``silent`` are runs without a summary, of signals that
  ask for an end.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_llmlat.analysis.stored_run import board_of
from pytest_llmlat.measure.instrument.calibration import pulse_server
from pytest_llmlat.store.record_reader import records_of
from pytest_llmlat.store.run_reader import open_run
from pytest_llmlat.values.errors import BadRun

if TYPE_CHECKING:
    from collections.abc import Iterator

SIGNALS = ("SIGTERM", "SIGHUP", "SIGKILL")
MOMENTS = 30
SUBREAPER = 36
"""``PR_SET_CHILD_SUBREAPER`` of ``prctl``."""
CONFTEST = '''
import os
from dataclasses import replace

from pytest_llmlat import Scripted
from pytest_llmlat.backends.backend_kind import BackendKind
from pytest_llmlat.store.spooled_answers import Spool

LOG = os.open(os.environ["DRILL_LOG"], os.O_APPEND | os.O_CREAT | os.O_WRONLY)
PROGRAM = """```python
import subprocess, time
try:
    subprocess.Popen(["sleep", "1000"], start_new_session=True)
except OSError:
    pass
time.sleep(0.05)
```"""
put = Spool.put

def told(self, place, answer):
    os.write(LOG, b"x")
    put(self, place, answer)

Spool.put = told

class Drill(Scripted):
    def generate(self, request, meter):
        found = super().generate(request, meter)
        if os.environ["DRILL_KIND"] in ("single", "sandbox"):
            if request.max_new_tokens > 4:
                os.write(LOG, b"x")
        return found

class Together(Drill):
    def batches(self, requests, kind):
        return self

    kind, own_queue = "padded", False

    def first_size(self, requests):
        return 4

    def prepare(self, requests, size):
        pass

    def close(self):
        pass

    def generate(self, requests, meters, size=None):
        if size is None:
            return super().generate(requests, meters)
        return [Scripted.generate(self, *one) for one in zip(requests, meters)]

def opened(deployment, clock):
    sandbox = os.environ["DRILL_KIND"] == "sandbox"
    batch = os.environ["DRILL_KIND"] == "batch"
    answer = PROGRAM if sandbox else "positive"
    return (Together if batch else Drill)({"": answer}, clock=clock, ttft_s=0.02)

def pytest_llmlat_backends():
    kind = BackendKind(
        name="drill", open=opened, needs=None, devices=("cpu",), prefixes=("drill:",)
    )
    return {"drill": kind}
'''
TEST = """
import pytest

@pytest.mark.llm("TASK")
def test_it(llm, llmlat):
    llmlat.run(llm)

@pytest.mark.llm("TASK", variant="second")
def test_again(llm, llmlat):
    llmlat.run(llm)
"""


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A way to measure."""

    model: str
    task: str
    arguments: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Left:
    """What a run left."""

    ended: int
    kept: int
    orphans: int
    broken: int
    whole: bool
    summary: bool


def kinds(port: int) -> dict[str, Kind]:
    """Return the ways to measure; the server is at a port of this machine."""
    server = f"http://127.0.0.1:{port}/v1#pulse"
    polarity, functions = "sentiment/polarity", "code_completion/functions"
    load = ("--llm-scenario=concurrent:8", "--llm-requests=48")
    return {
        "single": Kind(model="drill:one", task=polarity, arguments=()),
        "load": Kind(model=server, task=polarity, arguments=load),
        "batch": Kind(
            model="drill:many", task=polarity, arguments=("--llm-scenario=offline",)
        ),
        "sandbox": Kind(model="drill:code", task=functions, arguments=()),
    }


def started(place: Path, name: str, kind: Kind, number: str) -> subprocess.Popen[bytes]:
    """Start a run."""
    folder = place / name
    if not folder.exists():
        folder.mkdir()
        (folder / "conftest.py").write_text(CONFTEST)
        (folder / "test_it.py").write_text(TEST.replace("TASK", kind.task))
        (folder / "pytest.ini").write_text("[pytest]\n")
    log = folder / f"{number}.log"
    log.touch()
    usual = ("-q", "--llm-samples=40", "-p", "no:cacheprovider", "-p", "no:benchmark")
    options = (f"--llm={kind.model}", f"--llm-runs={folder / number}", *kind.arguments)
    return subprocess.Popen(  # noqa: S603 - this interpreter
        [sys.executable, "-m", "pytest", *usual, *options],
        cwd=folder,
        env={**os.environ, "DRILL_LOG": str(log), "DRILL_KIND": name},
        stdout=(folder / f"{number}.out").open("wb"),
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


def begun(log: Path, process: subprocess.Popen[bytes]) -> None:
    """Wait until the first answer has ended, or the run has."""
    while process.poll() is None and not log.stat().st_size:
        time.sleep(0.002)


def orphans(known: set[int]) -> int:
    """Count those that have become this process's children, and end them."""
    end = time.monotonic() + 2.0
    while found := children() - known:
        if time.monotonic() > end:
            for pid in found:
                command = Path(f"/proc/{pid}/cmdline").read_bytes()
                print(f"orphan {pid}: {command!r:.200}", file=sys.stderr)
                os.kill(pid, signal.SIGKILL)
            return len(found)
        time.sleep(0.02)
    return 0


def children() -> set[int]:
    """Return this process's children that run; those that have ended are reaped."""
    found = set()
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, parent = path.read_text().rpartition(")")[2].split()[:2]
            if int(parent) != os.getpid():
                continue
            pid = int(path.parent.name)
            if state == "Z":
                os.waitpid(pid, os.WNOHANG)
            else:
                found.add(pid)
    return found


def left(folder: Path, number: str, known: set[int]) -> Left:
    """Look at what a run left behind."""
    remaining = orphans(known)
    (run,) = (folder / number).iterdir()
    broken = kept = 0
    for path in run.glob("*.jsonl"):
        for line in path.read_bytes().splitlines():
            try:
                json.loads(line)
            except ValueError:
                broken += 1
    whole = False
    with contextlib.suppress(BadRun):
        opened = open_run(run)
        kept = sum(len(own) for _, own in records_of(opened, tell=lambda _: None))
        board = board_of(opened, balance="geometric", seed=0, tell=lambda _: None)
        whole = not all(one.partial for one in board.standings)
    return Left(
        ended=(folder / f"{number}.log").stat().st_size,
        kept=kept,
        orphans=remaining,
        broken=broken,
        whole=whole,
        summary=(run / "summary.json").is_file(),
    )


def trials(
    place: Path, name: str, kind: Kind, moments: int, draw: random.Random
) -> Iterator[tuple[str, float, Left]]:
    """Yield what is left of each run of a kind, with its signal and moment."""
    known = children()
    process = started(place, name, kind, "whole")
    log = place / name / "whole.log"
    begun(log, process)
    first = log.stat().st_mtime
    if process.wait():
        raise SystemExit((place / name / "whole.out").read_text())
    took = log.stat().st_mtime - first
    whole = left(place / name, "whole", known)
    print(f"{name}: a whole run: {took:.2f} s, {whole}", file=sys.stderr)
    for number in range(moments * len(SIGNALS)):
        sent = SIGNALS[number % len(SIGNALS)]
        moment = draw.random() * took
        process = started(place, name, kind, str(number))
        begun(place / name / f"{number}.log", process)
        time.sleep(moment)
        ended = process.poll() is not None
        if not ended:
            process.send_signal(signal.Signals[sent])
        process.wait()
        found = left(place / name, str(number), known)
        # A signal may come when all is measured, and the run is being written.
        whole_rightly = found.whole and found.ended == whole.ended
        if not ended:
            yield sent, moment, replace(found, whole=found.whole and not whole_rightly)


def main() -> None:
    """Print a row for each way to measure and each signal."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kinds", nargs="*")
    parser.add_argument("--moments", type=int, default=MOMENTS)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    ctypes.CDLL(None).prctl(SUBREAPER, 1, 0, 0, 0)
    # Under nohup the runs would inherit that it is ignored, and never get it.
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    columns = ("runs", "ended", "kept", "most lost", "orphans", "broken", "whole")
    print("| kind | signal |", " | ".join((*columns, "silent")), "|")
    print("|---" * (len(columns) + 3) + "|")
    with tempfile.TemporaryDirectory() as text, pulse_server(awake=False) as pulse:
        for name, kind in kinds(pulse.port).items():
            if given.kinds and name not in given.kinds:
                continue
            draw = random.Random(f"{given.seed}|{name}")  # noqa: S311 - moments
            rows = {sent: Counter[str]() for sent in SIGNALS}
            for sent, moment, found in trials(
                Path(text), name, kind, given.moments, draw
            ):
                lost = found.ended - found.kept
                row = rows[sent]
                row["most lost"] = max(row["most lost"], lost)
                row.update(
                    {
                        "runs": 1,
                        "ended": found.ended,
                        "kept": found.kept,
                        "orphans": found.orphans,
                        "broken": found.broken,
                        "whole": found.whole,
                        "silent": sent != "SIGKILL" and not found.summary,
                    }
                )
                if lost > 1 or found.whole or found.broken or found.orphans:
                    print(f"{name} {sent} {moment:.3f}: {found}", file=sys.stderr)
            for sent, row in rows.items():
                told = " | ".join(str(row[column]) for column in (*columns, "silent"))
                print(f"| {name} | {sent} | {told} |", flush=True)


if __name__ == "__main__":
    main()
