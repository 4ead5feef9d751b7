"""What money was counted by, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmlat.report.figures import printable

if TYPE_CHECKING:
    from pytest_llmlat.values.results import Scoreboard


def price_lines(board: Scoreboard) -> list[str]:
    """Say of each model with a price what it is, and where it comes from."""
    found = {s.cell.model: s.price for s in board.summaries if s.price is not None}
    return [
        f"price: {printable(model)}: {printable(price.told)}"
        for model, price in found.items()
    ]
