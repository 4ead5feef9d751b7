"""What ``source = "generated:KIND"`` of a task may name."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

from pytest_llmlat.tasks.templates.items import arithmetic_items, logic_items
from pytest_llmlat.tasks.templates.needles import NEEDLE_OPTIONS, needle_items
from pytest_llmlat.tasks.templates.orders import order_items

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pytest_llmlat.values.entities import Scalar
    from pytest_llmlat.values.task_option import TaskOption


class DrawnItem(Protocol):
    """One item that was drawn."""

    @property
    def id(self) -> str:
        """Its name among the items of one draw."""
        ...

    def row(self) -> Mapping[str, object]:
        """Give it as the row of a data file."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemGenerator:
    """One kind of items, by a seed."""

    draw: Callable[[int, int, Mapping[str, Scalar]], Sequence[DrawnItem]]
    """(seed, count, options) to items; raises ``ValueError`` where that cannot be."""
    count: int = 30
    """How many are drawn where nobody says; 0 leaves that to the kind."""
    options: tuple[TaskOption, ...] = ()
    """What a task may set beside count and seed."""


GENERATORS: Mapping[str, ItemGenerator] = MappingProxyType(
    {
        "arithmetic": ItemGenerator(draw=lambda s, n, _: arithmetic_items(s, n)),
        "logic": ItemGenerator(draw=lambda s, n, _: logic_items(s, n)),
        "orders": ItemGenerator(draw=lambda s, n, _: order_items(s, n)),
        "needles": ItemGenerator(draw=needle_items, count=0, options=NEEDLE_OPTIONS),
    }
)
