"""The energy counter of a Mac: ``zeus-apple-silicon``, else ``powermetrics``.

The package counts processor, graphics, memory and neural engine, without root.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from importlib import import_module
from typing import TYPE_CHECKING, Any

from pytest_llmlat.machine.energy_counters import EnergySource, FoundCounters
from pytest_llmlat.machine.powermetrics import powermetrics_counters

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmlat.machine.energy_counters import EnergyPlace

LEAST_S = 0.01
_PARTS = ("cpu_total_mj", "gpu_mj", "dram_mj", "ane_mj")
_UJ_PER_MJ = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class AppleCounter:
    """The counter of a whole chip."""

    monitor: Any
    name: str = "Apple silicon"
    part: str = "chip"
    contains: frozenset[str] = frozenset()
    least_s: float = LEAST_S
    range_uj: int | None = None
    most_w: float | None = None

    def read_uj(self) -> int | None:
        """Return its value; ``None`` where the chip does not tell."""
        try:
            told = self.monitor.get_cumulative_energy()
        # Whatever the library raises: it has errors of its own.
        except Exception:  # noqa: BLE001
            return None
        known = [getattr(told, part, None) for part in _PARTS]
        if known[0] is None:
            return None
        return sum(int(each) * _UJ_PER_MJ for each in known if each is not None)

    def close(self) -> None:
        """Do nothing: the library is the process's."""


def apple_counters(
    place: EnergyPlace,  # noqa: ARG001 - all of the chip works for any model
    platform: str = sys.platform,
    otherwise: Callable[[], FoundCounters] = powermetrics_counters,
) -> FoundCounters:
    """Return the counter of the chip, where this is one.

    Args:
        place: of the model.
        platform: as ``sys`` names it.
        otherwise: finds another counter where the package has none.
    """
    if platform != "darwin":
        return FoundCounters()
    try:
        monitor = import_module("zeus_apple_silicon").AppleEnergyMonitor()
    except ImportError:
        return _told(
            otherwise(),
            "Apple silicon: pip install zeus-apple-silicon reads its counter",
        )
    # Whatever the library raises, as on a processor of Intel's.
    except Exception as error:  # noqa: BLE001
        return _told(otherwise(), f"Apple silicon: {error!s:.100}")
    return FoundCounters(
        counters=(AppleCounter(monitor=monitor),), sought="Apple silicon: the chip"
    )


def _told(found: FoundCounters, first: str) -> FoundCounters:
    """Say before what was found what was looked for first."""
    return replace(found, sought=f"{first}; {found.sought}")


APPLE = EnergySource(name="apple", find=apple_counters)
