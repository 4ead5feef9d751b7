"""Energy counters of AMD's cards, by the library ``amdsmi`` that comes with ROCm.

It is imported where a model runs on such a card. Some cards keep a count that stands
still, which is told when idle power is measured.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from pytest_llmlat.machine.energy_counters import EnergySource, FoundCounters

if TYPE_CHECKING:
    from pytest_llmlat.machine.energy_counters import EnergyPlace

LEAST_S = 0.1
_HIDING = ("HIP_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES")


@dataclass(frozen=True, slots=True, kw_only=True)
class AmdCounter:
    """The energy counter of one card."""

    name: str
    part: str
    library: Any
    handle: Any
    contains: frozenset[str] = frozenset()
    least_s: float = LEAST_S
    range_uj: int | None = None
    most_w: float | None = None

    def read_uj(self) -> int | None:
        """Return its value; ``None`` where the card does not tell."""
        try:
            told = self.library.amdsmi_get_energy_count(self.handle)
            # Older versions of the library call it power.
            count = told.get("energy_accumulator", told.get("power"))
            return round(float(count) * float(told["counter_resolution"]))
        # Whatever the library raises: it has errors of its own.
        except Exception:  # noqa: BLE001
            return None

    def close(self) -> None:
        """Do nothing: the library is the process's."""


def amd_counters(place: EnergyPlace) -> FoundCounters:
    """Return the counters of the cards of a model."""
    if place.kind != "rocm":
        return FoundCounters()
    try:
        library = import_module("amdsmi")
        library.amdsmi_init()
        handles = list(library.amdsmi_get_processor_handles())
        names = [str(library.amdsmi_get_gpu_device_bdf(each)) for each in handles]
    # A missing library, or whatever it raises without a driver.
    except Exception as error:  # noqa: BLE001
        told = f"amdsmi: {type(error).__name__}: {error!s:.100}"
        return FoundCounters(sought=told, refused=True)
    hidden = [name for name in _HIDING if name in place.environ]
    if hidden and len(handles) > 1:
        told = f"amdsmi: {hidden[0]} hides cards, and it is not known which is which"
        return FoundCounters(sought=told, refused=True)
    if place.cards and max(place.cards) < len(handles):
        handles = [handles[card] for card in place.cards]
        names = [names[card] for card in place.cards]
    counters = tuple(
        AmdCounter(name=f"amdsmi {bdf}", part=f"gpu {bdf}", library=library, handle=h)
        for bdf, h in zip(names, handles, strict=True)
    )
    return FoundCounters(
        counters=counters, sought=f"amdsmi: {', '.join(names) or 'no card'}"
    )


AMD = EnergySource(name="amd", find=amd_counters)
