"""Worker processes: they tell, break, die and end as their pool is told."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.spread.process_pool import ProcessPool
from pytest_llmlat.spread.worker_pool import Launch, Report, Seat

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

WORK = "tests.unit.spread.echo_work:Echo"
SEAT = Seat(node="here", resources=frozenset({"card:GPU-1"}))
UNTIL_S = 60.0


@pytest.fixture
def pool() -> Iterator[ProcessPool]:
    """Give a pool that leaves nothing behind."""
    made = ProcessPool()
    yield made
    made.close()


def started(pool: ProcessPool, closed: Path | None = None) -> None:
    """Start a worker that sees one card."""
    launch = Launch(
        work=WORK,
        setup=str(closed or "").encode(),
        environ={"CUDA_VISIBLE_DEVICES": "1"},
    )
    pool.start(SEAT, launch)


def last(pool: ProcessPool) -> tuple[Report, list[bytes]]:
    """Return the report that ends a job, and what was told before."""
    told: list[bytes] = []
    while True:
        for report in pool.reports(UNTIL_S):
            if report.kind != "told":
                return report, told
            told.append(report.content)


@pytest.mark.slow
def test_a_worker_tells_and_gives_its_result(pool: ProcessPool) -> None:
    """It sees its own card; what libraries print is among no messages."""
    started(pool)

    for order in (b"one", b"two"):
        pool.give(SEAT, order)
        report, told = last(pool)
        assert (report.kind, report.content) == ("ended", order + b" on 1")
        assert told == [b"began " + order]


@pytest.mark.slow
def test_what_it_raises_is_told_and_it_goes_on(pool: ProcessPool) -> None:
    """A library that fails costs one job, and not the worker with its model."""
    started(pool)

    pool.give(SEAT, b"fail")
    report, _ = last(pool)
    assert (report.kind, report.why) == ("failed", "ValueError: it is broken")

    pool.give(SEAT, b"next")
    assert last(pool)[0].kind == "ended"


@pytest.mark.slow
def test_a_worker_that_dies_is_lost(pool: ProcessPool) -> None:
    """What it told before is there, and how it ended."""
    started(pool)

    pool.give(SEAT, b"die")
    report, told = last(pool)

    assert report.kind == "lost"
    assert "ended with status -9" in report.why
    assert told == [b"began die"]


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_a_worker_is_ended_in_the_midst_of_a_job(
    pool: ProcessPool, tmp_path: Path
) -> None:
    """As Ctrl-C ends a run: it leaves nothing behind."""
    started(pool, tmp_path / "closed")
    pool.give(SEAT, b"hang")
    while not pool.reports(UNTIL_S):
        pass

    pool.end(SEAT)

    assert (tmp_path / "closed").read_text("utf-8") == "closed"


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_a_worker_ends_with_whoever_started_it(tmp_path: Path) -> None:
    """Even where that was killed, and could tell nobody."""
    code = f"""
import sys
from pathlib import Path
from tests.unit.spread import test_process_pool as t
pool = t.ProcessPool()
t.started(pool, Path({str(tmp_path / "closed")!r}))
pool.give(t.SEAT, b"hang")
while not pool.reports(60):
    pass
print(pool._workers[t.SEAT]._process.pid, flush=True)
sys.stdin.read()
"""
    parent = subprocess.Popen(  # noqa: S603 - this interpreter, our own words
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert parent.stdout is not None
    worker = int(parent.stdout.readline())

    parent.send_signal(signal.SIGKILL)
    parent.wait()
    # The worker holds the other end until it ends.
    assert parent.stdout.read() == b""
    parent.stdout.close()
    assert parent.stdin is not None
    parent.stdin.close()

    gone = subprocess.run(  # noqa: S603 - as above
        [sys.executable, "-c", WAIT, str(worker)], check=False, timeout=UNTIL_S
    )
    assert gone.returncode == 0
    assert (tmp_path / "closed").exists()


WAIT = """
import os, sys, time
while True:
    try:
        os.kill(int(sys.argv[1]), 0)
        stat = open(f"/proc/{sys.argv[1]}/stat").read()
        if stat.rpartition(")")[2].split()[0] == "Z":
            break
    except (OSError, ProcessLookupError):
        break
    time.sleep(0.05)
"""
