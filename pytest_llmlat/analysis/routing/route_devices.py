"""Devices of a route: one of this machine, and servers beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmlat.machine.device_table import is_remote
from pytest_llmlat.values.errors import UnknownName, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_llmlat.values.cell_facts import CellFacts
    from pytest_llmlat.values.records import Record


def on_device(
    cells: list[tuple[CellFacts, list[Record]]], device: str | None
) -> list[tuple[CellFacts, list[Record]]]:
    """Keep the cells of one device, and those of servers beside them.

    Raises:
        UnknownName: it is none of theirs.
        UsageError: there are several devices of a machine, and none was named; or a
            model has two of them.
    """
    known = sorted({facts.cell.device for facts, _ in cells})
    here = [name for name in known if not is_remote(name)]
    if device is None and len(here) > 1:
        raise UsageError(
            f"route: models were measured on {', '.join(here)}, and a route runs"
            " on one device; name it with --device"
        )
    if device is not None and device not in known:
        remedy = "llmlat show RUN lists the devices of a run."
        raise UnknownName("device", device, known, where="--device", remedy=remedy)
    if device is not None:
        cells = [
            (facts, records)
            for facts, records in cells
            if facts.cell.device == device
            or (not is_remote(device) and is_remote(facts.cell.device))
        ]
    places: dict[str, str] = {}
    for facts, _ in cells:
        place = places.setdefault(facts.cell.model, facts.cell.device)
        if place != facts.cell.device:
            raise UsageError(
                f"route: {facts.cell.model!r} was measured on {place} and on"
                f" {facts.cell.device}, and is one model of a route: choose models"
                " with --model, or a device with --device"
            )
    return cells


def device_of(facts: Sequence[Mapping[str, CellFacts]]) -> str:
    """Return where a route would run: servers have a place of their own."""
    named = [next(iter(own.values())).cell.device for own in facts]
    return next((name for name in named if not is_remote(name)), named[0])
