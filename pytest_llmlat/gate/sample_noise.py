"""How much the time for one sample varies from run to run, as stored runs tell it.

What is common to a run is taken away first: it is no noise of samples. One run of one
round tells none of this.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from statistics import fmean, variance
from typing import TYPE_CHECKING

from pytest_llmlat.gate.pairing import LATENCIES, latency_logs, log_times
from pytest_llmlat.gate.stored_runs import batches_of, likeness

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pytest_llmlat.analysis.resampling import Array
    from pytest_llmlat.values.records import Record

_FEWEST = 3
"""Samples that are needed to know a variance."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleNoise:
    """How much the log times of one sample of a cell vary."""

    names: tuple[str, ...]
    """Of the latencies, in the order of ``LATENCIES``; none if nothing is known."""
    variances: Mapping[str, float]
    """Of one sample in one run, by latency."""
    alike: Mapping[str, float]
    """What likeness of neighbours adds to the variance of a run's mean, as a share of
    what samples make of it; below 0 where chance makes them less alike."""
    correlation: Array
    """Between latencies of one sample."""
    degrees: int = 0
    """Degrees of freedom by which it is known how alike neighbours are."""

    def only(self, names: Iterable[str]) -> SampleNoise:
        """Return what is known of some latencies."""
        kept = [at for at, name in enumerate(self.names) if name in set(names)]
        return replace(
            self,
            names=tuple(self.names[at] for at in kept),
            correlation=self.correlation[kept][:, kept],
        )


def sample_noise(runs: Sequence[Sequence[Record]]) -> SampleNoise:
    """Return how samples of a cell vary.

    Args:
        runs: records of each stored run, at least one.
    """
    if len(runs) > 1:
        return _of_runs(runs)
    return _of_rounds(runs[0])


def _of_runs(runs: Sequence[Sequence[Record]]) -> SampleNoise:
    apart: dict[str, list[list[float]]] = {}
    common: list[str] = []
    for name in LATENCIES:
        logs = [log_times(run, name) for run in runs]
        there = [s for s in logs[-1] if all(s in own for own in logs)]
        # Latencies that are known of fewer samples than e2e are left out.
        if len(there) < max(_FEWEST, len(common)):
            continue
        common = common or there
        rows = [[own[s] for s in there] for own in logs]
        middles = [fmean(column) for column in zip(*rows, strict=True)]
        apart[name] = [
            [
                x - y - fmean(row) + fmean(middles)
                for x, y in zip(row, middles, strict=True)
            ]
            for row in rows
        ]
    free = len(runs) - 1
    batches = batches_of(len(common))
    variances = {n: sum(map(variance, rows)) / free for n, rows in apart.items()}
    alike = {
        name: fmean(map(likeness, rows))
        * len(common)
        * len(runs)
        / free
        / variances[name]
        if batches and variances[name]
        else 0.0
        for name, rows in apart.items()
    }
    known = _noise(
        variances, alike, [[x for row in rows for x in row] for rows in apart.values()]
    )
    return replace(known, degrees=free * max(0, batches - 1))


def _of_rounds(records: Sequence[Record]) -> SampleNoise:
    """Return the noise of a sample's mean over the rounds of one run."""
    rounds: dict[str, list[tuple[float | None, ...]]] = defaultdict(list)
    for record in records:
        rounds[record.sample].append(latency_logs(record))
    variances, apart = {}, []
    for place, name in enumerate(LATENCIES):
        told = [[logs[place] for logs in own] for own in rounds.values()]
        known = [[x for x in own if x is not None] for own in told if None not in own]
        several = [own for own in known if len(own) > 1]
        if len(several) < len(rounds) or not several:
            continue
        variances[name] = fmean(variance(own) / len(own) for own in several)
        apart.append([x - fmean(own) for own in several for x in own])
    return _noise(variances, dict.fromkeys(variances, 0.0), apart)


def _noise(
    variances: Mapping[str, float],
    alike: Mapping[str, float],
    apart: Sequence[Sequence[float]],
) -> SampleNoise:
    import numpy as np

    names = tuple(variances)
    correlation = np.eye(len(names))
    varying = [at for at, name in enumerate(names) if variances[name] > 0]
    if len(varying) > 1:
        told = np.corrcoef([apart[at] for at in varying])
        correlation[np.ix_(varying, varying)] = told
    return SampleNoise(
        names=names, variances=variances, alike=alike, correlation=correlation
    )
