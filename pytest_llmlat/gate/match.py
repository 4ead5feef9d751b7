"""The match of a measured cell with what it is compared with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_llmlat.values.cell_facts import CellFacts
    from pytest_llmlat.values.records import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A measured cell matched with what it is compared with."""

    facts: CellFacts
    records: tuple[Record, ...]
    against: str
    """Name of the baseline or of the model."""
    reference: tuple[Record, ...] | None
    """Reference; ``None`` where the baseline has no such cell."""
    only_quality: str | None = None
    """Reason why latencies are not comparable; ``None`` if they are."""
    same_answers: bool = False
    """Whether every answer is the same on both sides, letter for letter."""
    slower: float | None = None
    """Factor by which a yardstick took longer here than in the stored runs, whose times
    are multiplied by it; ``None`` where there is none."""
    runs: Mapping[str, Sequence[Record]] = field(default_factory=dict)
    """The reference by runs, where it was not measured in turn with the cell."""
    beside: CellFacts | None = None
    """Facts of the reference; ``None`` of stored runs, which do not keep them."""
    in_turn: bool = False
    """Whether both were measured in turn, in pairs of one sample."""
