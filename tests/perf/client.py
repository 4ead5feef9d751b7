"""How true the HTTP client's clock is under load. Run by hand, never in CI.

    python tests/perf/client.py               # all levels and the open loop, 2 minutes
    python tests/perf/client.py 64 512        # closed loops of so many streams
    python tests/perf/client.py open          # 200 arrivals a second for 30 s
    python tests/perf/client.py spread        # closed loops that do not move in step
    python tests/perf/client.py 64:spread     # one of them

A loopback server of ours (TTFT 50 ms, 32 tokens, 10 ms apart) has one core, the client
another; nothing else should run. One stream on two cores has no core of its own, and
both sleep while they wait, as they do where a server is measured there: who never
sleeps waits behind every other process for its turn. Errors are what the client
reported minus what the server logged; on Linux a request is received when the system
has it, so that a server that wakes up late is late by its own log. ``late`` is how late
the server was against its own schedule: that is no error of the client, but a server
that is far behind offers less than it promises. ``there`` and ``back`` are the two
parts of a TTFT error: from the request's start to its receipt, and from the writing of
the first token to its stamp.

Each level runs in a process of its own, whose peak memory is read before the log is.
``others`` is how many cores other processes used meanwhile; it should be near 0.
"""

from __future__ import annotations

import json
import math
import os
import resource
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pytest_llmlat.machine.environment import usable_cores
from pytest_llmlat.measure.clock_check import open_pulse
from pytest_llmlat.measure.instrument.calibration import Pulse, pulse_server, tried
from pytest_llmlat.measure.instrument.wire import Schedule
from pytest_llmlat.measure.scenarios import under_load
from pytest_llmlat.values.clock import SystemClock
from pytest_llmlat.values.percentiles import nearest_rank
from pytest_llmlat.values.records import Request
from pytest_llmlat.values.scenario import Scenario
from pytest_llmlat.values.timing import NS_PER_S

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_llmlat.measure.instrument.comparison import Entry, Trial
    from pytest_llmlat.values.clock import Clock
    from pytest_llmlat.values.protocols import Server


T = TypeVar("T")

LEVELS = (1, 64, 512, 1024)
FEW_CORES = 2
WAVES = 15
FEWEST = 100
OPEN = "open"
SPREAD = "spread"
RATE, OPEN_S = 200, 30
OPEN_TARGET_MS = 2.0
TARGETS = {
    1: {"ttft mean": 0.3, "ttft p95": 0.6, "tpot": 0.05},
    64: {"ttft mean": 0.5, "ttft p95": 1.5, "tpot": 0.1, "req/s": 172.0},
    512: {
        "ttft mean": 1.0,
        "ttft p95": 3.0,
        "tpot": 0.2,
        "req/s": 1300.0,
        "MB": 300.0,
    },
    1024: {"ttft mean": 2.0, "ttft p95": 5.0, "tpot": 0.3, "req/s": 2500.0},
}
"""What the figures should be, by streams: at most, and ``req/s`` at least."""


@dataclass(frozen=True, kw_only=True)
class Weighed(Pulse):
    """A pulse that notes this process's peak memory whenever its log is asked for."""

    peaks: list[float] = field(default_factory=list)

    def log(self) -> list[Entry]:
        """Weigh, then read the log, which is large."""
        kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        self.peaks.append(kilobytes * 1024 / 1e6)
        return super().log()


def closed_loop(what: str) -> dict[str, float]:
    """Try a closed loop and return its figures: times in ms, memory in MB."""
    level, _, how = what.partition(":")
    streams = int(level)
    requests = max(FEWEST, WAVES * streams)
    ramp_s = Schedule().e2e_s if how == SPREAD else 0.0
    pulse, trial = with_server(
        lambda server, pulse, clock: (
            pulse,
            tried(server, pulse, streams, requests, clock, ramp_s=ramp_s),
        ),
        apart=streams > 1 or usable_cores() > FEW_CORES,
    )
    return {
        **client_figures(trial),
        **server_figures(trial, pulse),
        "MB": pulse.peaks[-1],
    }


def client_figures(trial: Trial) -> dict[str, float]:
    """Return the errors of what the client reported, and its throughput."""
    pairs = trial.measured
    ttft = [pair.ttft_error_s * 1e3 for pair in pairs]
    tpot = [(pair.tpot_error_s or 0.0) * 1e3 for pair in pairs]
    there = [
        (pair.entry.received_ns - pair.timing.start_ns) / NS_PER_S * 1e3
        for pair in pairs
    ]
    return {
        "ttft mean": mean(ttft),
        "ttft p95": nearest_rank(ttft, 95),
        "tpot": mean(tpot),
        "req/s": trial.requests_per_s,
        "there": mean(there),
        "back": mean(ttft) - mean(there),
    }


def server_figures(trial: Trial, pulse: Pulse) -> dict[str, float]:
    """Return how late the server wrote, against its own schedule."""
    late = [
        (written - pulse.schedule.due_ns(pair.entry.received_ns, token)) / 1e6
        for pair in trial.measured
        for token, written in enumerate(pair.entry.written_ns)
    ]
    return {"late mean": mean(late), "late p99": nearest_rank(late, 99)}


def open_loop() -> dict[str, float]:
    """Offer arrivals at a rate and return how late they were sent, in ms."""
    request = Request(prompt="now", chat=True, max_new_tokens=32)
    load = with_server(
        lambda server, _, clock: under_load(
            Scenario(kind="server", level=RATE),
            [request] * (RATE * OPEN_S),
            server,
            clock,
            seed=1,
            ramp_s=0.0,
        )
    )
    timings = [one.timing for one in load.responses if one and not one.error]
    waits = [timing.queue_s * 1e3 for timing in timings if timing.queue_s is not None]
    return {
        "sent": len(waits),
        "failed": RATE * OPEN_S - len(waits),
        "lag mean": mean(waits),
        "lag p99": nearest_rank(waits, 99),
    }


def with_server(
    use: Callable[[Server[Any], Weighed, Clock], T], *, apart: bool = True
) -> T:
    """Open the client on a server.

    Args:
        use: what is done with both.
        apart: each has cores of its own and stays awake on them.
    """
    first, *others = sorted(os.sched_getaffinity(0))
    clock = SystemClock()
    with pulse_server(awake=apart) as running:
        if apart:
            os.sched_setaffinity(running.pid, {first})
            os.sched_setaffinity(0, set(others) or {first})
        pulse = Weighed(port=running.port, pid=running.pid, schedule=running.schedule)
        # As for a server on another machine: this one has a core to spare.
        server = open_pulse(pulse.url, clock, awake=apart)
        try:
            return use(server, pulse, clock)
        finally:
            server.close()


def mean(values: Sequence[float]) -> float:
    """Return the arithmetic mean."""
    return math.fsum(values) / len(values)


def verdicts(streams: int, found: dict[str, float]) -> str:
    """Name the targets that were missed."""
    missed = [
        f"{name} {found[name]:.2f} for {target:g}"
        for name, target in TARGETS.get(streams, {}).items()
        if (found[name] < target if name == "req/s" else found[name] > target)
    ]
    return "; ".join(missed) or "-"


def apart(what: str) -> dict[str, float]:
    """Run one level in a process of its own, and tell what others used meanwhile."""
    begin, busy = time.perf_counter(), busy_s()
    done = subprocess.run(  # noqa: S603 - this script
        [sys.executable, __file__, "--alone", what],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    found: dict[str, float] = json.loads(done.stdout)
    others = (busy_s() - busy) / (time.perf_counter() - begin)
    return {**found, "others": max(0.0, others)}


def busy_s() -> float:
    """Return the processor time of all processes but ours, stolen time included."""
    names = ["user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal"]
    with Path("/proc/stat").open(encoding="ascii") as file:
        ticks = dict(zip(names, map(int, file.readline().split()[1:9]), strict=True))
    idle = ticks["idle"] + ticks["iowait"]
    ours = resource.getrusage(resource.RUSAGE_CHILDREN)
    all_s = (sum(ticks.values()) - idle) / os.sysconf("SC_CLK_TCK")
    return all_s - ours.ru_utime - ours.ru_stime


def main(wanted: list[str]) -> None:
    """Print a table of the closed loops and a line on the open one."""
    head = False
    if wanted == [SPREAD]:
        wanted = [f"{level}:{SPREAD}" for level in LEVELS]
    for what in wanted or [*map(str, LEVELS), OPEN]:
        found = apart(what)
        if what == OPEN:
            told = ", ".join(f"{name} {value:.3f}" for name, value in found.items())
            print(
                f"\nopen loop, {RATE}/s for {OPEN_S} s, lag in ms: {told}"
                f" (target p99 {OPEN_TARGET_MS:g})"
            )
            continue
        if not head:
            print("| streams |", " | ".join(found), "| ideal req/s | missed |")
            print("|---" * (len(found) + 3) + "|")
            head = True
        figures = " | ".join(f"{value:.3f}" for value in found.values())
        streams = int(what.partition(":")[0])
        ideal = streams / Schedule().e2e_s
        print(
            f"| {what} | {figures} | {ideal:.1f} | {verdicts(streams, found)} |",
            flush=True,
        )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--alone"]:
        one = sys.argv[2]
        print(json.dumps(open_loop() if one == OPEN else closed_loop(one)))
    else:
        main(sys.argv[1:])
