"""The counter of a Mac: the package first, then macOS's own program."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from pytest_llmlat.machine.apple_energy import apple_counters
from pytest_llmlat.machine.energy_counters import EnergyPlace, FoundCounters

if TYPE_CHECKING:
    import pytest

HERE = EnergyPlace(kind="mps", environ={})


def never() -> FoundCounters:
    """Be no counter that may be looked for."""
    raise AssertionError("powermetrics was started beside the package")


def test_the_package_counts_all_parts_of_the_chip(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What a chip does not count is left out, and the program is not started."""
    told = SimpleNamespace(cpu_total_mj=7, gpu_mj=5, dram_mj=None, ane_mj=1)
    monitor = SimpleNamespace(get_cumulative_energy=lambda: told)
    module = SimpleNamespace(AppleEnergyMonitor=lambda: monitor)
    monkeypatch.setitem(sys.modules, "zeus_apple_silicon", module)
    (counter,) = apple_counters(HERE, "darwin", never).counters
    seen = counter.read_uj()
    told.cpu_total_mj = None

    assert seen == 13_000
    assert counter.read_uj() is None


def test_without_the_package_the_program_is_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What was looked for is told of both, whatever came of the second."""
    missing: Any = None
    monkeypatch.setitem(sys.modules, "zeus_apple_silicon", missing)
    found = apple_counters(
        HERE, "darwin", lambda: FoundCounters(sought="powermetrics: only root may")
    )

    assert found.sought == (
        "Apple silicon: pip install zeus-apple-silicon reads its counter;"
        " powermetrics: only root may"
    )
    assert apple_counters(HERE, "linux", never) == FoundCounters()


def test_a_chip_that_the_package_does_not_know_has_the_program(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As a Mac with a processor of Intel's."""

    def refuse() -> None:
        raise RuntimeError("no IOReport here")

    module = SimpleNamespace(AppleEnergyMonitor=refuse)
    monkeypatch.setitem(sys.modules, "zeus_apple_silicon", module)
    found = apple_counters(HERE, "darwin", lambda: FoundCounters(sought="found"))

    assert found.sought == "Apple silicon: no IOReport here; found"
