"""Likeness of neighbouring requests in a change between two runs.

Under a load a slow answer makes those behind it slow too. In two runs of the same
arrivals the same requests wait, but not as long: the ratios of neighbours are alike,
and to resample them one by one finds a change in every fourth pair of equal runs at a
load of 0.8 (``tests/perf/queues.py gate``).
"""

from __future__ import annotations

from collections import defaultdict
from itertools import chain
from statistics import fmean
from typing import TYPE_CHECKING

from pytest_llmlat.analysis import score
from pytest_llmlat.analysis.batch_means import at_least_shared
from pytest_llmlat.gate.pairing import LATENCIES, latency_logs
from pytest_llmlat.values.answer_speed import answer_time

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_llmlat.values.records import Record

SPEED = "speed"


def shared_changes(
    ours: Sequence[Record], runs: Sequence[Sequence[Record]]
) -> Mapping[str, float]:
    """Return the variance that likeness of neighbours adds to each mean change.

    Args:
        ours: of a candidate, in the order of sending.
        runs: what it is compared with the mean of: a reference, or stored runs.
    """
    if not ours:
        return {}
    others: dict[tuple[str, int], list[Record]] = defaultdict(list)
    for record in chain.from_iterable(runs):
        others[record.sample, record.round].append(record)
    both = [
        (record, there)
        for record in ours
        if (there := others.get((record.sample, record.round)))
    ]
    found = {SPEED: [_speed(a) - fmean(map(_speed, there)) for a, there in both]}
    logs = [(latency_logs(a), [latency_logs(b) for b in there]) for a, there in both]
    for column, name in enumerate(LATENCIES):
        found[name] = [
            mine - fmean(theirs)
            for own, there in logs
            if (mine := own[column]) is not None
            and (theirs := [x for b in there if (x := b[column]) is not None])
        ]
    scenario = ours[0].cell.scenario
    return {name: at_least_shared(values, scenario) for name, values in found.items()}


def _speed(record: Record) -> float:
    return score.speed(answer_time(record), record.budget_s)
