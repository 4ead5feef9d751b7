"""Stored times in the time of this machine, by a yardstick on both.

A yardstick is one model that never changes, asked in turn with each cell. Its slowdown
for a sample, here against there, is the slowdown that the cell would show here with
nothing changed. So the times of a stored run are multiplied by it, sample by sample,
and then compared as if both had run here: what is gated is a ratio of two ratios.
Chance in the yardstick's times is part of the pairs, as that in the cell's times is.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from statistics import fmean
from typing import TYPE_CHECKING

from pytest_llmlat.gate.changes import FEWEST
from pytest_llmlat.gate.pairing import log_times
from pytest_llmlat.values.cell_facts import YARDSTICK
from pytest_llmlat.values.results import Verdict
from pytest_llmlat.values.timing import NS_PER_S

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pytest_llmlat.values.cell_facts import CellFacts
    from pytest_llmlat.values.records import Record
    from pytest_llmlat.values.timing import Timing

E2E = "e2e"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rescaled:
    """A stored run's records of one cell, in the time of this machine."""

    records: tuple[Record, ...]
    slower: float
    """Factor by which this machine took longer, in the mean."""


def rescaled(
    records: Sequence[Record], *, there: Sequence[Record], here: Sequence[Record]
) -> Rescaled | None:
    """Return stored records in the time of this machine.

    Args:
        records: of a cell, as they are stored.
        there: those of its yardstick in that run.
        here: those of the yardstick beside the cell now.

    Returns:
        ``None`` if too few samples of the yardstick can be compared: where an answer
        has another number of tokens, the two times are not of the same work.
    """
    then, now = log_times(there, E2E), log_times(here, E2E)
    lengths = _lengths(there)
    alike = [
        sample
        for sample, length in _lengths(here).items()
        if sample in then and sample in now and lengths.get(sample) == length
    ]
    if len(alike) < FEWEST:
        return None
    factors = {sample: now[sample] - then[sample] for sample in alike}
    mean = fmean(factors.values())
    return Rescaled(
        records=tuple(
            replace(
                record,
                timing=_stretched(record.timing, factors.get(record.sample, mean)),
            )
            for record in records
        ),
        slower=math.exp(mean),
    )


def cost(facts: Iterable[CellFacts], records: Iterable[Record]) -> tuple[Verdict, ...]:
    """Return the verdict on a yardstick's cost: its time beside that of the cells.

    Args:
        facts: of all cells of a run.
        records: of all of them.
    """
    yards = {fact.cell.id: fact.cell.model for fact in facts if fact.role == YARDSTICK}
    if not yards:
        return ()
    spent = {True: 0, False: 0}
    for record in records:
        if record.timing is not None:
            took = record.timing.end_ns - record.timing.start_ns
            spent[record.cell.id in yards] += took
    name = next(iter(yards.values()))
    note = (
        f"{name} took {spent[True] / NS_PER_S:.1f} s, and the cells"
        f" {spent[False] / NS_PER_S:.1f} s"
    )
    return (
        Verdict(
            cell="-", quantity="yardstick", outcome="pass", against=name, note=note
        ),
    )


def _lengths(records: Sequence[Record]) -> Mapping[str, tuple[int | None, ...]]:
    """Return the number of tokens of each sample's answers."""
    found: dict[str, tuple[int | None, ...]] = {}
    for record in records:
        found[record.sample] = (*found.get(record.sample, ()), record.output_tokens)
    return found


def _stretched(timing: Timing | None, factor: float) -> Timing | None:
    """Return times multiplied by the exponential of a factor, from their start."""
    if timing is None:
        return None
    scale, start = math.exp(factor), timing.start_ns

    def moved(instant: int | None) -> int | None:
        return None if instant is None else start + round((instant - start) * scale)

    return replace(
        timing,
        end_ns=start + round((timing.end_ns - start) * scale),
        stamps_ns=tuple(start + round((s - start) * scale) for s in timing.stamps_ns),
        reasoning_ns=moved(timing.reasoning_ns),
        sent_ns=moved(timing.sent_ns),
        thought_end_ns=moved(timing.thought_end_ns),
    )
