"""Whether a server keeps up with a load, from the times of its answers.

In a queue that is not kept up, each answer takes longer than the one before: with a
rate offered and a smaller one served, by ``offered / served - 1`` seconds in each
second. A trend of that size shows; but a queue that is kept up wanders too, and at a
load of 0.8 a rank test of trend (Mann-Kendall, on means of ten batches) calls a tenth
of short runs growing. So the growth is that of a random walk with drift, the least
favourable kind of wandering: answers are averaged over eight batches in the order of
arrival, and the mean of their seven differences is held against Student's t (Dickey &
Fuller 1979 call it a unit root; the differenced statistic z1 of Harvey, Leybourne &
Taylor 2007). Where times only fluctuate, differences undo each other, and false alarms
become rarer the longer a run is. ``tests/perf/queues.py`` counts them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean, stdev
from typing import TYPE_CHECKING

from pytest_llmlat.analysis import student_t as student
from pytest_llmlat.analysis.batch_means import (
    effective_requests,
    fewest_requests,
    shared_variance,
)
from pytest_llmlat.analysis.cell_estimates import answer_time, speeds
from pytest_llmlat.analysis.resampling import CONFIDENCE
from pytest_llmlat.values.keeping_up import Steadiness, WhyBehind
from pytest_llmlat.values.timing import NS_PER_S

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmlat.values.records import CellFacts, Record

_BATCHES = 8
_LEAST_GROWTH = 0.02
"""Slower growth is no load that is too much, but a machine that becomes warm."""
_MOST_GROWTH = 0.1
"""Who may grow faster than this is not known to keep up."""
_FAILED = 0.05
"""From this share of requests on that came to nothing, a load is not kept up."""
_FEWEST_FAILED = 2
_UPPER = (1 + CONFIDENCE) / 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """By how many seconds answers become slower in a second, with its interval."""

    value: float
    low: float
    high: float


def steadiness(facts: CellFacts, records: Sequence[Record]) -> Steadiness | None:
    """Say what a load was like; ``None`` where there was none, or nothing came of it.

    Args:
        facts: of the cell.
        records: of the cell, in the order of sending.
    """
    scenario, load = facts.cell.scenario, facts.load
    if load is None or not records:
        return None
    own = speeds(records)
    known = shared_variance(own, scenario) is not None
    loop_is_open = scenario.startswith("server:")
    found = growth(records) if loop_is_open else None
    behind = _behind(found, records) if loop_is_open else None
    return Steadiness(
        keeps_up=_keeps_up(found, behind, steady=load.steady),
        behind=behind,
        offered_per_s=_offered(records) if loop_is_open else None,
        growth=found.value if found else None,
        growth_low=found.low if found else None,
        growth_high=found.high if found else None,
        effective_requests=effective_requests(own, scenario),
        short_of=None if known else fewest_requests(scenario),
    )


def growth(records: Sequence[Record]) -> Growth | None:
    """Return how fast answers of an open loop become slower.

    A request that was given up at the time limit took at least that long; one that
    broke took no time that says anything.

    Args:
        records: of an open loop.

    Returns:
        ``None`` of fewer than two requests for each of the eight batches.
    """
    timings = [r.timing for r in records if r.timing and r.finish != "error"]
    timings.sort(key=lambda timing: timing.start_ns)
    length = len(timings) // _BATCHES
    if length < 2:  # noqa: PLR2004 - one is no mean
        return None
    first = timings[0].start_ns
    kept = timings[len(timings) - _BATCHES * length :]
    batches = [kept[n * length : (n + 1) * length] for n in range(_BATCHES)]
    due = [fmean((t.start_ns - first) / NS_PER_S for t in own) for own in batches]
    took = [fmean(t.e2e_s for t in own) for own in batches]
    spent = due[-1] - due[0]
    if spent <= 0:
        return None
    steps = [b - a for a, b in pairwise(took)]
    reach = student.quantile(_UPPER, len(steps) - 1) * stdev(steps)
    reach *= math.sqrt(len(steps)) / spent
    value = sum(steps) / spent
    return Growth(value=value, low=value - reach, high=value + reach)


def _behind(found: Growth | None, records: Sequence[Record]) -> WhyBehind | None:
    """Say why a server does not keep up; ``None`` where nothing shows that."""
    if found is not None and found.low > 0 and found.value >= _LEAST_GROWTH:
        return WhyBehind.GROWING
    failed = sum(answer_time(record) is None for record in records)
    if failed >= max(_FEWEST_FAILED, _FAILED * len(records)):
        return WhyBehind.FAILED
    return None


def _keeps_up(
    found: Growth | None, behind: WhyBehind | None, *, steady: bool | None
) -> bool | None:
    """Say whether a server keeps up, where the run is long enough to tell.

    Args:
        found: how fast answers become slower, where that could be told.
        behind: why it does not keep up.
        steady: whether answers had become as slow as they were to be before any
            counted, where that was looked at.
    """
    if behind is not None:
        return False
    if found is None or steady is False or found.high > _MOST_GROWTH:
        return None
    return True


def _offered(records: Sequence[Record]) -> float | None:
    """Return how many arrived a second; ``None`` of fewer than two."""
    due = [record.timing.start_ns for record in records if record.timing]
    spent = (max(due) - min(due)) / NS_PER_S if due else 0.0
    return (len(due) - 1) / spent if spent > 0 else None
