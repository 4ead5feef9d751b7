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
from statistics import fmean, pvariance
from typing import TYPE_CHECKING

from pytest_llmlat.gate.changes import BALANCED, QUALITY
from pytest_llmlat.gate.foreseen_sessions import seen_slowdowns
from pytest_llmlat.gate.future_cells import FutureCell, FutureTimes
from pytest_llmlat.gate.hypotheses import ALL_CELLS, ALL_CELLS_SHARE, BALANCED_BY
from pytest_llmlat.gate.judging import ALPHA
from pytest_llmlat.gate.matching import same
from pytest_llmlat.gate.pair_costs import COSTS
from pytest_llmlat.gate.pairing import LATENCIES, log_times
from pytest_llmlat.gate.sample_noise import sample_noise
from pytest_llmlat.gate.seen_loss import loss_of_answers, noncentral
from pytest_llmlat.gate.suspicion import most_looks
from pytest_llmlat.values.scenario import SINGLE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pytest_llmlat.gate.foreseen_sessions import SeenAt
    from pytest_llmlat.gate.sample_noise import SampleNoise
    from pytest_llmlat.store.baselines import BaselineCell, BaselineRun
    from pytest_llmlat.values.records import Cell

SIZES = (15, 30, 60, 120, 250, 500, 1000)
"""Numbers of samples of the table, beside the baseline's own."""
_ROUNDS = 20


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
    noise: SampleNoise
    same_answers: bool
    """Whether all runs gave the same answers, so that another one will too."""
    looks: int
    """Times that it is measured if it looks slower."""

    @property
    def samples(self) -> int:
        """The number of items that are compared."""
        newest = list(self.runs.values())[-1]
        return len({record.item for record in newest.records})

    def future(
        self, tolerated: Mapping[str, float], alike: Mapping[str, float]
    ) -> FutureCell | None:
        """Return it as sessions to come will have it; ``None`` if nothing is known.

        Args:
            tolerated: what is gated, and how much worse each may be.
            alike: how alike neighbours are, by latency.
        """
        noise = self.noise.only(tolerated)
        if BALANCED_BY not in noise.names:
            return None
        times = {}
        for name in noise.names:
            logs = [log_times(run.records, name) for run in self.runs.values()]
            times[name] = FutureTimes(
                runs={
                    run: fmean(own.values())
                    for run, own in zip(self.runs, logs, strict=True)
                },
                samples=len(logs[-1]),
                noise=noise.variances[name],
                alike=alike[name] * noise.variances[name],
                tolerance=math.log1p(tolerated[name]),
            )
        return FutureCell(times=times, correlation=noise.correlation, looks=self.looks)


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
        found += [tables[size][-1] for size in sizes]
    return found


def _table(
    cells: Sequence[_StoredCell],
    allowed: Sequence[Mapping[str, float]],
    samples: int,
) -> list[Visible]:
    """Return what is seen of each cell, while the others stay as they are.

    Behind them what is seen where all are slower by the same share.
    """
    share = ALPHA / 2 * (1 - ALL_CELLS_SHARE if len(cells) > 1 else 1)
    level = share / max(1, sum(map(_families, cells, allowed)))
    alike = _alike(cells)
    futures = [
        each.future(gated, alike) for each, gated in zip(cells, allowed, strict=True)
    ]
    timed = [each for each in futures if each is not None]
    slower, of_all = (
        seen_slowdowns(
            timed, samples, level=level, level_of_all=ALPHA / 2 * ALL_CELLS_SHARE
        )
        if timed
        else ([], None)
    )
    seen = iter(slower)
    found = [
        _visible(
            each.cell.id,
            samples,
            len(each.runs),
            None if future is None else next(seen),
            _worse(each, samples, level, gated[QUALITY]) if QUALITY in gated else None,
        )
        for each, gated, future in zip(cells, allowed, futures, strict=True)
    ]
    stored = max((len(each.runs) for each in cells), default=0)
    return [*found, _visible(ALL_CELLS, samples, stored, of_all, None)]


def _visible(
    cell: str, samples: int, stored: int, seen: SeenAt | None, worse: float | None
) -> Visible:
    return Visible(
        cell=cell,
        samples=samples,
        slower=None if seen is None else math.expm1(seen.usual),
        slower_at_most=None if seen is None else math.expm1(seen.at_most),
        worse=worse,
        stored=stored,
    )


def _alike(cells: Sequence[_StoredCell]) -> dict[str, float]:
    """Return how alike neighbours are on this machine, by latency.

    Over all cells, since a few batches of one cell tell it badly. What is within a
    standard error of none is taken for none: chance alone makes as much.
    """
    found = {}
    for name in LATENCIES:
        known = [each.noise for each in cells if name in each.noise.names]
        if not known:
            continue
        mean = fmean(noise.alike[name] for noise in known)
        degrees = sum(noise.degrees for noise in known)
        chance = math.sqrt(2 / degrees) if degrees else math.inf
        found[name] = mean if mean > chance else 0.0
    return found


def _families(each: _StoredCell, allowed: Mapping[str, float]) -> int:
    """Return the number of shares of the level that a cell will have."""
    quality = QUALITY in allowed and not each.same_answers
    # Where the answers are the same, balance changes with time alone.
    clocked = QUALITY in allowed and BALANCED_BY in allowed and len(each.runs) > 1
    alone = not (each.same_answers and clocked)
    balance = BALANCED in allowed and alone
    costs = sum(name in allowed for name in COSTS)
    return quality + balance + any(name in allowed for name in LATENCIES) + costs


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
    share = fmean(values)
    if not apart or (whole and not share):
        return None
    reach = noncentral(level, samples - 1)
    loss = tolerance
    for _ in range(_ROUNDS):
        # Answers that are lost vary more, and no longer by themselves.
        more, kept = 0.0, 1.0
        if whole:
            more, kept = max(0.0, loss * (1 - loss)), 1 - loss / max(share, loss)
        both = apart / 2 * (kept**2 + 1 / len(each.runs))
        loss = tolerance + reach * math.sqrt((both + more) / samples)
    return loss if loss <= (share if whole else 1) else None


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
    others = [run.answers for run in runs.values() if run is not newest]
    return _StoredCell(
        cell=newest.cell,
        runs=runs,
        noise=sample_noise([run.records for run in runs.values()]),
        looks=looks if newest.cell.scenario == SINGLE.name else 1,
        same_answers=bool(others)
        and all(same(newest.answers, answers) for answers in others),
    )
