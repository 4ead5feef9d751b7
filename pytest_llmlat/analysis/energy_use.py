"""Joules of each request of a cell, from what the counters told.

A request that was asked alone has a window of its own. Under a load the window is that
of the load: its energy is shared by the requests that ended, as time is
(``request_cost``), and among those that count by their output tokens. Where a counter's
steps are too coarse for single requests, what lies between the first and the last of a
cell is shared in the same way, the work between requests included.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llmlat.values.energy import GRAMS_PER_KG, JOULES_PER_KWH
from pytest_llmlat.values.timing import NS_PER_S

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_llmlat.values.cell_facts import CellFacts
    from pytest_llmlat.values.figure import Spent
    from pytest_llmlat.values.records import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestEnergy:
    """The energy of one request, and the time in which it was counted."""

    joules: float
    seconds: float


def energy_use(
    facts: CellFacts, records: Sequence[Record]
) -> dict[Spent, Sequence[float]]:
    """Return what each request used, of every kind that is known of all of them.

    Args:
        facts: of the cell.
        records: of the cell.
    """
    found: dict[Spent, Sequence[float]] = {}
    told = facts.energy
    # What was answered in another run used another machine's energy.
    elsewhere = facts.untimed is not None
    if told is None or not records or elsewhere:
        return found
    used = _measured(facts, records)
    if used is not None:
        gross = [each.joules for each in used]
        found["joules"] = gross
        if told.idle_w is not None:
            idle = told.idle_w
            found["net_joules"] = [e.joules - idle * e.seconds for e in used]
        if told.grid_kg_per_kwh is not None:
            grams = told.grid_kg_per_kwh * GRAMS_PER_KG / JOULES_PER_KWH
            found["carbon"] = [joules * grams for joules in gross]
    if told.tdp_w is not None:
        spent = _times(facts, records)
        if spent is not None:
            found["estimated_joules"] = [told.tdp_w * seconds for seconds in spent]
    return found


def _measured(
    facts: CellFacts, records: Sequence[Record]
) -> Sequence[RequestEnergy] | None:
    """Return the measured energy of each request; ``None`` where one is not known."""
    if facts.load is not None:
        return _of_load(facts, records)
    own = [_own(record) for record in records]
    known = [each for each in own if each is not None]
    if len(known) == len(own):
        return known
    told = facts.energy
    if told is None or told.joules is None or told.seconds is None:
        return None
    return _shared(records, told.joules, told.seconds)


def _own(record: Record) -> RequestEnergy | None:
    if record.timing is None:
        # It was never sent: it used nothing.
        return RequestEnergy(joules=0.0, seconds=0.0)
    if record.energy_j is None or record.energy_s is None:
        return None
    return RequestEnergy(joules=record.energy_j, seconds=record.energy_s)


def _of_load(
    facts: CellFacts, records: Sequence[Record]
) -> Sequence[RequestEnergy] | None:
    load, told = facts.load, facts.energy
    if load is None or told is None or told.joules is None or not told.seconds:
        return None
    if not load.ended:
        return None
    counted_s = load.window_s / load.ended * len(records)
    return _shared(records, told.joules * counted_s / told.seconds, counted_s)


def _shared(
    records: Sequence[Record], joules: float, seconds: float
) -> Sequence[RequestEnergy]:
    """Share energy by output tokens; equally where they are not all known.

    A request that failed has none: others carry what it used.
    """
    shares = _shares(records)
    return [
        RequestEnergy(joules=joules * share, seconds=seconds * share)
        for share in shares
    ]


def _shares(records: Sequence[Record]) -> Sequence[float]:
    tokens = [r.output_tokens if r.answered else 0 for r in records]
    known = [count for count in tokens if count is not None]
    if len(known) < len(tokens) or not sum(known):
        return [1 / len(records)] * len(records)
    return [count / sum(known) for count in known]


def _times(facts: CellFacts, records: Sequence[Record]) -> Sequence[float] | None:
    """Return how long each request took; under a load they share the time."""
    load = facts.load
    if load is not None:
        if not load.ended:
            return None
        return [load.window_s / load.ended] * len(records)
    of: Callable[[Record], float] = _seconds
    return [of(record) for record in records]


def _seconds(record: Record) -> float:
    timing = record.timing
    return 0.0 if timing is None else (timing.end_ns - timing.start_ns) / NS_PER_S
