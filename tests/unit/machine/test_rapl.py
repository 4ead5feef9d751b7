"""RAPL's counters, read from a tree like Linux's whose true energy is known."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmlat.machine.energy_meter import EnergyMeter
from pytest_llmlat.machine.rapl import rapl_counters
from tests.unit.energy_tree import RANGE_UJ, PowercapTree, TickingClock

if TYPE_CHECKING:
    from pathlib import Path

S = 1_000_000_000


@pytest.fixture
def clock() -> TickingClock:
    """A clock that moves the counters."""
    return TickingClock()


@pytest.fixture
def tree(tmp_path: Path, clock: TickingClock) -> PowercapTree:
    """A tree without zones."""
    clock.tree = PowercapTree(tmp_path / "powercap", clock)
    return clock.tree


def used_joules(
    tree: PowercapTree, clock: TickingClock, *steps_s: float
) -> tuple[float | None, str | None]:
    """Read at the start and after each step; return joules and the reason for none."""
    meter = EnergyMeter(rapl_counters(tree.folder).counters, clock)
    readings = [meter.read()]
    for step in steps_s:
        clock.wait_until(clock.now_ns() + round(step * S))
        readings.append(meter.read())
    span = meter.between(*readings)
    meter.close()
    return span.joules, span.reason


def test_packages_and_memory_are_counted_and_what_they_hold_is_not(
    tree: PowercapTree, clock: TickingClock
) -> None:
    """Cores and graphics are in the package, and psys holds the packages."""
    tree.add("intel-rapl:0", "package-0", watts=60.0)
    tree.add("intel-rapl:0:0", "core", watts=40.0)
    tree.add("intel-rapl:0:1", "uncore", watts=5.0)
    tree.add("intel-rapl:0:2", "dram", watts=4.0)
    tree.add("intel-rapl:1", "package-1", watts=50.0)
    tree.add("intel-rapl:1:0", "dram", watts=3.0)
    tree.add("intel-rapl:2", "psys", watts=130.0)
    found = rapl_counters(tree.folder)

    assert [each.name for each in found.counters] == [
        "RAPL package-0",
        "RAPL package-0 dram",
        "RAPL package-1",
        "RAPL package-1 dram",
    ]
    assert found.left_out == ("RAPL psys: it contains the packages",)
    assert used_joules(tree, clock, 10.0)[0] == pytest.approx(1170.0, rel=1e-6)


def test_a_package_that_is_listed_in_two_ways_is_counted_once(
    tree: PowercapTree, clock: TickingClock
) -> None:
    """The same counter stands below intel-rapl and intel-rapl-mmio."""
    tree.add("intel-rapl-mmio:0", "package-0", watts=20.0)
    tree.add("intel-rapl:0", "package-0", watts=20.0)
    told = "RAPL package-0 (intel-rapl-mmio:0): it is listed in two ways"

    assert rapl_counters(tree.folder).left_out == (told,)
    assert used_joules(tree, clock, 5.0)[0] == pytest.approx(100.0, rel=1e-6)


@given(
    watts=st.floats(0.5, 250.0),
    seconds=st.floats(0.05, 200.0),
    before_end=st.integers(0, 10**9),
)
def test_a_counter_that_wraps_round_is_true_to_a_thousandth(
    tmp_path_factory: pytest.TempPathFactory,
    watts: float,
    seconds: float,
    before_end: int,
) -> None:
    """Wherever in the window it begins at 0 again."""
    clock = TickingClock()
    clock.tree = tree = PowercapTree(tmp_path_factory.mktemp("powercap"), clock)
    start = RANGE_UJ - 1 - before_end
    tree.add("intel-rapl:0", "package-0", watts=watts, start_uj=start, most_w=300.0)

    joules, _ = used_joules(tree, clock, seconds)

    assert joules == pytest.approx(watts * seconds, rel=1e-3, abs=1e-5)


def test_a_counter_that_is_set_back_tells_nothing(
    tree: PowercapTree, clock: TickingClock
) -> None:
    """To have wrapped round it would have had to use more power than it may."""
    path = tree.add("intel-rapl:0", "package-0", watts=60.0, start_uj=10**11)
    meter = EnergyMeter(rapl_counters(tree.folder).counters, clock)
    before = meter.read()
    clock.wait_until(clock.now_ns() + 2 * S)
    path.write_text("1000\n", "ascii")
    span = meter.between(before, meter.read())
    meter.close()

    assert span.joules is None
    assert span.reason == "RAPL package-0: went backwards: it was set back"


def test_a_window_in_which_it_may_wrap_twice_is_refused_and_its_parts_are_not(
    tree: PowercapTree, clock: TickingClock
) -> None:
    """Readings in between make a long window sure."""
    tree.add("intel-rapl:0", "package-0", watts=200.0, most_w=250.0)

    refused = used_joules(tree, clock, 3000.0)
    sure = used_joules(tree, clock, *[300.0] * 10)

    assert refused == (None, "RAPL package-0: may have wrapped round more than once")
    assert sure[0] == pytest.approx(600_000.0, rel=1e-6)


@pytest.mark.parametrize("what", ["file", "number"])
def test_a_counter_that_goes_away_tells_nothing(
    tree: PowercapTree, clock: TickingClock, what: str
) -> None:
    """A missing value is no 0."""
    path = tree.add("intel-rapl:0", "package-0", watts=60.0)
    meter = EnergyMeter(rapl_counters(tree.folder).counters, clock)
    before = meter.read()
    path.write_text("" if what == "file" else "12a\n", "ascii")
    clock.wait_until(clock.now_ns())
    path.write_text("" if what == "file" else "12a\n", "ascii")
    span = meter.between(before, meter.read())
    meter.close()

    assert span.joules is None


def test_a_counter_without_its_range_is_never_believed_to_have_wrapped(
    tree: PowercapTree, clock: TickingClock
) -> None:
    """Where it ends is not known."""
    path = tree.add("intel-rapl:0", "package-0", start_uj=RANGE_UJ - 5, range_uj=None)
    meter = EnergyMeter(rapl_counters(tree.folder).counters, clock)
    before = meter.read()
    clock.wait_until(clock.now_ns() + S)
    path.write_text("5000000\n", "ascii")
    span = meter.between(before, meter.read())
    meter.close()

    assert span.joules is None


def test_no_tree_is_told(tmp_path: Path) -> None:
    """In a container or on another system."""
    found = rapl_counters(tmp_path / "none")

    assert not found.counters
    assert not found.refused
    assert str(tmp_path / "none") in found.sought


def test_an_empty_tree_is_told(tmp_path: Path) -> None:
    """As on a virtual machine."""
    assert "no zone" in rapl_counters(tmp_path).sought


def test_a_counter_that_may_not_be_read_leaves_no_other(
    tree: PowercapTree, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sum without it would be too small; what is needed is told."""
    tree.add("intel-rapl:0", "package-0", watts=60.0)
    locked = tree.add("intel-rapl:1", "package-1", watts=60.0)
    real = os.open

    def refuse(path: Path, flags: int) -> int:
        if path == locked:
            raise PermissionError(13, "Permission denied")
        return real(path, flags)

    monkeypatch.setattr(os, "open", refuse)
    found = rapl_counters(tree.folder)

    assert found.counters == ()
    assert found.refused
    assert "only root may read it" in found.sought
    assert str(locked) in found.sought
