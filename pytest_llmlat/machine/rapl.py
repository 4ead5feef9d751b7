"""Energy counters of processors and their memory: RAPL, as Linux's powercap tells it.

Each package has a counter, and where the processor has one its memory (DRAM), which is
not in that of the package; those of cores and graphics are. ``psys`` is the whole
platform where the firmware feeds it, and is left out: it contains the packages.
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_llmlat.machine.energy_counters import EnergySource, FoundCounters

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pytest_llmlat.machine.energy_counters import EnergyPlace

POWERCAP = Path("/sys/class/powercap")
LEAST_S = 0.01
"""Shortest window: the processor counts on every millisecond."""
_BYTES = 32
_PACKAGE, _DRAM, _SECOND_WAY = "package", "dram", "mmio"
_PLATFORM = "psys"
_REMEDY = "only root may read it by default"
_UW = 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class RaplCounter:
    """The open counter of one zone."""

    name: str
    part: str
    handle: int
    """File descriptor of ``energy_uj``; the kernel counts anew at each reading."""
    range_uj: int | None
    most_w: float | None
    contains: frozenset[str] = frozenset()
    least_s: float = LEAST_S

    def read_uj(self) -> int | None:
        """Return its value; ``None`` where it cannot be read."""
        try:
            return int(os.pread(self.handle, _BYTES, 0))
        except (OSError, ValueError):
            return None

    def close(self) -> None:
        """Close its file."""
        with suppress(OSError):
            os.close(self.handle)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Zone:
    folder: Path
    name: str
    part: str


def rapl_counters(folder: Path = POWERCAP) -> FoundCounters:
    """Return the counters of all packages and their memory.

    Args:
        folder: in which the kernel lists its zones.
    """
    if not folder.is_dir():
        return FoundCounters(sought=f"RAPL: there is no {folder}")
    zones = list(_zones(folder))
    if not zones:
        return FoundCounters(sought=f"RAPL: {folder} has no zone of a package")
    found: list[RaplCounter] = []
    for zone in zones:
        path = zone.folder / "energy_uj"
        try:
            handle = os.open(path, os.O_RDONLY)
        except OSError as error:
            for counter in found:
                counter.close()
            told = f"{error.strerror}: {_REMEDY}" if _denied(error) else error.strerror
            return FoundCounters(sought=f"RAPL: {path}: {told}", refused=True)
        found.append(
            RaplCounter(
                name=f"RAPL {zone.name}",
                part=zone.part,
                handle=handle,
                range_uj=_number(zone.folder / "max_energy_range_uj"),
                most_w=_most_watts(zone.folder),
            )
        )
    return FoundCounters(
        counters=tuple(found),
        sought=f"RAPL: {', '.join(zone.name for zone in zones)}",
        left_out=tuple(_left_out(folder, zones)),
    )


def _find(place: EnergyPlace) -> FoundCounters:  # noqa: ARG001 - every model needs it
    return rapl_counters()


RAPL = EnergySource(name="rapl", find=_find)


def _zones(folder: Path) -> Iterator[_Zone]:
    """Yield the zones to count; each package once, though it be listed in two ways."""
    seen: set[str] = set()
    for zone in _sorted(folder.glob("*:*")):
        name = _text(zone / "name")
        part = name
        if name == _DRAM:
            above = folder / zone.name.rpartition(":")[0]
            part = f"{_text(above / 'name')} {_DRAM}"
        elif not name.startswith(_PACKAGE):
            continue
        if part not in seen:
            seen.add(part)
            yield _Zone(folder=zone, name=part, part=f"cpu {part}")


def _left_out(folder: Path, counted: Iterable[_Zone]) -> Iterator[str]:
    """Yield the zones of a package again, and of the platform, with the reason."""
    folders = {zone.folder for zone in counted}
    for zone in _sorted(folder.glob("*:*")):
        name = _text(zone / "name")
        if zone in folders or not (zone / "energy_uj").exists():
            continue
        if name == _PLATFORM:
            yield f"RAPL {name}: it contains the packages"
        elif name.startswith(_PACKAGE):
            yield f"RAPL {name} ({zone.name}): it is listed in two ways"


def _sorted(zones: Iterable[Path]) -> list[Path]:
    """Return zones by their names, those of the second way last."""
    return sorted(zones, key=lambda zone: (_SECOND_WAY in zone.name, zone.name))


def _most_watts(zone: Path) -> float | None:
    """Return the highest power limit of a zone; ``None`` where none is told."""
    told = (
        _number(path)
        for kind in ("max_power", "power_limit")
        for path in zone.glob(f"constraint_*_{kind}_uw")
    )
    return max((each / _UW for each in told if each), default=None)


def _denied(error: OSError) -> bool:
    return isinstance(error, PermissionError)


def _number(path: Path) -> int | None:
    text = _text(path)
    return int(text) if text.isdecimal() and int(text) else None


def _text(path: Path) -> str:
    try:
        return path.read_text("ascii", "replace").strip()
    except OSError:
        return ""
