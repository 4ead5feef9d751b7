"""How often the gate is wrong, and how often it sees what is there; run by hand.

    python tests/perf/gate.py aa [SESSIONS]       # identical candidates: false alarms
    python tests/perf/gate.py slow [SESSIONS]     # ten per cent slower
    python tests/perf/gate.py worse [SESSIONS]    # quality lower by 0.15
    python tests/perf/gate.py judge               # time and memory for 100,000 records

Sessions are simulated: log-normal times, right or wrong answers, everything else is the
gate's own code on records. Processes share the work; a table is printed at the end.
Beside stored runs: ``tests/perf/stored_runs.py``.
"""

from __future__ import annotations

import math
import resource
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing import get_context
from typing import TYPE_CHECKING

import numpy as np  # noqa: TID253 - a script

from pytest_llmlat.gate.judging import judge
from pytest_llmlat.gate.match import Match
from pytest_llmlat.gate.tolerances import GateRules
from pytest_llmlat.values.cell_facts import CellFacts
from pytest_llmlat.values.records import Cell, Grade, Record
from pytest_llmlat.values.timing import NS_PER_S, Timing

if TYPE_CHECKING:
    from numpy.random import Generator


WORKERS = 2
TOKENS = 20
NOISE = {"0.05 (quiet)": 0.05, "0.20 (shared cores)": 0.20}
"""Standard deviation of the log of a sample's time from one run to the next."""
SPREAD = 0.6
"""Of the times of different samples of one task, on the log scale."""


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What a session is like."""

    cells: int
    samples: int
    noise: float
    slower: float = 0.0
    """How much slower the candidate is, as a share."""
    right: float = 0.5
    """Probability that the baseline's answer is right."""
    lost: float = 0.0
    """How much of that the candidate has lost."""
    flips: float = 1.0
    """Share of answers that are drawn anew in the other run; 1: all of them."""


def answer(cell: Cell, name: str, e2e_s: float, *, right: bool) -> Record:
    """Return a graded answer; a quarter of its time is to the first token."""
    first, last = round(e2e_s * NS_PER_S / 4), round(e2e_s * NS_PER_S)
    return Record(
        cell=cell,
        sample=name,
        prompt="",
        reference="",
        answer="",
        extracted="",
        finish="stop",
        error=None,
        timing=Timing(
            start_ns=0, end_ns=last, stamps_ns=(first, last), stamp_tokens=(1, TOKENS)
        ),
        prompt_tokens=1,
        output_tokens=TOKENS,
        token_source=None,
        metric="accuracy",
        grade=Grade(value=float(right), correct=right),
        unparsed=False,
        truncated=False,
        refused=False,
        empty=False,
        budget_s=1.0,
        chance=0.0,
    )


def facts_of(cell: Cell, planned: int) -> CellFacts:
    """Return the facts of a cell that was finished."""
    return CellFacts(
        cell=cell,
        planned=planned,
        finished=True,
        load_s=None,
        warmup_s=None,
        peak_rss_bytes=None,
        peak_device_bytes=None,
        wall_s=None,
        task_revision=None,
    )


def cell_of(number: int) -> Cell:
    """Return a cell of its own task."""
    return Cell(
        model="m",
        device="cpu",
        task=f"reasoning/t{number}",
        family="reasoning",
        scenario="single",
    )


def match_of(world: World, number: int, source: Generator) -> Match:
    """Simulate one cell on both sides."""
    cell = cell_of(number)
    count = world.samples
    usual = source.normal(0.0, SPREAD, count)
    theirs = np.exp(usual + source.normal(0.0, world.noise, count))
    ours = np.exp(usual + source.normal(0.0, world.noise, count)) * (1 + world.slower)
    right = source.random(count) < world.right
    anew = source.random(count) < world.flips
    again = np.where(anew, source.random(count) < world.right, right)
    kept = again & (source.random(count) >= world.lost / world.right)
    names = [f"s{place:05}" for place in range(count)]
    rows = zip(names, ours, kept, theirs, right, strict=True)
    pairs = [
        (answer(cell, n, a, right=bool(x)), answer(cell, n, b, right=bool(y)))
        for n, a, x, b, y in rows
    ]
    return Match(
        facts=facts_of(cell, count),
        records=tuple(pair[0] for pair in pairs),
        against="baseline",
        reference=tuple(pair[1] for pair in pairs),
    )


def regressions(world: World, seed: int) -> frozenset[str]:
    """Return the quantities of which one session reports a regression."""
    source = np.random.default_rng(seed)
    matches = [match_of(world, number, source) for number in range(world.cells)]
    verdicts = judge(matches, GateRules(), balance="geometric")
    return frozenset(v.quantity for v in verdicts if v.outcome == "regression")


def share(world: World, sessions: int, quantity: str | None = None) -> str:
    """Return how many sessions report a regression, of anything or of one quantity."""
    with ProcessPoolExecutor(WORKERS) as pool:
        found = list(
            pool.map(partial(regressions, world), range(sessions), chunksize=20)
        )
    hits = sum(bool(each if quantity is None else quantity in each) for each in found)
    error = math.sqrt(max(hits, 1) * (1 - hits / sessions)) / sessions
    what = Counter(name for each in found for name in each)
    return f"{hits / sessions:8.4f} +- {error:.4f}  {dict(what)}"


def simulate(kind: str, sessions: int) -> None:
    """Print the table of one kind of session."""
    for name, noise in NOISE.items():
        base = World(cells=6, samples=40, noise=noise)
        if kind == "aa":
            print(f"A/A, 6 cells x 40, noise {name}: {share(base, sessions)}")
            same = replace(base, flips=0.1)
            print(f"  one answer in ten drawn anew: {share(same, sessions)}")
        elif kind == "slow":
            for cells in (1, 6):
                world = replace(base, slower=0.10, cells=cells)
                told = share(world, sessions, "e2e")
                print(f"10 % slower, {cells} cells x 40, noise {name}: {told}")
        else:
            for flips in (0.1, 0.3, 1.0):
                world = replace(base, cells=1, samples=200, lost=0.15, flips=flips)
                told = share(world, sessions, "quality")
                print(f"0.15 lost, 200, {flips:.0%} anew, noise {name}: {told}")


def time_judging() -> None:
    """Print what 100,000 pairs of records cost, as many cells and as one.

    Each is a process of its own: in one, the second begins with the records of the
    first and with what the allocator has kept of its arrays, which is 0 to 130 MB.
    """
    for cells, samples in ((500, 200), (1, 100_000)):
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as alone:
            print(alone.submit(judged, cells, samples).result())


def judged(cells: int, samples: int) -> str:
    """Judge so many cells, and tell what that took."""
    source = np.random.default_rng(0)
    world = World(cells=cells, samples=samples, noise=0.1)
    matches = [match_of(world, number, source) for number in range(cells)]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start, spent = time.perf_counter(), time.process_time()
    verdicts = judge(matches, GateRules(), balance="geometric")
    start, spent = time.perf_counter() - start, time.process_time() - spent
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return (
        f"{cells} cells x {samples}: {len(verdicts)} verdicts in {start:.2f} s"
        f" ({spent:.2f} s of processor), peak {after / 1024:.0f} MB,"
        f" {before / 1024:.0f} MB of it the records"
    )


def main(kind: str, sessions: str = "1000") -> None:
    """Run one of the studies."""
    if kind == "judge":
        time_judging()
    else:
        simulate(kind, int(sessions))


if __name__ == "__main__":
    main(*sys.argv[1:])
