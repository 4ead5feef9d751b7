"""Growth of a queue that is not kept up, from the times of its answers.

In a queue that is not kept up, each answer takes longer than the one before: with a
rate offered and a smaller one served, by ``offered / served - 1`` seconds in each
second. A trend of that size shows; but a queue that is kept up wanders too, and at a
load of 0.8 a rank test of trend (Mann-Kendall, on means of ten batches) calls a tenth
of short runs growing. So the growth is tested as that of a random walk with drift, the
least favourable kind of wandering: answers are averaged over eight batches in the order
of arrival, and the mean of their seven differences is held against Student's t (as is
the differenced statistic z1 of Harvey, Leybourne & Taylor 2007, J. Econometrics 141).
Where times only fluctuate, differences undo each other, and false alarms become rarer
the longer a run is. ``tests/perf/queues.py`` counts them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean, stdev
from typing import TYPE_CHECKING

from pytest_llmlat.analysis import student_t as student
from pytest_llmlat.analysis.resampling import CONFIDENCE
from pytest_llmlat.values.timing import NS_PER_S

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmlat.values.records import Record
    from pytest_llmlat.values.timing import Timing

_BATCHES = 8
_LEAST = 0.02
"""Growth below which a machine that becomes warm explains it, and no load."""
_UPPER = (1 + CONFIDENCE) / 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """Growth of the time of answers, in seconds a second, with its interval."""

    value: float
    low: float
    high: float

    @property
    def certain(self) -> bool:
        """Whether the queue grows for certain, and does not only wander."""
        return self.low > 0 and self.value >= _LEAST


def is_open_loop(scenario: str) -> bool:
    """Say whether requests arrive in a scenario whether or not others are answered."""
    return scenario.startswith("server:")


def grows(records: Sequence[Record]) -> bool:
    """Say whether records are of an open loop whose queue grew for certain."""
    if not records or not is_open_loop(records[0].cell.scenario):
        return False
    found = growth(records)
    return found is not None and found.certain


def growth(records: Sequence[Record]) -> Growth | None:
    """Return how fast answers of an open loop become slower.

    A request that was given up at the time limit took at least that long; one that
    broke took no time that says anything.

    Args:
        records: of an open loop.

    Returns:
        ``None`` of fewer than two requests for each of the eight batches.
    """
    return growth_of(
        [
            (
                timing.start_ns / NS_PER_S,
                _took_s(timing, cut=record.finish == "timeout"),
            )
            for record in records
            if (timing := record.timing) and record.finish != "error"
        ]
    )


def growth_of(requests: Sequence[tuple[float, float]]) -> Growth | None:
    """Return how fast answers become slower, as ``growth`` does.

    Args:
        requests: when each arrived and how long it took, in seconds.
    """
    times = sorted(requests)
    length = len(times) // _BATCHES
    if length < 2:  # noqa: PLR2004 - one is no mean
        return None
    first = times[0][0]
    kept = times[len(times) - _BATCHES * length :]
    batches = [kept[n * length : (n + 1) * length] for n in range(_BATCHES)]
    due = [fmean(start - first for start, _ in own) for own in batches]
    took = [fmean(seconds for _, seconds in own) for own in batches]
    spent = due[-1] - due[0]
    if spent <= 0:
        return None
    steps = [b - a for a, b in pairwise(took)]
    reach = student.quantile(_UPPER, len(steps) - 1) * stdev(steps)
    reach *= math.sqrt(len(steps)) / spent
    value = sum(steps) / spent
    return Growth(value=value, low=value - reach, high=value + reach)


def _took_s(timing: Timing, *, cut: bool) -> float:
    """Return how long an answer took, at least, in seconds."""
    return (timing.end_ns - timing.start_ns) / NS_PER_S if cut else timing.e2e_s
