"""Whoever follows a run: shown its progress and each record, outside timed regions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pytest_llmlat.values.records import Cell, Record


class Listener(Protocol):
    """Follows a run while it is measured. What it raises ends the cell."""

    def on_begin(self, cell: Cell, planned: int) -> None:
        """Learn that a cell begins.

        Args:
            cell: the one that was asked for; one that is measured in turn with it
                does not begin apart.
            planned: how many of its records there are to be.
        """
        ...

    def on_record(self, record: Record) -> None:
        """Take note of one measured sample, which is on the disk already."""
        ...

    def on_end(self) -> None:
        """Learn that the cell has ended, be it whole or cut off."""
        ...


class Silent:
    """A listener that nobody hears: it does nothing."""

    def on_begin(self, cell: Cell, planned: int) -> None:
        """Do nothing."""

    def on_record(self, record: Record) -> None:
        """Do nothing."""

    def on_end(self) -> None:
        """Do nothing."""
