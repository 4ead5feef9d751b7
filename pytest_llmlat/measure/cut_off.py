"""Cells that Ctrl-C cuts off: what disturbed them is told all the same."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator


class Measuring(Protocol):
    """The measurement of a cell while it goes on."""

    def cut_off(self) -> None:
        """Report how busy the machine was until the cell was cut off."""
        ...


@contextmanager
def told_if_cut_off(*cells: Measuring) -> Iterator[None]:
    """Report, at Ctrl-C inside a block, what disturbed each cell."""
    try:
        yield
    except KeyboardInterrupt:
        for cell in cells:
            cell.cut_off()
        raise
