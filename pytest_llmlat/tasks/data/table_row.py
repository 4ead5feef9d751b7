"""What a row is, wherever it comes from."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


def present(columns: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns of a row, in which a number that is none is a missing value.

    Libraries write NaN where a cell of a column of numbers is empty.
    """
    return {
        name: None if isinstance(value, float) and math.isnan(value) else value
        for name, value in columns.items()
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class TableRow:
    """One item as its source has it."""

    source: str
    """The file, or the set on the hub."""
    place: str
    """Where in it, as a person says it: ``line 3``."""
    index: int
    """How many rows come before it."""
    columns: Mapping[str, Any]

    @property
    def where(self) -> str:
        """The place for a complaint; ``FILE:3`` is what editors jump to."""
        kind, _, number = self.place.partition(" ")
        separator = ":" if kind == "line" else f", {kind} "
        return f"{self.source}{separator}{number}"
