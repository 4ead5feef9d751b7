"""Energy of NVIDIA's cards, by a stand-in for the driver's library."""

from __future__ import annotations

from typing import TYPE_CHECKING
from unittest.mock import patch

import pytest

from pytest_llmlat.machine import nvidia
from pytest_llmlat.machine.energy_counters import (
    EnergyPlace,
    FoundCounters,
    counted_once,
)
from pytest_llmlat.machine.energy_meter import EnergyMeter
from pytest_llmlat.machine.nvidia_energy import nvidia_counters
from pytest_llmlat.values.clock import ManualClock
from tests.unit.nvml_driver import ENERGY, Driver

if TYPE_CHECKING:
    from collections.abc import Sequence

S = 1_000_000_000


def a_driver(*millijoules: int, **more: object) -> Driver:
    """Return a driver of cards that have used so much."""
    users: dict[int, list[int]] = {card: [] for card in range(len(millijoules))}
    return Driver(users=users, energy_mj=dict(enumerate(millijoules)), **more)  # type: ignore[arg-type]


def found_by(
    driver: Driver | None, cards: Sequence[int] = (), **environ: str
) -> FoundCounters:
    """Return the counters that are found through a driver."""
    place = EnergyPlace(kind="cuda", cards=tuple(cards), environ=environ)
    with patch.object(nvidia, "load_driver", lambda: (driver, "no NVIDIA driver")):
        return nvidia_counters(place)


def test_each_card_is_counted_apart_and_all_together() -> None:
    """The driver counts millijoules since it was loaded."""
    driver, clock = a_driver(1_000, 50_000), ManualClock(S)
    meter = EnergyMeter(found_by(driver).counters, clock)
    before = meter.read()
    clock.wait_until(3 * S)
    driver.energy_mj = {0: 401_000, 1: 53_456}
    span = meter.between(before, meter.read())

    assert span.each == pytest.approx((400.0, 3.456), rel=1e-9)
    assert span.joules == pytest.approx(403.456, rel=1e-9)


def test_only_the_cards_of_the_model_are_counted() -> None:
    """Another card works for somebody else."""
    found = found_by(a_driver(1, 2, 3), cards=[2])

    assert [each.read_uj() for each in found.counters] == [3000]


@pytest.mark.parametrize(
    ("visible", "expected"),
    [("1,0", [2000, 1000]), ("GPU-1", [2000]), ("GPU-2,GPU-0", [3000, 1000])],
)
def test_hidden_cards_are_not_counted(visible: str, expected: list[int]) -> None:
    """By number or by name."""
    found = found_by(a_driver(1, 2, 3), CUDA_VISIBLE_DEVICES=visible)

    assert [each.read_uj() for each in found.counters] == expected


def test_two_parts_of_one_card_are_one_counter() -> None:
    """A part (MIG) has no counter of its own."""
    found = found_by(a_driver(7), CUDA_VISIBLE_DEVICES="MIG-0/a,MIG-0/b")

    assert len(found.counters) == 2
    assert len(counted_once(found.counters).counters) == 1


@pytest.mark.parametrize("seconds", [0.001, 0.05, 0.0999])
def test_a_window_shorter_than_its_steps_is_refused(seconds: float) -> None:
    """Null with the reason: a step more or less would be most of it."""
    driver, clock = a_driver(1_000), ManualClock(S)
    meter = EnergyMeter(found_by(driver).counters, clock)
    before = meter.read()
    clock.wait_until(S + round(seconds * S))
    span = meter.between(before, meter.read())

    assert span.joules is None
    assert "too short a window" in str(span.reason)
    assert "100 ms are needed" in str(span.reason)


def test_a_driver_that_was_loaded_anew_tells_nothing() -> None:
    """Its counter begins at 0."""
    driver, clock = a_driver(9_000_000), ManualClock(S)
    meter = EnergyMeter(found_by(driver).counters, clock)
    before = meter.read()
    clock.wait_until(2 * S)
    driver.energy_mj = {0: 12}

    assert meter.between(before, meter.read()).joules is None


def test_a_counter_that_stands_still_tells_nothing() -> None:
    """No card that runs uses nothing for a second."""
    driver, clock = a_driver(5), ManualClock(S)
    meter = EnergyMeter(found_by(driver).counters, clock)
    before = meter.read()
    clock.wait_until(3 * S)
    span = meter.between(before, meter.read())

    assert (span.joules, span.reason) == (None, "NVML NVIDIA T4 0: stands still")


@pytest.mark.parametrize(
    ("driver", "told"),
    [
        (None, "no NVIDIA driver"),
        (a_driver(), "no card is visible"),
        (a_driver(1, fails="nvmlInit_v2"), "the driver does not answer"),
        (a_driver(1, 2, fails=ENERGY), "keeps no count of energy"),
        (a_driver(1, has=()), "keeps no count of energy"),
        (a_driver(1, fails="nvmlDeviceGetHandleByIndex_v2"), "cannot be opened"),
    ],
)
def test_a_model_on_a_card_that_is_not_counted_has_no_energy(
    driver: Driver | None, told: str
) -> None:
    """The processor alone would be too little: refused, with what was looked for."""
    found = found_by(driver)

    assert not found.counters
    assert found.refused
    assert told in found.sought


def test_cards_of_several_kinds_must_be_told_apart() -> None:
    """CUDA counts the fastest first, the driver by bus."""
    driver = a_driver(1, 2, names=("NVIDIA A6000", "NVIDIA T4"))

    unknown = found_by(driver, cards=[0])
    known = found_by(driver, cards=[0], CUDA_DEVICE_ORDER="PCI_BUS_ID")

    assert unknown.refused
    assert "PCI_BUS_ID" in unknown.sought
    assert [each.read_uj() for each in known.counters] == [1000]


def test_a_model_on_the_processor_asks_no_card() -> None:
    """Whatever cards there are."""
    with patch.object(nvidia, "load_driver", lambda: (a_driver(1), "")):
        found = nvidia_counters(EnergyPlace(kind="cpu", environ={}))

    assert found == FoundCounters()


def test_the_driver_stays_open_until_all_are_closed() -> None:
    """A reading opens nothing."""
    driver = a_driver(1, 2)
    found = found_by(driver)
    driver.asked.clear()
    for counter in found.counters:
        counter.read_uj()

    assert set(driver.asked) == {ENERGY}

    for counter in found.counters:
        counter.close()

    assert driver.asked.count("nvmlShutdown") == 2
