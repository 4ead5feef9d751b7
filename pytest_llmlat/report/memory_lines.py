"""What memory a model takes, and on which cards it fits, as it was measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmlat.report.figures import placed, printable, size

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_llmlat.values.device_memory import DeviceMemory
    from pytest_llmlat.values.results import Scoreboard, Summary

CARDS_GB = (24, 48)
"""Memory of usual cards, as they are sold (GiB)."""
_USABLE = 0.92
"""Share of a card's memory that a model may take: the driver, the context of the
process and fragments of free memory keep the rest."""
_GIB = 1024**3


def memory_lines(board: Scoreboard) -> list[str]:
    """Say of each row what it takes, and which cards it fits on where that is known."""
    return [*_on_cards(board), *_steady(board)]


def _steady(board: Scoreboard) -> list[str]:
    """Say of each row what process, model and cache take, the most of its cells."""
    found: dict[tuple[str, str, str], list[Summary]] = {}
    for summary in board.summaries:
        cell = summary.cell
        place = (cell.model, cell.device, cell.scenario)
        found.setdefault(place, []).append(summary)
    lines = []
    for (model, device, scenario), cells in found.items():
        known = [c.steady_rss_bytes for c in cells if c.steady_rss_bytes is not None]
        parts = []
        if known:
            peak = max((c.peak_rss_bytes or 0 for c in cells), default=0) or None
            usual = size(max(known))
            parts.append(f"process {usual} between answers, {size(peak)} at its peak")
        parts += [_on_device(each) for each in _most(cells)]
        if parts:
            name = f"{model} on {placed(device, scenario)}"
            lines.append(f"memory: {printable(name)}: {'; '.join(parts)}")
    return lines


def _most(cells: Sequence[Summary]) -> Iterable[DeviceMemory]:
    """Return the memory of each device, of the cell whose peak there is highest."""
    found: dict[str, DeviceMemory] = {}
    for each in (memory for cell in cells for memory in cell.device_memory):
        own = found.setdefault(each.device, each)
        if (each.peak_bytes or 0) > (own.peak_bytes or 0):
            found[each.device] = each
    return found.values()


def _on_device(memory: DeviceMemory) -> str:
    told = [f"model {size(memory.model_bytes)}"]
    if memory.steady_bytes is not None:
        told.append(f"steady {size(memory.steady_bytes)}")
    if memory.answering_bytes is not None:
        told.append(f"cache and answering up to {size(memory.answering_bytes)} more")
    return f"{printable(memory.device)} {', '.join(told)}"


def _on_cards(board: Scoreboard) -> list[str]:
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
