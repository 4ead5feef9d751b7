"""A cell's times in each stored run, beside those of the run that is judged."""

from __future__ import annotations

import math
from collections import defaultdict
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


def batches_of(count: int) -> int:
    """Return into how many batches the samples of a cell are divided; 0 if too few."""
    batches = count // max(1, round(math.sqrt(count)))
    return batches if batches >= FEWEST else 0


def likeness(values: Sequence[float]) -> float:
    """Return how much more a mean varies than if its values were drawn at random.

    By batch means (Law & Carson 1979, Operations Research 27(5)); a variance, and below
    0 where neighbours are less alike than chance makes them.

    Args:
        values: in the order in which the samples were measured; some batches of them.
    """
    long_run = variance_by_batches(values, batches_of(len(values)))
    return long_run - variance(values) / len(values)


def drift(ratios: Sequence[float]) -> Spread:
    """Return the variance of a mean that comes from neighbours being alike.

    Args:
        ratios: in the order in which the samples were measured.
    """
    batches = batches_of(len(ratios))
    if not batches:
        return NOTHING
    return Spread(max(0.0, likeness(ratios)), batches - 1)


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
        rounds=NOTHING if waiting else between_rounds(records, runs, name),
        looks=_rounds(records) / fmean(map(_rounds, runs.values())),
    )


def _rounds(records: Sequence[Record]) -> int:
    """Return how many rounds records are of."""
    return max(1, len({record.round for record in records}))


def between_rounds(
    records: Sequence[Record], runs: Mapping[str, Sequence[Record]], name: str
) -> Spread:
    """Return what rounds of a cell differ in, for a run of as many as stored ones have.

    Args:
        records: of the run that is judged.
        runs: the stored ones.
        name: of the latency.
    """
    rounds: dict[int, list[Record]] = defaultdict(list)
    for record in records:
        rounds[record.round].append(record)
    logs = [log_times(own, name) for _, own in sorted(rounds.items())]
    samples = [each for each in logs[0] if all(each in own for own in logs)]
    found = spread_of_rounds([[own[each] for each in samples] for own in logs])
    return Spread(found.variance / fmean(map(_rounds, runs.values())), found.degrees)


def spread_of_rounds(rounds: Sequence[Sequence[float]]) -> Spread:
    """Return the variance of the means of rounds beyond what samples make of it.

    What a sample has for itself in all rounds is taken off first: by the analysis of
    variance of two ways (Montgomery 2017, Design and Analysis of Experiments, ch. 4).

    Args:
        rounds: log times of the same samples in the same order, round by round.
    """
    count, samples = len(rounds), len(rounds[0]) if rounds else 0
    if count < 2 or samples < 2:  # noqa: PLR2004 - a variance
        return NOTHING
    usual = [fmean(column) for column in zip(*rounds, strict=True)]
    apart = [[x - y for x, y in zip(row, usual, strict=True)] for row in rounds]
    means = [fmean(row) for row in apart]
    left = sum(
        (value - mean) ** 2
        for row, mean in zip(apart, means, strict=True)
        for value in row
    )
    noise = left / ((count - 1) * (samples - 1)) / samples
    return Spread(max(0.0, variance(means) - noise), count - 1)


def times_of_logs(
    ours: Mapping[str, float],
    theirs: Mapping[str, Mapping[str, float]],
    *,
    estimate: float,
    error: float,
    drifts: bool = True,
    rounds: Spread = NOTHING,
    looks: float = 1.0,
) -> StoredTimes | None:
    """Return the same of log times, by sample and in the order of measuring.

    Args:
        ours: of the run that is judged.
        theirs: of the stored ones.
        estimate: of the change, from the samples' pairs.
        error: its standard error, from them too.
        drifts: neighbours may be alike beyond what the error knows.
        rounds: what the rounds of the run that is judged differ in.
        looks: how many it has for each one of a stored run.
    """
    common = [
        sample for sample in ours if all(sample in known for known in theirs.values())
    ]
    if not common:
        return None
    ratios = [ours[s] - fmean(known[s] for known in theirs.values()) for s in common]
    added = drift(ratios) if drifts else NOTHING
    noise = (error**2 + added.variance) / (1 / looks + 1 / len(theirs))
    return StoredTimes(
        cell=CellTimes(
            change=estimate,
            noise=noise,
            samples=len(common),
            runs={
                run: fmean(known[s] for s in common) for run, known in theirs.items()
            },
            rounds=rounds,
            looks=looks,
        ),
        drift=added,
    )
