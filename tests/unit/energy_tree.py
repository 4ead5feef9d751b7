"""A stand-in for Linux's powercap tree, whose true energy a test knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmlat.machine.energy_counters import EnergySource
from pytest_llmlat.machine.rapl import rapl_counters

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_llmlat.values.clock import Clock

RANGE_UJ = 262_143_328_850
"""Range of a counter of 32 bits in steps of 61 microjoules, as Intel's are."""


class PowercapTree:
    """A folder of zones, each of which uses so many watts of a clock's time."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        """Make the folder; it has no zone yet."""
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self._clock = folder, clock
        self._begin_ns = clock.now_ns()
        self._zones: dict[Path, tuple[float, int, int | None]] = {}

    def add(
        self,
        zone: str,
        name: str,
        *,
        watts: float = 0.0,
        start_uj: int = 0,
        range_uj: int | None = RANGE_UJ,
        most_w: float | None = None,
    ) -> Path:
        """Add a zone; returns its counter's file."""
        place = self.folder / zone
        place.mkdir()
        (place / "name").write_text(f"{name}\n", "ascii")
        if range_uj is not None:
            (place / "max_energy_range_uj").write_text(f"{range_uj}\n", "ascii")
        if most_w is not None:
            told = f"{round(most_w * 1e6)}\n"
            (place / "constraint_0_max_power_uw").write_text(told, "ascii")
        self._zones[place / "energy_uj"] = watts, start_uj, range_uj
        self.tick()
        return place / "energy_uj"

    def tick(self) -> None:
        """Let every counter stand where its zone has come by now."""
        passed_us = (self._clock.now_ns() - self._begin_ns) / 1e3
        for path, (watts, start, most) in self._zones.items():
            whole = start + round(passed_us * watts)
            # In place: an open file of it stays open, as the kernel's does.
            with path.open("r+" if path.exists() else "w", encoding="ascii") as file:
                file.write(f"{whole if most is None else whole % most:<24}\n")

    @property
    def source(self) -> EnergySource:
        """The tree as a source of counters."""
        return EnergySource(name="fake", find=lambda _: rapl_counters(self.folder))


class TickingClock:
    """A clock by hand that moves a tree's counters along with itself."""

    def __init__(self) -> None:
        """Start at 1 second."""
        self._now_ns = 1_000_000_000
        self.tree: PowercapTree | None = None
        self.calls: list[str] = []
        """What was asked of the clock, in order, with what tests add to it."""

    def now_ns(self) -> int:
        """Return the present instant."""
        self.calls.append("clock")
        return self._now_ns

    def wait_until(self, when_ns: int) -> None:
        """Move on, and the counters too."""
        self._now_ns = max(self._now_ns, when_ns)
        if self.tree is not None:
            self.tree.tick()
