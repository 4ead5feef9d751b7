"""A meter of energy: all counters of a place, read together."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from pytest_llmlat.machine.energy_counters import MOST_WATTS
from pytest_llmlat.values.timing import NS_PER_S

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmlat.machine.energy_counters import EnergyCounter
    from pytest_llmlat.values.clock import Clock

_UJ = 1e6
_USUAL_WATTS = 600.0
"""Power of a counter that does not tell its highest, for how soon it may wrap."""
_BURST = 2.0
"""How many times its limit a counter's power may be for a while."""
STILL_S = 1.0
"""Window, in seconds, in which every counter of a computer that runs has moved."""


@dataclass(frozen=True, slots=True)
class EnergyReading:
    """A reading of all counters, and its instant."""

    at_ns: int
    values: tuple[int | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EnergySpan:
    """Energy between readings; ``None`` where a counter does not tell."""

    seconds: float
    joules: float | None
    """Joules of all counters together."""
    each: tuple[float | None, ...] = ()
    """Joules of each counter."""
    reason: str | None = None
    """Why there is no sum."""

    def and_then(self, later: EnergySpan) -> EnergySpan:
        """Return the energy of this window and of a later one of the same counters."""
        each = zip(self.each, later.each, strict=True)
        return EnergySpan(
            seconds=self.seconds + later.seconds,
            joules=_sum(self.joules, later.joules),
            each=tuple(_sum(one, other) for one, other in each),
            reason=self.reason or later.reason,
        )


class EnergyMeter:
    """A meter of several counters, none of which counts what another does."""

    def __init__(self, counters: Sequence[EnergyCounter], clock: Clock) -> None:
        """Hold counters that are open; reads nothing yet."""
        self.counters = tuple(counters)
        self._clock = clock

    def read(self) -> EnergyReading:
        """Read all counters, one after the other."""
        values = tuple([counter.read_uj() for counter in self.counters])
        return EnergyReading(self._clock.now_ns(), values)

    def between(self, *readings: EnergyReading) -> EnergySpan:
        """Return the energy from the first of these readings to the last.

        Each counter may have wrapped round once between two of them that follow each
        other.

        Args:
            readings: at least two, in the order of reading.
        """
        seconds = (readings[-1].at_ns - readings[0].at_ns) / NS_PER_S
        told = [
            _of_window(counter, readings, place, seconds)
            for place, counter in enumerate(self.counters)
        ]
        reasons = [why for _, why in told if why is not None]
        each = tuple(joules for joules, _ in told)
        known = [joules for joules in each if joules is not None]
        return EnergySpan(
            seconds=seconds,
            joules=math.fsum(known) if len(known) == len(each) else None,
            each=each,
            reason=reasons[0] if reasons else None,
        )

    def close(self) -> None:
        """Give back what the counters hold open."""
        for counter in self.counters:
            counter.close()


def _sum(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else one + other


def _of_window(
    counter: EnergyCounter,
    readings: Sequence[EnergyReading],
    place: int,
    seconds: float,
) -> tuple[float | None, str | None]:
    """Return the joules of one counter in a window, or why they are not known."""
    if seconds < counter.least_s:
        return None, (
            f"{counter.name}: {seconds * 1000:.0f} ms is too short a window: it counts"
            f" on in steps, and {counter.least_s * 1000:.0f} ms are needed"
        )
    parts = []
    for before, after in pairwise(readings):
        apart = (after.at_ns - before.at_ns) / NS_PER_S
        found = used(counter, before.values[place], after.values[place], apart)
        if found[0] is None:
            return found
        parts.append(found[0])
    whole = math.fsum(parts)
    if not whole and seconds >= STILL_S:
        return None, f"{counter.name}: stands still"
    return whole, None


def used(
    counter: EnergyCounter, before: int | None, after: int | None, seconds: float
) -> tuple[float | None, str | None]:
    """Return the joules that a counter counted, or why they are not known.

    A counter that is lower than before has wrapped round, if it does that and if the
    power that this means is one that it may have; else it was set back, by a driver
    that was loaded anew or a machine that slept.

    Args:
        counter: whose readings they are.
        before: the first reading, in microjoules.
        after: the second one.
        seconds: between them.
    """
    if before is None or after is None:
        return None, f"{counter.name}: could not be read"
    most = MOST_WATTS if counter.most_w is None else counter.most_w * _BURST
    rise, end = after - before, counter.range_uj
    if end is not None:
        most = _USUAL_WATTS if counter.most_w is None else most
        if seconds * most * _UJ > end:
            return None, f"{counter.name}: may have wrapped round more than once"
        wrapped = rise + end
        # One step more than the time allows: a counter moves on in steps.
        room = (seconds + counter.least_s) * most * _UJ
        if rise < 0 and 0 <= wrapped <= room:
            return wrapped / _UJ, None
    if rise < 0:
        return None, f"{counter.name}: went backwards: it was set back"
    if rise > (seconds + counter.least_s) * max(most, MOST_WATTS) * _UJ:
        return None, f"{counter.name}: jumped by more than any power explains"
    return rise / _UJ, None
