"""Rows of a table, wherever they come from."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


def present(columns: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns of a row, NaN as missing values.

    Libraries write NaN where a cell of a column of numbers is empty.
    """
    return {
        name: None if isinstance(value, float) and math.isnan(value) else value
        for name, value in columns.items()
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class TableRow:
    """A row: one item as its source has it."""

    source: str
    """The file, or the set on the hub."""
    place: str
    """Place within the source, as a person says it: ``line 3``."""
    index: int
    """Number of rows before it."""
    columns: Mapping[str, Any]

    @property
    def where(self) -> str:
        """Place for a complaint; ``FILE:3`` is what editors jump to."""
        kind, _, number = self.place.partition(" ")
        separator = ":" if kind == "line" else f", {kind} "
        return f"{self.source}{separator}{number}"
