"""What requests that wait for each other have in common, in a change between two runs.

Under a load a slow answer makes those behind it slow too. In two runs of the same
arrivals the same requests wait, but not as long: the ratios of neighbours are alike,
and to resample them one by one finds a change in every fourth pair of equal runs at a
load of 0.8 (``tests/perf/queues.py gate``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmlat.analysis import score
from pytest_llmlat.analysis.batch_means import at_least_shared
from pytest_llmlat.analysis.cell_estimates import answer_time
from pytest_llmlat.gate.pairing import LATENCIES, latency_logs

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_llmlat.values.records import Record

SPEED = "speed"


def shared_changes(
    ours: Sequence[Record], theirs: Sequence[Record]
) -> Mapping[str, float]:
    """Return how much more the mean change of each latency and of the speed varies.

    Args:
        ours: of a candidate, in the order of sending.
        theirs: of what it is compared with.
    """
    if not ours:
        return {}
    other = {(record.sample, record.round): record for record in theirs}
    both = [
        (record, other[record.sample, record.round])
        for record in ours
        if (record.sample, record.round) in other
    ]
    found = {SPEED: [_speed(a) - _speed(b) for a, b in both]}
    logs = [(latency_logs(a), latency_logs(b)) for a, b in both]
    for column, name in enumerate(LATENCIES):
        found[name] = [
            x - y
            for a, b in logs
            if (x := a[column]) is not None and (y := b[column]) is not None
        ]
    scenario = ours[0].cell.scenario
    return {name: at_least_shared(values, scenario) for name, values in found.items()}


def _speed(record: Record) -> float:
    return score.speed(answer_time(record), record.budget_s)
