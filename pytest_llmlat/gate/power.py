"""Which changes a run could see, told before it is made.

From a baseline alone it is known how much answers to one sample differ only if each was
asked several times. Without rounds the spread between samples stands for it, which is
more than the truth: paired, less is needed.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from statistics import NormalDist, fmean, pvariance, variance
from typing import TYPE_CHECKING

from pytest_llmlat.gate import mcnemar
from pytest_llmlat.gate.judging import ALPHA, SHARES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmlat.store.baselines import BaselineCell
    from pytest_llmlat.values.records import Record

POWER = 0.8
SIZES = (15, 30, 60, 120, 250, 500, 1000)
"""For how many samples the table is made, beside the baseline's own number."""
_NORMAL = NormalDist()


@dataclass(frozen=True, slots=True, kw_only=True)
class Visible:
    """The smallest changes that a number of samples shows with 80 per cent."""

    cell: str
    samples: int
    slower: float | None
    """Of e2e, as a share; ``None`` where no latency is known."""
    worse: float | None
    """Of quality, in its points; ``None`` where so few samples show no loss at all, or
    where marks that are not simply right or wrong had no spread."""
    paired: bool
    """Whether the spread of e2e is that of one sample asked again."""


def visible(
    cells: Sequence[BaselineCell], *, latencies: int, samples: int | None
) -> list[Visible]:
    """Return the table for some cells of a baseline.

    Args:
        cells: those that will be measured again.
        latencies: how many will be gated of each; Holm's first share is taken.
        samples: how many each will have at most; ``None`` for as many as the baseline.
    """
    level = ALPHA / 2 / (SHARES * max(1, len(cells)))
    found = []
    for cell in cells:
        stored = len({record.item for record in cell.records})
        # What the baseline has no answer to is compared with nothing.
        own = stored if samples is None else min(samples, stored)
        found += [
            _visible(cell, size, level, max(1, latencies))
            for size in sorted({*SIZES, own})
        ]
    return found


def _visible(cell: BaselineCell, samples: int, level: float, latencies: int) -> Visible:
    reach = _reach(level)
    spread, paired = _spread(cell.records)
    graded = [record.grade for record in cell.records if record.graded]
    right = fmean(grade.value for grade in graded)
    binary = all(grade.correct is not None for grade in graded)
    # Two answers that have nothing to do with each other differ by this at most.
    noise = (
        right * (1 - right) if binary else pvariance([grade.value for grade in graded])
    )
    return Visible(
        cell=cell.cell.id,
        samples=samples,
        slower=None
        if spread is None
        else math.expm1(
            _reach(level / latencies) * math.sqrt(2) * spread / math.sqrt(samples)
        ),
        worse=_worse(reach * math.sqrt(2 * noise / samples), samples, level)
        if binary
        else reach * math.sqrt(2 * noise / samples) or None,
        paired=paired,
    )


def _reach(level: float) -> float:
    """Return how many standard errors a change must have to be seen."""
    return _NORMAL.inv_cdf(1 - level) + _NORMAL.inv_cdf(POWER)


def _worse(drop: float, samples: int, level: float) -> float | None:
    """Return a drop of right answers, no smaller than McNemar's test can show.

    So many must be lost, and none won, that the test tells it, however little answers
    vary otherwise.
    """
    fewest = (n for n in range(1, samples + 1) if mcnemar.loss(n, 0, samples) <= level)
    lost = next(fewest, None)
    return None if lost is None else max(drop, lost / samples)


def _spread(records: Sequence[Record]) -> tuple[float | None, bool]:
    """Return the standard deviation of log e2e of one sample, and if it is that."""
    logs: dict[str, list[float]] = defaultdict(list)
    for record in records:
        if record.finish != "error" and record.timing and record.timing.e2e_s > 0:
            logs[record.sample].append(math.log(record.timing.e2e_s))
    again = [variance(values) for values in logs.values() if len(values) > 1]
    if again:
        return math.sqrt(fmean(again)), True
    every = [value for values in logs.values() for value in values]
    if len(every) < 2:  # noqa: PLR2004 - one value has no spread
        return None, False
    return math.sqrt(variance(every)), False
