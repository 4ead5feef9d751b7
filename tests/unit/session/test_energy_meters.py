"""The meters of a session: what is opened, idle power, and what is told instead."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.backends.scripted import Scripted
from pytest_llmlat.machine.energy_counters import EnergySource, FoundCounters
from pytest_llmlat.measure.cell_tools import LoadedModel
from pytest_llmlat.session.energy_meters import EnergyMeters
from pytest_llmlat.values.energy import EnergyChoice
from tests.unit.builders import a_deployment
from tests.unit.energy_tree import PowercapTree, TickingClock

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


class Place:
    """A machine with a package of 40 W."""

    def __init__(self, tmp_path: Path) -> None:
        """Make its tree."""
        self.clock = TickingClock()
        self.clock.tree = self.tree = PowercapTree(tmp_path / "powercap", self.clock)
        self.tree.add("intel-rapl:0", "package-0", watts=40.0)

    def meters(
        self,
        choice: EnergyChoice | None = None,
        *,
        sources: Mapping[str, EnergySource] | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> EnergyMeters:
        """Return the meters of a session on it."""
        return EnergyMeters(
            choice or EnergyChoice(),
            self.clock,
            sources={"fake": self.tree.source} if sources is None else sources,
            environ=environ or {},
        )

    def model(self) -> LoadedModel:
        """Return a model of this process."""
        backend = Scripted({}, clock=self.clock)
        return LoadedModel(deployment=a_deployment(), backend=backend, load_s=1.0)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A machine with one counter."""
    return Place(tmp_path)


def test_idle_power_is_measured_once_and_before(place: Place) -> None:
    """For ten seconds, whatever number of cells there are."""
    meters = place.meters()
    known = meters.of(place.model())
    first = place.clock.now_ns()
    again = meters.of(place.model())
    meters.close()

    assert known is not None
    assert known.facts.idle_w == pytest.approx(40.0, rel=1e-3)
    assert known.facts.idle_s == pytest.approx(10.0)
    assert again is known
    assert place.clock.now_ns() == first


def test_idle_power_can_be_skipped(place: Place) -> None:
    """Then there is no net."""
    meters = place.meters(EnergyChoice(idle_s=0.0))
    before = place.clock.now_ns()
    known = meters.of(place.model())
    meters.close()

    assert known is not None
    assert known.meter is not None
    assert known.facts.idle_w is None
    assert place.clock.now_ns() == before


def test_energy_that_is_not_wanted_is_not_looked_for(place: Place) -> None:
    """No fact is told of it either."""
    assert place.meters(EnergyChoice(measured=False)).of(place.model()) is None


def test_without_a_counter_it_is_told_what_was_looked_for(place: Place) -> None:
    """Null, and one line."""
    none = EnergySource(name="x", find=lambda _: FoundCounters(sought="X: none here"))
    known = place.meters(sources={"x": none}).of(place.model())

    assert known is not None
    assert known.meter is None
    assert known.facts.reason == "no counter: X: none here"


def test_an_estimate_is_there_without_a_counter(place: Place) -> None:
    """It needs none, and is asked for."""
    known = place.meters(EnergyChoice(tdp_w=65.0), sources={}).of(place.model())

    assert known is not None
    assert known.facts.tdp_w == 65.0


def test_other_workers_make_it_unknown(place: Place) -> None:
    """The counters are the machine's."""
    known = place.meters(environ={"PYTEST_XDIST_WORKER_COUNT": "2"}).of(place.model())

    assert known is not None
    assert known.meter is None
    assert "other workers" in str(known.facts.reason)


def test_a_counter_that_stands_still_is_no_counter(place: Place) -> None:
    """It is found out while idle power is measured."""
    place.tree.add("intel-rapl:1", "package-1", watts=0.0)
    known = place.meters().of(place.model())

    assert known is not None
    assert known.meter is None
    assert known.facts.reason == "RAPL package-1: stands still"
