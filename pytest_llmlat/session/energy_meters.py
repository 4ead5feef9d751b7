"""The energy meters of a session: opened once for each place, idle power beforehand."""

from __future__ import annotations

import logging
import os
from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_llmlat.machine.contention import Watch
from pytest_llmlat.machine.device_table import general
from pytest_llmlat.machine.energy_counters import (
    ENERGY_SOURCES,
    EnergyPlace,
    counted_once,
    find_counters,
)
from pytest_llmlat.machine.energy_meter import EnergyMeter
from pytest_llmlat.machine.sibling_workers import has_siblings
from pytest_llmlat.measure.cell_energy import KnownEnergy
from pytest_llmlat.measure.cell_warnings import cards
from pytest_llmlat.measure.managed_servers import is_elsewhere
from pytest_llmlat.values.energy import EnergyFacts, parse_energy
from pytest_llmlat.values.timing import NS_PER_S

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_llmlat.machine.energy_counters import EnergySource
    from pytest_llmlat.measure.cell_tools import LoadedModel
    from pytest_llmlat.values.clock import Clock
    from pytest_llmlat.values.energy import EnergyChoice
    from pytest_llmlat.values.settings import Settings, Spelled

_LOG = logging.getLogger(__name__)
_ELSEWHERE = "a server that is not ours: its energy is not known here"
_SHARED = "other workers of the run ran beside, and counters count them too"


def meters_of(settings: Settings, clock: Clock, spelled: Spelled) -> EnergyMeters:
    """Return the meters that were asked for; opens none yet.

    Raises:
        UsageError: what was asked for is not understood.
    """
    choice = parse_energy(settings.energy, where=spelled("energy"))
    return EnergyMeters(choice, clock, grid=settings.grid)


class EnergyMeters:
    """The meters of a session, by the places of its models."""

    def __init__(
        self,
        choice: EnergyChoice,
        clock: Clock,
        *,
        grid: float | None = None,
        sources: Mapping[str, EnergySource] = ENERGY_SOURCES,
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        """Look for nothing yet.

        Args:
            choice: what was asked for.
            clock: read at every reading, and waited on for idle power.
            grid: kilograms of carbon dioxide for each kilowatt-hour.
            sources: of counters.
            environ: hides cards, and tells of pytest-xdist.
        """
        self._choice, self._clock = choice, clock
        self._grid = grid
        self._sources, self._environ = sources, environ
        self._known: dict[tuple[str, tuple[int, ...]], KnownEnergy] = {}

    def of(self, model: LoadedModel) -> KnownEnergy | None:
        """Return the meter of a model's place; ``None`` where none was wanted.

        The first time for a place, idle power is measured, which takes as long as was
        asked for. The model is loaded by then and answers nothing.
        """
        if not self._choice.measured:
            return None
        backend = model.backend
        if is_elsewhere(backend):
            return KnownEnergy(meter=None, facts=EnergyFacts(reason=_ELSEWHERE))
        place = EnergyPlace(
            kind=general(model.device),
            cards=cards(dict(backend.facts).get("devices")),
            environ=self._environ,
        )
        key = place.kind, place.cards
        if key not in self._known:
            self._known[key] = self._opened(place, model.device)
        return self._known[key]

    def open(self, *models: LoadedModel) -> None:
        """Measure the idle power of all models' places, before any cell begins."""
        for model in models:
            self.of(model)

    def close(self) -> None:
        """Give back what the counters hold open."""
        for known in self._known.values():
            if known.meter is not None:
                known.meter.close()
        self._known.clear()

    def _opened(self, place: EnergyPlace, device: str) -> KnownEnergy:
        facts = EnergyFacts(tdp_w=self._choice.tdp_w, grid_kg_per_kwh=self._grid)
        if has_siblings(self._environ):
            return KnownEnergy(meter=None, facts=replace(facts, reason=_SHARED))
        found = find_counters(place, self._sources)
        once = counted_once(found.counters)
        for counter in found.counters:
            if counter not in once.counters:
                counter.close()
        if not once.counters:
            told = f"no counter: {found.sought or 'none is known for this machine'}"
            return KnownEnergy(meter=None, facts=replace(facts, reason=told))
        facts = replace(facts, left_out=(*found.left_out, *once.left_out))
        meter = EnergyMeter(once.counters, self._clock)
        if not self._choice.idle_s:
            return KnownEnergy(meter=meter, facts=facts)
        return self._with_idle(meter, facts, device)

    def _with_idle(
        self, meter: EnergyMeter, facts: EnergyFacts, device: str
    ) -> KnownEnergy:
        """Measure the power of a machine that answers nothing."""
        wanted_s = self._choice.idle_s
        _LOG.info("energy: measuring idle power for %.1f s", wanted_s)
        watch = Watch(device=device, remote=False)
        before = meter.read()
        self._clock.wait_until(self._clock.now_ns() + round(wanted_s * NS_PER_S))
        span = meter.between(before, meter.read())
        seen = watch.end()
        if span.joules is None:
            # A counter that does not count at rest will not count at work.
            meter.close()
            return KnownEnergy(meter=None, facts=replace(facts, reason=span.reason))
        if seen.contended is not None:
            told = f"idle power: not known, since {seen.contended}"
            facts = replace(facts, left_out=(*facts.left_out, told))
            return KnownEnergy(meter=meter, facts=facts)
        return KnownEnergy(
            meter=meter,
            facts=replace(
                facts, idle_w=span.joules / span.seconds, idle_s=span.seconds
            ),
        )
