"""How soon ``--llm-until-decided`` ends a cell, and how often it errs; run by hand.

    python -m tests.perf.until sessions [SESSIONS [WORDS]]  # false alarms, pairs used
    python -m tests.perf.until edge [CELLS]         # slower by just what is tolerated
    python -m tests.perf.until quality [CELLS]      # right and wrong answers
    python -m tests.perf.until cover [CELLS]        # intervals of stopped cells

Pairs are simulated as they are measured: four requests one after the other, A B B A or
B A A B as a coin says. What disturbs a machine is laid on the requests in their order.
Everything else is the gate's own code. A look follows every pair.
"""

from __future__ import annotations

import math
import sys
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from statistics import fmean
from typing import TYPE_CHECKING

import numpy as np  # noqa: TID253 - a script

from pytest_llmlat.analysis.confidence_sequences import BoundedMean, NormalMean
from pytest_llmlat.analysis.summary import summarise
from pytest_llmlat.gate.judging import ALPHA, SHARES, judge
from pytest_llmlat.gate.looks import AT_LOOKS
from pytest_llmlat.gate.match import Match
from pytest_llmlat.gate.tolerances import DEFAULT_TOLERANCE, GateRules
from pytest_llmlat.gate.until_decided import UntilDecided
from pytest_llmlat.values.stopping import Stopping
from tests.perf.gate import SPREAD, answer, cell_of, facts_of

if TYPE_CHECKING:
    from numpy.random import Generator

    from pytest_llmlat.analysis.resampling import Array
    from pytest_llmlat.values.records import Record

WORKERS = 2
ASKED = 4
"""Requests of a pair."""
KEPT = 0.95
"""Of a disturbance, from one request to the next."""
LEVEL = ALPHA / 2 / SHARES / 2
"""One side of e2e or ttft, where one cell is gated."""
TOLERATED = math.log1p(DEFAULT_TOLERANCE["e2e"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What disturbs requests, all on the log scale."""

    noise: float = 0.1
    """Standard deviation of one request."""
    heavy: float = 0.0
    """Degrees of freedom of Student's t in place of the normal; 0 for the normal."""
    stalls: float = 0.0
    """Share of requests that take e times as long and more."""
    wander: float = 0.0
    """Standard deviation of what is kept by 0.95 from a request to the next."""
    drift: float = 0.0
    """How much slower the last request is than the first."""
    uneven: float = 0.0
    """Standard deviation of a candidate's change from sample to sample, skewed."""


MACHINES = {
    "normal": Machine(),
    "t with 2 degrees": Machine(heavy=2.0, noise=0.07),
    "stalls, 2 % of requests": Machine(stalls=0.02),
    "AR(1), 0.95": Machine(noise=0.03, wander=0.1),
    "drift of 50 %": Machine(drift=0.4),
    "uneven changes": Machine(uneven=0.1),
    "all of them": Machine(
        heavy=3.0, noise=0.05, stalls=0.02, wander=0.1, drift=0.4, uneven=0.05
    ),
}


def times(machine: Machine, pairs: int, slower: float, source: Generator) -> Array:
    """Return the log times of a cell: (pairs, 4), of two of each side.

    The candidate's come first.
    """
    shape = (pairs, ASKED)
    e = source.normal(0.0, machine.noise, shape)
    if machine.heavy:
        e = machine.noise * source.standard_t(machine.heavy, shape)
    e += (source.random(shape) < machine.stalls) * source.exponential(1.0, shape)
    e += np.linspace(0.0, machine.drift, pairs * ASKED).reshape(shape)
    wander = source.normal(0.0, machine.wander, pairs * ASKED)
    for at in range(1, len(wander)):
        wander[at] = KEPT * wander[at - 1] + math.sqrt(1 - KEPT**2) * wander[at]
    e += wander.reshape(shape)
    coin = source.random((pairs, 1)) < 0.5
    e = np.where(coin, e[:, [0, 3, 1, 2]], e[:, [1, 2, 0, 3]])
    own = source.exponential(machine.uneven, pairs) - machine.uneven
    e[:, :2] += (slower + own)[:, None]
    return e


def first_hit(ratios: Array, null: float, level: float) -> int | None:
    """Return after how many pairs a mean above ``null`` is certain."""
    for count in range(5, len(ratios) + 1):
        known = NormalMean.of(ratios[:count].tolist(), planned=len(ratios))
        if known.p_above(null) <= level:
            return count
    return None


def at_the_edge(machine: Machine, pairs: int, slower: float, seed: int) -> int | None:
    """Return after how many pairs one cell is a regression at the looks alone."""
    e = times(machine, pairs, slower, np.random.default_rng(seed))
    ratios = e[:, :2].mean(axis=1) - e[:, 2:].mean(axis=1)
    return first_hit(ratios, TOLERATED, AT_LOOKS * LEVEL)


def edge(cells: int) -> None:
    """Print how often a change of just what is tolerated is called a regression."""
    print(f"a slowdown of 5 %, which is tolerated; at most {AT_LOOKS * LEVEL:.4f}")
    with ProcessPoolExecutor(WORKERS) as pool:
        for pairs in (40, 200):
            for name, machine in MACHINES.items():
                once = partial(at_the_edge, machine, pairs, TOLERATED)
                hits = sum(
                    h is not None for h in pool.map(once, range(cells), chunksize=20)
                )
                print(f"{pairs} pairs, {name}: {hits / cells:.4f}", flush=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """What came of one session."""

    outcomes: Counter[str]
    used: float
    """Share of the planned pairs that was measured, over all cells."""
    whys: Counter[str]


def sides(
    number: int, e: Array, right: Array, usual: Array
) -> tuple[list[Record], list[Record]]:
    """Return both sides' answers, pair after pair."""
    cell = cell_of(number)
    both: tuple[list[Record], list[Record]] = ([], [])
    for at, (row, marks, own) in enumerate(zip(e, right, usual, strict=True)):
        for place in range(ASKED):
            record = answer(
                cell,
                f"s{at:05}",
                float(np.exp(own + row[place])),
                right=bool(marks[place // 2]),
            )
            both[place // 2].append(replace(record, round=place % 2))
    return both


def until(rule: UntilDecided, ours: list[Record], theirs: list[Record]) -> Stopping:
    """Ask the rule after each pair, as a session does."""
    planned = len(ours) // 2
    for used in range(1, planned):
        own = slice(2 * used - 2, 2 * used)
        clear = rule.after(ours[own], theirs[own])
        if clear is not None:
            return Stopping(planned=planned, used=used, why=clear.why)
    return Stopping(planned=planned, used=planned, why=None)


def marks_of(
    pairs: int, right: float, lost: float, flips: float, s: Generator
) -> Array:
    """Return right and wrong answers of both sides: (pairs, 2)."""
    theirs = s.random(pairs) < right
    anew = s.random(pairs) < flips
    ours = np.where(anew, s.random(pairs) < right, theirs)
    return np.stack([ours & (s.random(pairs) >= lost / right), theirs], axis=1)


def session(
    machine: Machine,
    cells: int,
    pairs: int,
    slower: float,
    flips: float,
    seed: int,
    lost: float = 0.0,
) -> Ended:
    """Simulate one session with a look after each pair, and judge it at its end."""
    source = np.random.default_rng(seed)
    matches, stops = [], []
    for number in range(cells):
        rule = UntilDecided(
            DEFAULT_TOLERANCE, balance="geometric", among=cells, planned=pairs
        )
        e = times(machine, pairs, slower, source)
        right = marks_of(pairs, 0.6, lost, flips, source)
        ours, theirs = sides(number, e, right, source.normal(0.0, SPREAD, pairs))
        stop = until(rule, ours, theirs)
        stops.append(stop)
        facts = replace(facts_of(cell_of(number), 2 * stop.used), stopping=stop)
        matches.append(
            Match(
                facts=facts,
                records=tuple(ours[: 2 * stop.used]),
                against="reference",
                reference=tuple(theirs[: 2 * stop.used]),
                same_answers=not flips and not lost,
                in_turn=True,
            )
        )
    verdicts = judge(matches, GateRules(), balance="geometric")
    return Ended(
        outcomes=Counter(v.outcome for v in verdicts),
        used=fmean(stop.used / stop.planned for stop in stops),
        whys=Counter(stop.why or "none" for stop in stops),
    )


def sessions(count: int, words: str = "") -> None:
    """Print what sessions come to, of studies with such words in their names."""
    studies: list[tuple[str, Machine, int, int, float, float]] = []
    for noise in (0.03, 0.05, 0.1):
        for cells, pairs in ((1, 40), (1, 60), (1, 100), (6, 100)):
            what = f"10 % slower, noise {noise}"
            own = Machine(noise=noise)
            studies.append((what, own, cells, pairs, math.log(1.1), 0.1))
    studies += [
        (f"A/A, {name}", machine, 6, 40, 0.0, 0.1) for name, machine in MACHINES.items()
    ]
    studies.append(("A/A, 400 pairs", Machine(noise=0.05), 1, 400, 0.0, 0.0))
    with ProcessPoolExecutor(WORKERS) as pool:
        for name, machine, cells, pairs, slower, flips in studies:
            if words not in f"{name}, {cells} cells x {pairs}":
                continue
            once = partial(session, machine, cells, pairs, slower, flips)
            many = count if slower or pairs < 400 else max(10, count // 10)
            found = list(pool.map(once, range(many), chunksize=5))
            alarms = fmean(bool(f.outcomes["regression"]) for f in found)
            used = fmean(f.used for f in found)
            whys: Counter[str] = sum((f.whys for f in found), Counter())
            print(
                f"{name}, {cells} cells x {pairs}: regression in {alarms:.3f} of"
                f" {many}, {used:.0%} of the pairs; {dict(whys)}",
                flush=True,
            )


def bounded(lost: float, flips: float, pairs: int, seed: int) -> tuple[bool, bool]:
    """Return whether some look excludes the true loss, from below and from above."""
    source = np.random.default_rng(seed)
    marks = marks_of(pairs, 0.6, lost, flips, source).astype(float)
    loss = (marks[:, 1] - marks[:, 0]).tolist()
    low = high = False
    for count in range(5, pairs + 1):
        ends = BoundedMean(tuple(loss[:count]), -1.0).interval(ALPHA)
        low |= ends[0] > lost
        high |= ends[1] < lost
    return low, high


def quality(cells: int) -> None:
    """Print how often the looks ever exclude the true loss of right answers."""
    print(f"either side at most {ALPHA / 2:.3f}")
    with ProcessPoolExecutor(WORKERS) as pool:
        for lost in (0.0, 0.02, 0.15):
            for flips in (0.1, 1.0):
                once = partial(bounded, lost, flips, 200)
                found = list(pool.map(once, range(cells), chunksize=5))
                low, high = (fmean(each) for each in zip(*found, strict=True))
                print(
                    f"lost {lost}, {flips:.0%} anew: {low:.3f} {high:.3f}", flush=True
                )


def covered(noise: float, slower: float, right: float, seed: int) -> list[bool]:
    """Return which intervals of a cell hold the truth; none if it ran to its end."""
    source = np.random.default_rng(seed)
    pairs = 100
    rule = UntilDecided(DEFAULT_TOLERANCE, balance="geometric", among=1, planned=pairs)
    e = times(Machine(noise=noise), pairs, slower, source)
    marks = marks_of(pairs, right, 0.0, 1.0, source)
    usual = source.normal(0.0, SPREAD, pairs)
    ours, theirs = sides(0, e, marks, usual)
    stop = until(rule, ours, theirs)
    if not stop.early:
        return []
    facts = replace(facts_of(cell_of(0), 2 * stop.used), stopping=stop)
    found = summarise(facts, ours[: 2 * stop.used], balance="geometric")
    # The truth from very many: a budget of one second.
    many = np.exp(source.normal(0.0, math.hypot(SPREAD, noise), 400_000) + slower)
    speed = float((1 / (1 + many)).mean())
    truth = {"quality": right, "speed": speed, "balanced": math.sqrt(right * speed)}
    held = []
    for name, value in truth.items():
        told = getattr(found, name)
        held.append(told.low is not None and told.low <= value <= told.high)
    return held


def cover(cells: int) -> None:
    """Print how often intervals of cells that were stopped hold the truth."""
    with ProcessPoolExecutor(WORKERS) as pool:
        for right in (0.3, 0.6, 0.93):
            once = partial(covered, 0.05, math.log(1.15), right)
            found = [h for h in pool.map(once, range(cells), chunksize=5) if h]
            shares = [fmean(each) for each in zip(*found, strict=True)]
            told = " ".join(f"{share:.3f}" for share in shares)
            print(
                f"right {right}, {len(found)} stopped: quality, speed, balanced {told}"
            )


def main(kind: str, count: str = "200", *words: str) -> None:
    """Run one of the studies."""
    if kind == "sessions":
        sessions(int(count), " ".join(words))
        return
    studies = {"edge": edge, "quality": quality, "cover": cover}
    studies[kind](int(count))


if __name__ == "__main__":
    main(*sys.argv[1:])
