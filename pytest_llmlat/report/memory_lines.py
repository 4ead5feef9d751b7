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
    return [*_on_cards(board), *_counted_by_library(board), *_steady(board)]


def _steady(board: Scoreboard) -> list[str]:
    """Say of each row what process, model and cache take, the most of its cells."""
    lines = []
    for name, cells in _rows(board).items():
        known = [c.steady_rss_bytes for c in cells if c.steady_rss_bytes is not None]
        parts = []
        if known:
            peak = max((c.peak_rss_bytes or 0 for c in cells), default=0) or None
            usual = size(max(known))
            parts.append(f"process {usual} between answers, {size(peak)} at its peak")
        parts += [_on_device(each) for each in _most(cells)]
        if parts:
            lines.append(f"memory: {name}: {'; '.join(parts)}")
    return lines


def _rows(board: Scoreboard) -> dict[str, list[Summary]]:
    """Return the cells of each model on its device, by what they are called."""
    found: dict[str, list[Summary]] = {}
    for summary in board.summaries:
        cell = summary.cell
        name = printable(f"{cell.model} on {placed(cell.device, cell.scenario)}")
        found.setdefault(name, []).append(summary)
    return found


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
    if memory.cache_bytes is not None:
        told.append(f"cache of the whole context {size(memory.cache_bytes)}")
    if memory.steady_bytes is not None:
        told.append(f"steady {size(memory.steady_bytes)}")
    if memory.answering_bytes is not None:
        told.append(f"cache and answering up to {size(memory.answering_bytes)} more")
    if memory.reusable_bytes:
        told.append(f"freed and kept {size(memory.reusable_bytes)}")
    return f"{printable(memory.device)} {', '.join(told)}"


def _on_cards(board: Scoreboard) -> list[str]:
    return [
        f"memory: {printable(f'{row.model} on {placed(row.device, row.scenario)}')}"
        f" took up to {size(row.peak_device_bytes)} of its device (measured):"
        f" {_cards(row.peak_device_bytes)}"
        for row in board.standings
        if row.peak_device_bytes is not None
    ]


def _counted_by_library(board: Scoreboard) -> list[str]:
    """Say which cards all of a model would fit on where no device was measured.

    Silent where the library tells the weights alone: cache and room to compute are
    not known then.
    """
    lines = []
    for name, cells in _rows(board).items():
        if any(cell.peak_device_bytes is not None for cell in cells):
            continue
        told = [
            max(each.peak_bytes or 0, each.steady_bytes or 0) for each in _most(cells)
        ]
        if told and all(told):
            lines.append(
                f"memory: {name} takes {size(sum(told))} for model, cache and computing"
                " by its library's count (a card's own scratch memory is not in it):"
                f" all of it {_cards(sum(told))}"
            )
    return lines


def _cards(peak: int) -> str:
    fitting = [card for card in CARDS_GB if peak <= card * _GIB * _USABLE]
    if not fitting:
        return f"does not fit on a {CARDS_GB[-1]} GB card"
    if fitting[0] == CARDS_GB[0]:
        return f"fits on a {fitting[0]} GB card"
    return f"fits on a {fitting[0]} GB card, not on a {CARDS_GB[0]} GB card"
