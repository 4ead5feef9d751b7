"""Energy counters of NVIDIA's cards: the total of each since its driver was loaded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llmlat.machine.energy_counters import EnergySource, FoundCounters
from pytest_llmlat.machine.nvidia import open_cards

if TYPE_CHECKING:
    from pytest_llmlat.machine.energy_counters import EnergyPlace
    from pytest_llmlat.machine.nvidia import OpenCard

LEAST_S = 0.1
"""Shortest window: the driver adds to the total every 20 to 100 ms."""
_UJ_PER_MJ = 1000
_MOST_W = 1_500.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CardCounter:
    """The energy counter of one card."""

    name: str
    part: str
    card: OpenCard
    contains: frozenset[str] = frozenset()
    least_s: float = LEAST_S
    range_uj: int | None = None
    most_w: float | None = _MOST_W

    def read_uj(self) -> int | None:
        """Return its value; ``None`` where the card does not tell."""
        told = self.card.energy_mj()
        return None if told is None else told * _UJ_PER_MJ

    def close(self) -> None:
        """Let go of the driver."""
        self.card.close()


def nvidia_counters(place: EnergyPlace) -> FoundCounters:
    """Return the counters of the cards of a model.

    A part of a card (MIG) has no counter: it is the whole card's, once for all parts.
    Without the counter of a card there is none: the processor alone would be too
    little.
    """
    if place.kind != "cuda":
        return FoundCounters()
    opened = open_cards(place.environ, place.cards)
    if not opened or isinstance(opened, str):
        told = opened or "no card is visible"
        return FoundCounters(sought=f"NVML: {told}", refused=True)
    silent = [card.name for card in opened if card.energy_mj() is None]
    if silent:
        for card in opened:
            card.close()
        told = f"NVML: {', '.join(silent)} keeps no count of energy (before Volta?)"
        return FoundCounters(sought=told, refused=True)
    return FoundCounters(
        counters=tuple(
            CardCounter(name=f"NVML {card.name}", part=f"gpu {card.uuid}", card=card)
            for card in opened
        ),
        sought=f"NVML: {', '.join(card.name for card in opened)}",
    )


NVML = EnergySource(name="nvml", find=nvidia_counters)
