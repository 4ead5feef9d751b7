"""Facts of the node that a cell was measured on, where that was another process."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_llmlat.values.entities import Scalar


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeFacts:
    """Facts of the node of a cell."""

    name: str
    cards: tuple[str, ...] = ()
    """Cards that its worker had to itself, by their UUIDs."""
    numa: int | None = None
    """NUMA node that its cards' memory hangs on; ``None`` where that is not known, or
    where there is one only."""
    environment: tuple[tuple[str, Scalar | None], ...] = ()
    """Fingerprint of the node; empty where it is the machine of the run."""

    @property
    def told(self) -> str:
        """Sentence part: the node, and what of it."""
        cards = f", {', '.join(self.cards)}" if self.cards else ""
        numa = f", NUMA node {self.numa}" if self.numa is not None else ""
        return f"{self.name}{cards}{numa}"
