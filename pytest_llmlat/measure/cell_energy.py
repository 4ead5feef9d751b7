"""The energy of a cell, read before and after what is timed and never within it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_llmlat.machine.energy_meter import (
        EnergyMeter,
        EnergyReading,
        EnergySpan,
    )
    from pytest_llmlat.values.energy import EnergyFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownEnergy:
    """The meter of a model's place, and what is known before the first request."""

    meter: EnergyMeter | None
    """Meter of all its counters; ``None`` where there is none."""
    facts: EnergyFacts


class EnergyWindow:
    """A window of energy: one reading before something, and one after it.

    Of several loads of a cell each has a window, and their sum is the cell's.
    """

    def __init__(self, meter: EnergyMeter | None) -> None:
        """Begin with no window."""
        self._meter = meter
        self._before: EnergyReading | None = None
        self._last: EnergySpan | None = None
        self._kept: EnergySpan | None = None

    def open(self) -> None:
        """Read the counters now; a window that was open is forgotten."""
        self._last = None
        self._before = None if self._meter is None else self._meter.read()

    def close(self) -> None:
        """Read the counters again; the window ends here."""
        if self._meter is not None and self._before is not None:
            self._last = self._meter.between(self._before, self._meter.read())

    def keep(self) -> None:
        """Count the window that was closed last together with those to come."""
        self._kept, self._last = self.span, None

    @property
    def span(self) -> EnergySpan | None:
        """Energy of the window that was closed last, and of those that were kept."""
        if self._kept is None or self._last is None:
            return self._last or self._kept
        return self._kept.and_then(self._last)


NO_ENERGY = EnergyWindow(None)
"""A window of no meter."""


class CellEnergy:
    """The energy of one cell while it is measured."""

    def __init__(self, known: KnownEnergy | None, *, whole: bool) -> None:
        """Read nothing yet.

        Args:
            known: the meter; ``None`` where nothing is measured.
            whole: all requests between the first and the last are the cell's, and all
                of its requests are among them.
        """
        self._known = known
        self._meter = None if known is None else known.meter
        self._whole = whole
        self._readings: list[EnergyReading] = []
        self.window = EnergyWindow(self._meter)
        """Window of a load."""

    def begin(self) -> None:
        """Read the counters before a request."""
        if self._meter is not None:
            self._readings.append(self._meter.read())

    def end(self) -> EnergySpan | None:
        """Return the energy since the last :meth:`begin`, after a request."""
        if self._meter is None:
            return None
        self._readings.append(self._meter.read())
        return self._meter.between(*self._readings[-2:])

    @property
    def facts(self) -> EnergyFacts | None:
        """The energy of the cell so far."""
        if self._known is None or self._meter is None:
            return None if self._known is None else self._known.facts
        span = self.window.span
        if span is None and self._whole and self._readings:
            span = self._meter.between(*self._readings)
        if span is None:
            return self._known.facts
        names = (counter.name for counter in self._meter.counters)
        return replace(
            self._known.facts,
            counters=tuple(zip(names, span.each, strict=True)),
            joules=span.joules,
            seconds=span.seconds,
            reason=span.reason,
        )
