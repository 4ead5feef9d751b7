"""Power of the gate: the changes that a run could see, told before it is made.

Stored runs tell how much the answer to one sample varies, once what is common to a run
is taken away, and how much runs differ. One run of one round tells neither, and the
spread between its samples stands for nothing that a gate compares: then no latency is
told.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from itertools import combinations
from statistics import NormalDist, fmean, pvariance, variance
from typing import TYPE_CHECKING

from pytest_llmlat.gate.between_runs import (
    CellTimes,
    Spread,
    at_most,
    foreseen,
    summed,
    together,
)
from pytest_llmlat.gate.changes import BALANCED, QUALITY
from pytest_llmlat.gate.hypotheses import ALL_CELLS, ALL_CELLS_SHARE, BALANCED_BY
from pytest_llmlat.gate.judging import ALPHA
from pytest_llmlat.gate.matching import same
from pytest_llmlat.gate.pairing import LATENCIES, log_times
from pytest_llmlat.gate.seen_loss import POWER, loss_of_answers, noncentral
from pytest_llmlat.gate.stored_runs import drift
from pytest_llmlat.gate.suspicion import most_looks
from pytest_llmlat.values.scenario import SINGLE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pytest_llmlat.store.baselines import BaselineCell, BaselineRun
    from pytest_llmlat.values.records import Cell, Record

SIZES = (15, 30, 60, 120, 250, 500, 1000)
"""Numbers of samples of the table, beside the baseline's own."""
_ROUNDS = 20
_NORMAL = NormalDist()


@dataclass(frozen=True, slots=True, kw_only=True)
class Visible:
    """The smallest changes that a number of samples shows, with 80 per cent power."""

    cell: str
    """Id of the cell; ``all cells`` where all of them change alike."""
    samples: int
    """Number of samples of each cell."""
    slower: float | None
    """Change of e2e, as a share; ``None`` where it is not known how one sample
    varies."""
    slower_at_most: float | None
    """The same where runs differ by as much as so few may hide: more in one case of
    ten."""
    worse: float | None
    """Change of quality, in its points; ``None`` where so few samples show no loss at
    all, or where marks that are not simply right or wrong had no spread."""
    stored: int
    """Number of stored runs beside it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _StoredCell:
    """A cell over all stored runs that have it."""

    cell: Cell
    runs: Mapping[str, BaselineCell]
    noise: float | None
    """Variance of one sample's log e2e in one run; ``None`` if nobody knows."""
    alike: float
    """Variance of a run's mean that likeness of neighbours adds, for one sample; shared
    by all of them as the samples' own noise is."""
    same_answers: bool
    """Whether all runs gave the same answers, so that another one will too."""
    looks: int
    """Times that it is measured if it looks slower."""

    @property
    def samples(self) -> int:
        """The number of items that are compared."""
        newest = list(self.runs.values())[-1]
        return len({record.item for record in newest.records})

    def times(self) -> CellTimes | None:
        """Return its times in the stored runs; ``None`` if they tell no noise."""
        if self.noise is None:
            return None
        logs = [log_times(run.records, BALANCED_BY) for run in self.runs.values()]
        count = len(logs[-1])
        return CellTimes(
            change=0.0,
            noise=(self.noise + self.alike) / count,
            samples=count,
            runs={
                name: fmean(own.values())
                for name, own in zip(self.runs, logs, strict=True)
            },
        )

    def within(self, samples: int) -> list[Spread]:
        """Return what samples make of a change: their noise, and its being alike."""
        if self.noise is None:
            return []
        # Of the run to come by so many looks, and of the mean of the stored ones.
        share = (1 / self.looks + 1 / len(self.runs)) / samples
        return [
            Spread(self.noise * share, samples - 1),
            # It is none where less is seen than chance makes, and varies as much as
            # the square of one value does.
            Spread(self.alike * share, 1),
        ]


def visible(
    runs: Sequence[BaselineRun],
    *,
    tolerated: Callable[[Cell], Mapping[str, float]],
    samples: int | None,
    again: bool = False,
) -> list[Visible]:
    """Return the table of a baseline: each cell by itself, then all together.

    Args:
        runs: the stored ones, oldest first.
        tolerated: what is gated of a cell, and how much worse each may be.
        samples: how many each will have at most; ``None`` for as many as the baseline.
        again: cells that look slower are measured again.
    """
    by_id: dict[str, dict[str, BaselineCell]] = defaultdict(dict)
    for run in runs:
        for cell in run.cells:
            by_id[cell.cell.id][run.id] = cell
    looks = most_looks(len(by_id)) if again else 1
    cells = [_stored(own, looks=looks) for own in by_id.values()]
    allowed = [tolerated(each.cell) for each in cells]
    # What the baseline has no answer to is compared with nothing.
    own = [
        each.samples if samples is None else min(samples, each.samples)
        for each in cells
    ]
    sizes = sorted({*SIZES, *own})
    tables = {size: _table(cells, allowed, size) for size in sizes}
    found = [
        tables[size][place]
        for place, count in enumerate(own)
        for size in sizes
        if size in {*SIZES, count}
    ]
    if len(cells) > 1:
        found += [_all(cells, allowed, size) for size in sizes]
    return found


def _table(
    cells: Sequence[_StoredCell],
    allowed: Sequence[Mapping[str, float]],
    samples: int,
) -> list[Visible]:
    """Return what is seen of each cell, while the others stay as they are."""
    share = ALPHA / 2 * (1 - ALL_CELLS_SHARE if len(cells) > 1 else 1)
    level = share / max(1, sum(map(_families, cells, allowed)))
    times = [each.times() for each in cells]
    timed = [each for each in times if each is not None]
    between = iter(foreseen(timed) if timed else ())
    found = []
    for each, gated, known in zip(cells, allowed, times, strict=True):
        slower = slower_at_most = worse = None
        runs = None if known is None else next(between)
        if known is not None and runs is not None and BALANCED_BY in gated:
            slower, slower_at_most = _slower(
                runs, each.within(samples), level, gated[BALANCED_BY]
            )
        if QUALITY in gated:
            worse = _worse(each, samples, level, gated[QUALITY])
        found.append(
            Visible(
                cell=each.cell.id,
                samples=samples,
                slower=slower,
                slower_at_most=slower_at_most,
                worse=worse,
                stored=len(each.runs),
            )
        )
    return found


def _all(
    cells: Sequence[_StoredCell],
    allowed: Sequence[Mapping[str, float]],
    samples: int,
) -> Visible:
    """Return what is seen where all cells are slower by the same share."""
    gated = [own[BALANCED_BY] for own in allowed if BALANCED_BY in own]
    known = [(each, times) for each in cells if (times := each.times())]
    slower = slower_at_most = None
    if len(known) > 1 and gated:
        moved = together([times for _, times in known])
        parts = [part for each, _ in known for part in each.within(samples)]
        mean = [Spread(x.variance / len(known) ** 2, x.degrees) for x in parts]
        tolerance = math.expm1(fmean(map(math.log1p, gated)))
        slower, slower_at_most = _slower(
            moved.between, mean, ALPHA / 2 * ALL_CELLS_SHARE, tolerance
        )
    return Visible(
        cell=ALL_CELLS,
        samples=samples,
        slower=slower,
        slower_at_most=slower_at_most,
        worse=None,
        stored=max(len(each.runs) for each in cells),
    )


def _families(each: _StoredCell, allowed: Mapping[str, float]) -> int:
    """Return the number of shares of the level that a cell will have."""
    quality = QUALITY in allowed and not each.same_answers
    # Where the answers are the same, balance changes with time alone.
    clocked = QUALITY in allowed and BALANCED_BY in allowed and len(each.runs) > 1
    alone = not (each.same_answers and clocked)
    balance = BALANCED in allowed and alone
    return quality + balance + any(name in allowed for name in LATENCIES)


def _slower(
    runs: Spread, within: Sequence[Spread], level: float, tolerance: float
) -> tuple[float, float]:
    """Return the smallest visible share beyond the tolerance, and what it may be.

    Args:
        runs: what runs differ in, as far as the stored ones tell.
        within: what samples make of a change.
        level: one-sided.
        tolerance: a share.
    """
    whole = summed([runs, *within])
    usual = math.sqrt(whole.variance)
    reach = noncentral(level, whole.degrees) * usual
    # The bound that is gated by stays; the change itself varies more.
    wider = math.sqrt(whole.variance - runs.variance + at_most(runs)) - usual
    shares = (reach, reach + _NORMAL.inv_cdf(POWER) * wider)
    slower, most = (math.expm1(math.log1p(tolerance) + each) for each in shares)
    return slower, most


def _worse(
    each: _StoredCell, samples: int, level: float, tolerance: float
) -> float | None:
    """Return the smallest visible loss of quality, in its points."""
    newest = list(each.runs.values())[-1].records
    graded = [record.grade for record in newest if record.graded]
    values = [grade.value for grade in graded]
    squares = [
        (first[name] - other[name]) ** 2
        for first, other in combinations(map(_values, each.runs.values()), 2)
        for name in first.keys() & other.keys()
    ]
    # Two answers that have nothing to do with each other differ by this at most.
    apart = 2 * pvariance(values)
    apart = min(apart, fmean(squares)) if squares else apart
    whole = all(grade.correct is not None for grade in graded)
    if whole and not (squares and apart):
        # Right or wrong beside one answer, or beside several that agree.
        return loss_of_answers(
            samples,
            right=fmean(values),
            differing=apart,
            level=level,
            tolerance=tolerance,
        )
    if not apart:
        return None
    apart *= (1 + 1 / len(each.runs)) / 2
    reach = noncentral(level, samples - 1)
    loss = tolerance
    for _ in range(_ROUNDS):
        # Answers that are lost vary more than those that are not.
        more = loss * (1 - loss) if whole else 0.0
        loss = tolerance + reach * math.sqrt((apart + max(0.0, more)) / samples)
    return loss if loss <= 1 else None


def _values(cell: BaselineCell) -> dict[str, float]:
    """Return the mean mark of each sample."""
    found: dict[str, list[float]] = defaultdict(list)
    for record in cell.records:
        if record.graded:
            found[record.sample].append(record.grade.value)
    return {name: fmean(values) for name, values in found.items()}


def _stored(runs: Mapping[str, BaselineCell], *, looks: int) -> _StoredCell:
    """Return a cell with what its runs tell of how it varies."""
    newest = list(runs.values())[-1]
    logs = [log_times(run.records, BALANCED_BY) for run in runs.values()]
    common = [name for name in logs[-1] if all(name in own for own in logs)]
    noise, alike = None, 0.0
    if len(logs) > 1 and len(common) > 2:  # noqa: PLR2004 - a variance
        rows = [[own[name] for name in common] for own in logs]
        middles = [fmean(column) for column in zip(*rows, strict=True)]
        apart = [[x - y for x, y in zip(row, middles, strict=True)] for row in rows]
        free = len(rows) - 1
        noise = sum(map(variance, apart)) / free
        alike = fmean(drift(row).variance for row in apart) * len(rows) / free
        alike *= len(common)
    elif again := _again(newest.records):
        noise = fmean(again)
    others = [run.answers for run in runs.values() if run is not newest]
    return _StoredCell(
        cell=newest.cell,
        runs=runs,
        noise=noise,
        alike=alike,
        looks=looks if newest.cell.scenario == SINGLE.name else 1,
        same_answers=bool(others)
        and all(same(newest.answers, answers) for answers in others),
    )


def _again(records: Sequence[Record]) -> list[float]:
    """Return the variance of the mean log e2e of each sample that has several."""
    logs: dict[str, list[float]] = defaultdict(list)
    for record in records:
        if record.finish != "error" and record.timing and record.timing.e2e_s > 0:
            logs[record.sample].append(math.log(record.timing.e2e_s))
    return [variance(own) / len(own) for own in logs.values() if len(own) > 1]
