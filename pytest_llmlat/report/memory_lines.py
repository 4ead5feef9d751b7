"""On which cards a model fits, by the memory that it was measured to take."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmlat.report.figures import placed, printable, size

if TYPE_CHECKING:
    from pytest_llmlat.values.results import Scoreboard

CARDS_GB = (24, 48)
"""Memory of usual cards, as they are sold (GiB)."""
_USABLE = 0.92
"""Share of a card's memory that a model may take: the driver, the context of the
process and fragments of free memory keep the rest."""
_GIB = 1024**3


def memory_lines(board: Scoreboard) -> list[str]:
    """Say of each row whose device memory was measured which cards it fits on."""
    return [
        f"memory: {printable(f'{row.model} on {placed(row.device, row.scenario)}')}"
        f" took up to {size(row.peak_device_bytes)} of its device (measured):"
        f" {_cards(row.peak_device_bytes)}"
        for row in board.standings
        if row.peak_device_bytes is not None
    ]


def _cards(peak: int) -> str:
    fitting = [card for card in CARDS_GB if peak <= card * _GIB * _USABLE]
    if not fitting:
        return f"does not fit on a {CARDS_GB[-1]} GB card"
    if fitting[0] == CARDS_GB[0]:
        return f"fits on a {fitting[0]} GB card"
    return f"fits on a {fitting[0]} GB card, not on a {CARDS_GB[0]} GB card"
