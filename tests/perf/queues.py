"""How often intervals under a load cover, and how often a load is called too much.

    python tests/perf/queues.py open [RUNS]      # Poisson arrivals: interval of speed
    python tests/perf/queues.py closed [RUNS]    # so many in flight: the same
    python tests/perf/queues.py percentiles [RUNS]  # the same of e2e p50 and p95
    python tests/perf/queues.py keeping [RUNS]   # "not keeping up", by load and length
    python tests/perf/queues.py gate [RUNS]      # equal and slower runs, gated

Queues are simulated, first come, first served, from empty and with the warm-up that an
open loop has at least; everything else is the package's own code. Service takes one
second on average. Run by hand; figures are quoted.
"""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np  # noqa: TID253 - a script

from pytest_llmlat.analysis.batch_means import at_least_shared, shared_variance
from pytest_llmlat.analysis.intervals import mean_figure
from pytest_llmlat.analysis.percentile_intervals import percentile_interval
from pytest_llmlat.analysis.request_times import request_times
from pytest_llmlat.analysis.steadiness import steadiness
from pytest_llmlat.gate.judging import judge
from pytest_llmlat.gate.match import Match
from pytest_llmlat.gate.tolerances import GateRules
from pytest_llmlat.values.cell_facts import CellFacts, LoadFacts
from pytest_llmlat.values.records import Cell, Grade, Record
from pytest_llmlat.values.timing import NS_PER_S, Timing

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
    return due, waited(due, server.times(source, due.shape), server.slots)


def waited(due: Rows, services: Rows, slots: int) -> Rows:
    """Return how long requests are under way that are served in their order."""
    runs, requests = due.shape
    free, every = np.zeros((runs, slots)), np.arange(runs)
    took = np.empty((runs, requests))
    for place in range(requests):
        slot = free.argmin(1)
        end = np.maximum(free[every, slot], due[:, place]) + services[:, place]
        free[every, slot] = end
        took[:, place] = end - due[:, place]
    return took


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
    alone = ours = told = 0
    for row in speeds:
        error = abs(float(row.mean()) - truth)
        alone += error <= SURE * math.sqrt(float(row.var(ddof=1)) / len(row))
        shared = shared_variance(row.tolist(), scenario)
        speed = mean_figure(row, np.ones(len(row)), shared=shared)
        if speed.low is not None and speed.high is not None:
            told += 1
            ours += speed.low <= truth <= speed.high
    count = len(speeds)
    return alone / count, ours / told if told else None


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


def percentiles(runs: int) -> None:
    """Print how often the intervals of e2e p50 and p95 cover under Poisson arrivals."""
    print("coverage of 95 % intervals in per cent: requests alone | ours")
    print(f"{'slots, service, load, percentile':36}", *(f"{n:13d}" for n in LENGTHS))
    for server in SERVERS:
        for load in (0.3, 0.5, 0.8, 0.9):
            for percent in (50, 95):
                source = np.random.default_rng(4)
                _, long = open_loop(server, load, 300, 12_000, source)
                truth = float(np.percentile(long[:, 2_000:], percent))
                line = []
                for requests in LENGTHS:
                    before = math.ceil(WARM_UP * requests)
                    _, took = open_loop(server, load, runs, before + requests, source)
                    line.append(told(held(took[:, before:], percent, truth)))
                name = f"{server.slots}, {server.service}, {load}, p{percent}"
                print(f"{name:36}", "  ".join(line), flush=True)


def held(times: Rows, percent: int, truth: float) -> tuple[float | None, float | None]:
    """Return how often the interval of a percentile holds the truth, both ways."""
    counts, found = [0, 0], 0
    for row in times:

        def shared(point: float, own: Rows = row) -> float:
            return at_least_shared((own <= point).astype(float).tolist(), "server:1")

        units = [[value] for value in row.tolist()]
        ends = (
            percentile_interval(units, percent),
            percentile_interval(units, percent, shared=shared),
        )
        if None in ends:
            continue
        found += 1
        for place, pair in enumerate(ends):
            counts[place] += pair is not None and pair[0] <= truth <= pair[1]
    alone, ours = (count / found if found else None for count in counts)
    return alone, ours


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


CELL = Cell(model="m", device="d", task="t", family="t", scenario="server:1")


def answer(due_s: float, took_s: float) -> Record:
    """Return an answer of an open loop."""
    due, end = round(due_s * NS_PER_S), round((due_s + took_s) * NS_PER_S)
    return Record(
        cell=CELL,
        sample="s",
        prompt="",
        reference="",
        answer="",
        extracted="",
        finish="stop",
        error=None,
        timing=Timing(start_ns=due, end_ns=end, stamps_ns=(end,), stamp_tokens=(1,)),
        prompt_tokens=1,
        output_tokens=1,
        token_source=None,
        metric="accuracy",
        grade=Grade(value=1.0, correct=True),
        unparsed=False,
        truncated=False,
        refused=False,
        empty=False,
        budget_s=1.0,
        chance=0.0,
    )


LOAD = LoadFacts(
    window_s=1.0,
    ended=1,
    failed=0,
    before=1,
    after=0,
    in_flight=1,
    send_lag_p99_s=None,
    loop_lag_p99_s=None,
    cpu_share=None,
    client_limited=None,
    steady=True,
)
FACTS = CellFacts(
    cell=CELL,
    planned=1,
    finished=True,
    load_s=None,
    warmup_s=None,
    peak_rss_bytes=None,
    peak_device_bytes=None,
    wall_s=None,
    task_revision=None,
    load=LOAD,
)


def kept_up(due: Rows, took: Rows) -> tuple[float, float, float]:
    """Return how often a load is called too much, kept up, and neither."""
    found = []
    for row in range(len(due)):
        records = [answer(*pair) for pair in zip(due[row], took[row], strict=True)]
        state = steadiness(FACTS, records, request_times(records).speeds)
        found.append(None if state is None else state.keeps_up)
    no, yes = found.count(False) / len(found), found.count(True) / len(found)
    return no, yes, 1 - no - yes


def keeping(runs: int) -> None:
    """Print how often a load is called too much, and how often kept up."""
    lengths = (40, 64, 128, 200, 500, 1000)
    print("in per cent: not keeping up | keeps up | too few requests to tell")
    print(f"{'slots, service, load':24}", *(f"{n:19d}" for n in lengths))
    for server in SERVERS:
        for load in (0.3, 0.5, 0.8, 0.9, 0.95, 1.1, 1.25, 1.6):
            source = np.random.default_rng(3)
            line = []
            for requests in lengths:
                before = math.ceil(WARM_UP * requests)
                due, took = open_loop(server, load, runs, before + requests, source)
                line.append(told(kept_up(due[:, before:], took[:, before:])))
            name = f"{server.slots}, {server.service}, {load}"
            print(f"{name:24}", "  ".join(line), flush=True)


def regression(
    server: Server,
    load: float,
    noise: float,
    requests: int,
    slower: float,
    *,
    seed: int,
) -> bool:
    """Say whether the gate calls the second of two runs of the same arrivals worse."""
    source = np.random.default_rng(seed)
    before, slots = 20, server.slots
    due = source.exponential(1 / (load * slots), (1, before + requests)).cumsum(1)
    usual = server.times(source, due.shape)
    sides = []
    for factor in (1.0, slower):
        services = factor * usual * np.exp(source.normal(0, noise, due.shape))
        took = waited(due, services, slots)
        sides.append(
            tuple(
                replace(answer(*pair), sample=f"s{n:04}", budget_s=3.0)
                for n, pair in enumerate(
                    zip(due[0, before:], took[0, before:], strict=True)
                )
            )
        )
    facts = replace(FACTS, planned=requests)
    match = Match(facts=facts, records=sides[1], against="m", reference=sides[0])
    found = judge([match], GateRules(), balance="geometric")
    return any(verdict.outcome == "regression" for verdict in found)


def gated(runs: int) -> None:
    """Print how often the gate reports a regression, of equal runs and of slower ones.

    Services of a request differ by a standard deviation of the noise, on the log scale.
    """
    print("regressions in per cent: equal | 10 % | 30 % slower service")
    print(f"{'slots, load, noise':24}", *(f"{n:19d}" for n in (64, 200, 500)))
    for server in SERVERS[1:]:
        for load in (0.3, 0.5, 0.8):
            for noise in (0.05, 0.2):
                line = []
                for requests in (64, 200, 500):
                    shares = [
                        sum(
                            regression(server, load, noise, requests, factor, seed=seed)
                            for seed in range(runs)
                        )
                        / runs
                        for factor in (1.0, 1.1, 1.3)
                    ]
                    line.append(told(shares))
                name = f"{server.slots}, {load}, {noise}"
                print(f"{name:24}", "  ".join(line), flush=True)


COMMANDS: dict[str, Callable[[int], None]] = {
    "open": opened,
    "closed": in_flight,
    "keeping": keeping,
    "percentiles": percentiles,
    "gate": gated,
}


if __name__ == "__main__":
    _, command, *rest = sys.argv
    COMMANDS[command](int(rest[0]) if rest else 500)
