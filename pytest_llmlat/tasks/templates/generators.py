"""The table of item generators: kinds of ``source = "generated:KIND"``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from pytest_llmlat.tasks.templates.items import arithmetic_items, logic_items
from pytest_llmlat.tasks.templates.needles import NEEDLE_OPTIONS, needle_items
from pytest_llmlat.tasks.templates.orders import order_items
from pytest_llmlat.values.extensions import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pytest_llmlat.values.entities import Scalar
    from pytest_llmlat.values.entry_option import EntryOption


class DrawnItem(Protocol):
    """An item that was drawn."""

    @property
    def id(self) -> str:
        """Name of the item within one draw."""
        ...

    def row(self) -> Mapping[str, object]:
        """Give it as the row of a data file."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemGenerator:
    """A generator of one kind of items, by a seed."""

    draw: Callable[[int, int, Mapping[str, Scalar]], Sequence[DrawnItem]]
    """Returns items, from (seed, count, options); raises ``ValueError`` where it
    cannot."""
    count: int = 30
    """Number of items where nobody says one; 0 leaves that to the kind."""
    options: tuple[EntryOption, ...] = ()
    """Options that a task may set beside count and seed."""


def _check(_name: str, value: object) -> ItemGenerator:
    if not isinstance(value, ItemGenerator):
        raise TypeError(f"must be an ItemGenerator, not {type(value).__name__}")
    if not callable(value.draw):
        raise TypeError(f"its draw must be a function, not {value.draw!r:.80}")
    if type(value.count) is not int or value.count < 0:
        raise ValueError(f"its count must be a whole number, not {value.count!r:.80}")
    return value


ARITHMETIC = ItemGenerator(draw=lambda seed, count, _: arithmetic_items(seed, count))
LOGIC = ItemGenerator(draw=lambda seed, count, _: logic_items(seed, count))
ORDERS = ItemGenerator(draw=lambda seed, count, _: order_items(seed, count))
NEEDLES = ItemGenerator(draw=needle_items, count=0, options=NEEDLE_OPTIONS)

GENERATORS: Table[ItemGenerator] = Table("generators", "generator", _check)
"""The generators of items by name."""
