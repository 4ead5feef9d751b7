"""A cell's times in each stored run, beside those of the run that is judged."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import fmean, variance
from typing import TYPE_CHECKING

from pytest_llmlat.analysis.batch_means import (
    FEWEST,
    batch_counts,
    variance_by_batches,
)
from pytest_llmlat.gate.between_runs import NOTHING, CellTimes, Spread
from pytest_llmlat.gate.pairing import log_times

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_llmlat.gate.changes import Change
    from pytest_llmlat.values.records import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredTimes:
    """One latency of a cell in each stored run, and how it drifted in this one."""

    cell: CellTimes
    drift: Spread
    """What neighbours being alike adds to the variance of the change."""


def drift(ratios: Sequence[float]) -> Spread:
    """Return the variance of a mean that comes from neighbours being alike.

    By batch means (Law & Carson 1979, Operations Research 27(5)): what means of
    neighbouring samples differ in, beyond what samples drawn at random would.

    Args:
        ratios: in the order in which the samples were measured.
    """
    count = len(ratios)
    batches = count // max(1, round(math.sqrt(count)))
    if batches < FEWEST:
        return NOTHING
    long_run = variance_by_batches(ratios, batches)
    return Spread(max(0.0, long_run - variance(ratios) / count), batches - 1)


def stored_times(
    records: Sequence[Record],
    runs: Mapping[str, Sequence[Record]],
    name: str,
    change: Change,
) -> StoredTimes | None:
    """Return a latency's mean log in each run, beside that of the run that is judged.

    Only samples count that all runs have the latency of; ``None`` if there are none.

    Args:
        records: of the run that is judged, as they were measured.
        runs: the stored ones.
        name: of the latency.
        change: of it, from the samples' pairs.
    """
    waiting = bool(records) and batch_counts(records[0].cell.scenario, 1) != ()
    return times_of_logs(
        log_times(records, name),
        {run: log_times(own, name) for run, own in runs.items()},
        estimate=change.estimate,
        error=change.error,
        # Under a load the error has it: requests that wait for each other.
        drifts=not waiting,
    )


def times_of_logs(
    ours: Mapping[str, float],
    theirs: Mapping[str, Mapping[str, float]],
    *,
    estimate: float,
    error: float,
    drifts: bool = True,
) -> StoredTimes | None:
    """Return the same of log times, by sample and in the order of measuring.

    Args:
        ours: of the run that is judged.
        theirs: of the stored ones.
        estimate: of the change, from the samples' pairs.
        error: its standard error, from them too.
        drifts: neighbours may be alike beyond what the error knows.
    """
    common = [
        sample for sample in ours if all(sample in known for known in theirs.values())
    ]
    if not common:
        return None
    ratios = [ours[s] - fmean(known[s] for known in theirs.values()) for s in common]
    added = drift(ratios) if drifts else NOTHING
    noise = (error**2 + added.variance) / (1 + 1 / len(theirs))
    return StoredTimes(
        cell=CellTimes(
            change=estimate,
            noise=noise,
            samples=len(common),
            runs={
                run: fmean(known[s] for s in common) for run, known in theirs.items()
            },
        ),
        drift=added,
    )
