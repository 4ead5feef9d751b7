"""How often intervals under a load cover.

    python tests/perf/queues.py open [RUNS]      # Poisson arrivals: interval of speed
    python tests/perf/queues.py closed [RUNS]    # so many in flight: the same

Queues are simulated, first come, first served, from empty and with the warm-up that an
open loop has at least; everything else is the package's own code. Service takes one
second on average. Run by hand; figures are quoted.
"""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np  # noqa: TID253 - a script

from pytest_llmlat.analysis.batch_means import shared_variance

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.random import Generator
    from numpy.typing import NDArray

    Rows = NDArray[np.float64]
    """(runs, requests)."""

LENGTHS = (64, 128, 200, 500, 1000, 2000)
BUDGETS = (1.0, 5.0)
SURE = 1.959964
WARM_UP = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """How many requests it takes at once, and how evenly long they are."""

    slots: int
    service: str
    """``exponential``, or ``log-normal`` with a standard deviation of 0.6."""

    def times(self, source: Generator, shape: tuple[int, int]) -> Rows:
        """Return service times with a mean of one second."""
        if self.service == "exponential":
            return source.exponential(1.0, shape)
        return np.exp(source.normal(-0.18, 0.6, shape))


SERVERS = (
    Server(slots=1, service="exponential"),
    Server(slots=1, service="log-normal"),
    Server(slots=8, service="log-normal"),
)


def open_loop(
    server: Server, load: float, runs: int, requests: int, source: Generator
) -> tuple[Rows, Rows]:
    """Return when requests arrive and how long they are under way."""
    due = source.exponential(1 / (load * server.slots), (runs, requests)).cumsum(1)
    services = server.times(source, (runs, requests))
    free, every = np.zeros((runs, server.slots)), np.arange(runs)
    took = np.empty((runs, requests))
    for place in range(requests):
        slot = free.argmin(1)
        end = np.maximum(free[every, slot], due[:, place]) + services[:, place]
        free[every, slot] = end
        took[:, place] = end - due[:, place]
    return due, took


def closed_loop(
    server: Server, level: int, runs: int, requests: int, source: Generator
) -> Rows:
    """Return how long requests are under way, in the order of sending."""
    services = server.times(source, (runs, requests))
    free, every = np.zeros((runs, server.slots)), np.arange(runs)
    sending = np.tile(np.linspace(0, 1, level, endpoint=False), (runs, 1))
    took = np.empty((runs, requests))
    for place in range(requests):
        who, slot = sending.argmin(1), free.argmin(1)
        begin = sending[every, who]
        end = np.maximum(free[every, slot], begin) + services[:, place]
        free[every, slot] = sending[every, who] = end
        took[:, place] = end - begin
    return took


def covered(speeds: Rows, truth: float, scenario: str) -> tuple[float, float | None]:
    """Return how often the resampling of requests covers, and how often ours does."""
    alone = ours = 0
    for row in speeds:
        error = abs(float(row.mean()) - truth)
        own = float(row.var(ddof=1)) / len(row)
        shared = shared_variance(row.tolist(), scenario)
        if shared is None:
            ours = -1
        else:
            ours += error <= SURE * math.sqrt(own + shared)
        alone += error <= SURE * math.sqrt(own)
    count = len(speeds)
    return alone / count, None if ours < 0 else ours / count


def told(parts: Sequence[float | None]) -> str:
    """Write shares in per cent; a dash where there is no interval."""
    return " ".join("    -" if p is None else f"{100 * p:5.1f}" for p in parts)


def opened(runs: int) -> None:
    """Print the coverage under Poisson arrivals."""
    print("coverage of the 95 % interval of speed in per cent: requests alone | ours")
    print(f"{'slots, service, load, budget':36}", *(f"{n:13d}" for n in LENGTHS))
    for server in SERVERS:
        for load in (0.3, 0.5, 0.8, 0.9):
            source = np.random.default_rng(1)
            _, long = open_loop(server, load, 300, 12_000, source)
            for budget in BUDGETS:
                truth = float((1 / (1 + long[:, 2_000:] / budget)).mean())
                line = []
                for requests in LENGTHS:
                    before = math.ceil(WARM_UP * requests)
                    _, took = open_loop(server, load, runs, before + requests, source)
                    speeds = 1 / (1 + took[:, before:] / budget)
                    line.append(told(covered(speeds, truth, "server:1")))
                name = f"{server.slots}, {server.service}, {load}, {budget:g} s"
                print(f"{name:36}", "  ".join(line), flush=True)


def in_flight(runs: int) -> None:
    """Print the coverage in a closed loop."""
    lengths = (24, 64, 128, 256, 512)
    print("coverage of the 95 % interval of speed in per cent: requests alone | ours")
    print(f"{'slots, in flight':36}", *(f"{n:13d}" for n in lengths))
    for slots in (1, 4):
        server = Server(slots=slots, service="log-normal")
        for level in (1, 2, 4, 8, 16):
            source = np.random.default_rng(2)
            budget = max(1.0, level / slots)
            long = closed_loop(server, level, 300, 8_000, source)[:, 1_000:]
            truth = float((1 / (1 + long / budget)).mean())
            line = []
            for requests in lengths:
                took = closed_loop(server, level, runs, requests + 2 * level, source)
                speeds = 1 / (1 + took[:, 2 * level :] / budget)
                line.append(told(covered(speeds, truth, f"concurrent:{level}")))
            print(f"{f'{slots}, {level}':36}", "  ".join(line), flush=True)


COMMANDS: dict[str, Callable[[int], None]] = {"open": opened, "closed": in_flight}


if __name__ == "__main__":
    _, command, *rest = sys.argv
    COMMANDS[command](int(rest[0]) if rest else 500)
