"""What the gate promises, and how often it is seen to come true; run by hand.

    python -m tests.perf.promises power [BASELINES [NAME]]   # --llm-power: 80 % each
    python -m tests.perf.promises quality [BASELINES]  # the same of lost answers
    python -m tests.perf.promises needed [SESSIONS]    # needed samples and runs: 80 %

NAME is a part of a study's name: only those are made. A baseline is simulated and its
table read off; then candidates that changed by just
what the table says. Or an undecided session, and then one that has what it needs.
"""

from __future__ import annotations

import math
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

import numpy as np  # noqa: TID253 - a script

from pytest_llmlat.gate.hypotheses import ALL_CELLS, across_runs
from pytest_llmlat.gate.judging import ALPHA, judge
from pytest_llmlat.gate.match import Match
from pytest_llmlat.gate.needed_samples import Undecided, needed_runs, needed_samples
from pytest_llmlat.gate.power import Visible, visible
from pytest_llmlat.gate.tolerances import GateRules
from pytest_llmlat.store.baselines import BaselineCell, BaselineRun
from tests.perf.gate import answer, cell_of, facts_of
from tests.perf.stored_runs import (
    WORKERS,
    Machine,
    Place,
    change_of,
    common_times,
    hypotheses_of,
    log_times,
    looked,
    looks_of,
    regressions,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmlat.values.records import Record

Kept: TypeAlias = tuple[float, bool, bool | None]
"""The true change, and whether it was decided with the fewest and with enough."""
SAMPLES, AGAIN = 24, 10
SPREAD = 0.6


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """One kind of baseline."""

    name: str
    place: Place
    cells: int
    stored: int


def stored_run(
    number: int, logs: np.ndarray, usual: np.ndarray, firsts: np.ndarray
) -> BaselineRun:
    """Return a run of these log times, whose answers are all right.

    Args:
        number: of the run.
        logs: beyond what is usual, of each cell and sample.
        usual: log times of the samples.
        firsts: what first tokens have for themselves.
    """
    cells = []
    for at, row in enumerate(logs):
        cell = cell_of(at)
        records = tuple(
            begun(answer(cell, f"s{n:03}", float(np.exp(x)), right=True), own)
            for n, (x, own) in enumerate(
                zip(usual[at] + row, firsts[at].tolist(), strict=True)
            )
        )
        cells.append(
            BaselineCell(
                cell=cell,
                task_revision=None,
                backend=(),
                contended=None,
                warnings=(),
                records=records,
                answers={(r.sample, 0): r.sample for r in records},
            )
        )
    return BaselineRun(id=f"r{number}", plugin="0", environment={}, cells=tuple(cells))


def begun(record: Record, more: float) -> Record:
    """Return an answer whose first token comes so much later, on the log scale."""
    timing = record.timing
    assert timing is not None
    first, last = timing.stamps_ns
    first = min(round(first * math.exp(more)), last)
    return replace(record, timing=replace(timing, stamps_ns=(first, last)))


def times_kept(study: Study, seed: int) -> list[tuple[str, float, int]]:
    """Return for one baseline what was promised and how often it was seen.

    Returns:
        For a cell and for all cells: the promise, and hits of ``AGAIN`` candidates.
    """
    source = np.random.default_rng((seed, 7))
    place, shape = study.place, (study.cells, SAMPLES)
    usual = source.normal(0.0, SPREAD, shape)
    runs = [
        log_times(place, common_times(place, study.cells, source), SAMPLES, source)
        for _ in range(study.stored)
    ]
    rows = visible(
        [
            stored_run(at, run, usual, source.normal(0.0, place.first, shape))
            for at, run in enumerate(runs)
        ],
        tolerated=GateRules().tolerated,
        samples=None,
        again=True,
    )
    found = []
    for name in (cell_of(0).id, ALL_CELLS):
        told = [row for row in rows if (row.cell, row.samples) == (name, SAMPLES)]
        for what in ("slower", "slower_at_most") if told else ():
            promised = getattr(told[0], what)
            if promised is not None:
                hits = _hits(study, name, promised, runs, source, seed)
                end = " (up to)" if what == "slower_at_most" else ""
                found.append((name + end, promised, hits))
    return found


def _hits(
    study: Study,
    name: str,
    slower: float,
    runs: list[np.ndarray],
    source: np.random.Generator,
    seed: int,
) -> int:
    """Return how many of ``AGAIN`` candidates that are so much slower are seen."""
    place, hits = study.place, 0
    for again in range(AGAIN):
        common = common_times(place, study.cells, source)
        common[slice(None) if name == ALL_CELLS else slice(1)] += math.log1p(slower)
        machine = Machine(place, source)
        gated = []
        for at in range(study.cells):
            stored = np.array([run[at] for run in runs])
            most = looks_of(study.cells)
            looks = looked(machine, float(common[at, 0]), stored, most)
            gated += hypotheses_of(at, looks, stored, place, seed * AGAIN + again)
        worse = {each.cell for each in regressions(gated)}
        hits += bool(worse) if name == ALL_CELLS else "cell 0" in worse
    return hits


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """One kind of baseline whose answers are right or wrong."""

    name: str
    samples: int
    right: float
    flips: float
    """Share of answers that are drawn anew in each run."""
    stored: int


def loss_kept(study: Lost, seed: int) -> list[tuple[str, float, int]]:
    """Return the same of a loss of quality of one cell."""
    source = np.random.default_rng((seed, 8))
    cell, count = cell_of(0), study.samples
    usual = source.random(count) < study.right

    def marks() -> np.ndarray:
        anew = source.random(count) < study.flips
        return np.where(anew, source.random(count) < study.right, usual)

    def run_of(number: int, right: np.ndarray) -> BaselineRun:
        run = stored_run(number, *np.zeros((3, 1, count)))
        (own,) = run.cells
        records = tuple(
            answer(cell, f"s{n:03}", 1.0, right=bool(x)) for n, x in enumerate(right)
        )
        told = {(r.sample, 0): str(x) for r, x in zip(records, right, strict=True)}
        return replace(run, cells=(replace(own, records=records, answers=told),))

    runs = [run_of(at, marks()) for at in range(study.stored)]
    rows = visible(runs, tolerated=lambda _: {"quality": 0.02}, samples=None)
    told: list[Visible] = [row for row in rows if row.samples == count]
    loss, hits = told[0].worse, 0
    if loss is None:
        return []
    for _ in range(AGAIN):
        right = marks()
        # Each answer that is right is lost with the same probability.
        right &= source.random(count) >= loss / max(study.right, loss)
        ours = run_of(9, right).cells[0].records
        match = Match(
            facts=facts_of(cell, count),
            records=ours,
            against="baseline",
            reference=tuple(r for run in runs for r in run.cells[0].records),
            only_quality="not asked",
            runs={run.id: run.cells[0].records for run in runs},
        )
        verdicts = judge([match], GateRules(), balance="geometric")
        hits += any(v.outcome == "regression" for v in verdicts)
    return [("quality", loss, hits)]


def power(baselines: int, pool: ProcessPoolExecutor, name: str) -> None:
    """Print what was promised and what was seen."""
    quiet = Place(run=0.01, cell=0.013)
    studies = [
        Study(
            name=f"{what}, {cells} cells, {stored} runs",
            place=place,
            cells=cells,
            stored=stored,
        )
        for what, place in (
            ("1 % a run, 1.3 % a cell", quiet),
            ("noise 5 %", replace(quiet, noise=0.05)),
            ("own noise of first tokens", replace(quiet, first=0.05)),
            ("2 % a run, 1.3 % a cell", Place(run=0.02, cell=0.013)),
            ("nothing a run", Place()),
        )
        for cells in (1, 6)
        for stored in (2, 3, 5)
    ]
    for study in (each for each in studies if name in each.name):
        kept = pool.map(partial(times_kept, study), range(baselines), chunksize=4)
        tell(study.name, list(kept))


def quality(baselines: int, pool: ProcessPoolExecutor, only: str) -> None:
    """Print the same of losses of quality."""
    for samples, right, flips, stored in (
        (60, 0.9, 0.0, 3),
        (60, 0.6, 0.0, 3),
        (60, 0.6, 0.2, 3),
        (60, 0.6, 1.0, 1),
        (200, 0.6, 0.1, 3),
        (200, 0.6, 1.0, 1),
    ):
        name = f"{samples} samples, {right:.0%} right, {flips:.0%} anew, {stored} runs"
        if only not in name:
            continue
        lost = Lost(name=name, samples=samples, right=right, flips=flips, stored=stored)
        kept = pool.map(partial(loss_kept, lost), range(baselines), chunksize=4)
        tell(name, list(kept))


def tell(name: str, kept: list[list[tuple[str, float, int]]]) -> None:
    """Print one line for each thing that was promised."""
    for what in dict.fromkeys(each[0] for some in kept for each in some):
        own = [each for some in kept for each in some if each[0] == what]
        seen = sum(each[2] for each in own) / (AGAIN * len(own))
        told = np.mean([each[1] for each in own])
        print(f"{name}: {what}: promised {told:.3f}, seen {seen:.3f}", flush=True)


def decided(case: Undecided) -> bool:
    """Whether the interval lies on one side of what is tolerated."""
    return case.low > case.tolerance or case.high <= case.tolerance


def case_of(ratios: np.ndarray, level: float) -> Undecided:
    """Return what is known of one latency that was measured in turn."""
    change = change_of("e2e", ratios, 1.0)
    low, high = change.interval(2 * level)
    return Undecided(
        change=change, low=low, high=high, tolerance=math.log1p(0.05), level=level
    )


def samples_kept(noise: float, seed: int) -> Kept | None:
    """Return whether so many samples decided, of one undecided change."""
    source = np.random.default_rng((seed, 9))
    level = ALPHA / 2 / 6
    true = source.uniform(-0.25, 0.35)
    case = case_of(source.normal(true, noise, SAMPLES), level)
    needed = None if decided(case) else needed_samples(case)
    if needed is None or needed.enough is None:
        return None
    kept = [
        decided(case_of(source.normal(true, noise, count), level))
        for count in (needed.fewest, needed.enough)
    ]
    return true, kept[0], kept[1]


def stored_case(
    place: Place, stored: int, true: float, source: np.random.Generator, seed: int
) -> Undecided:
    """Return what is known of the first of six cells, beside stored runs."""
    runs = [
        log_times(place, common_times(place, 6, source), SAMPLES, source)
        for _ in range(stored + 1)
    ]
    runs[0][0] += true
    gated = across_runs(
        [
            each
            for at in range(6)
            for each in hypotheses_of(
                at, [runs[0][at]], np.array([run[at] for run in runs[1:]]), place, seed
            )
        ]
    )
    change = next(e.change for e in gated if e.change.quantity == "e2e")
    level = ALPHA / 2 / 24
    low, high = change.interval(2 * level)
    return Undecided(
        change=change,
        low=low,
        high=high,
        tolerance=math.log1p(0.05),
        level=level,
        stored=stored,
    )


def runs_kept(stored: int, seed: int) -> Kept | None:
    """Return whether so many more stored runs decided."""
    source = np.random.default_rng((seed, 10))
    place = Place(run=0.01, cell=0.013, noise=0.05)
    true = source.uniform(-0.15, 0.25)
    case = stored_case(place, stored, true, source, seed)
    needed = None if decided(case) else needed_runs(case)
    if needed is None:
        return None
    kept = [
        more and decided(stored_case(place, stored + more, true, source, seed))
        for more in (needed.fewest, needed.enough)
    ]
    return true, bool(kept[0]), None if kept[1] is None else bool(kept[1])


def needed(sessions: int, pool: ProcessPoolExecutor, only: str) -> None:
    """Print how often so many samples or runs decided."""
    studies: list[tuple[str, Callable[[int], Kept | None]]] = [
        *((f"samples, noise {n}", partial(samples_kept, n)) for n in (0.1, 0.2, 0.4)),
        *((f"runs beside {k}", partial(runs_kept, k)) for k in (1, 2, 3)),
    ]
    for name, once in studies:
        if only not in name:
            continue
        told = [each for each in pool.map(once, range(sessions), chunksize=20) if each]
        half = np.mean([each[1] for each in told]) if told else math.nan
        sure = [each[2] for each in told if each[2] is not None]
        most = np.mean(sure) if sure else math.nan
        print(
            f"{name}: of {len(told)} undecided {half:.3f} decided with the fewest,"
            f" {most:.3f} of {len(sure)} with enough",
            flush=True,
        )


def main(kind: str, count: str = "100", name: str = "") -> None:
    """Run the studies of one kind whose names have ``name`` in them."""
    with ProcessPoolExecutor(WORKERS) as pool:
        studies = {"power": power, "quality": quality, "needed": needed}
        studies[kind](int(count), pool, name)


if __name__ == "__main__":
    main(*sys.argv[1:])
