"""Cells that Ctrl-C or a spent budget cuts off, told of all the same.

What disturbed them until then, and what energy they used, is known.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from pytest_llmlat.values.errors import BudgetSpent

if TYPE_CHECKING:
    from collections.abc import Iterator


class Measuring(Protocol):
    """The measurement of a cell while it goes on."""

    def cut_off(self) -> None:
        """Report how busy the machine was, and its energy, until it was cut off."""
        ...


@contextmanager
def told_if_cut_off(*cells: Measuring) -> Iterator[None]:
    """Report, at Ctrl-C or a spent budget in a block, what is known of each cell."""
    try:
        yield
    except (KeyboardInterrupt, BudgetSpent):
        for cell in cells:
            cell.cut_off()
        raise
