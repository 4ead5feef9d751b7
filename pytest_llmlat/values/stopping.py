"""Measuring in pairs until a result is clear, and what is kept of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmlat.values.records import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopping:
    """How far a cell got whose result was looked at after each pair."""

    planned: int
    """Pairs, each of one sample or of what is alike with others, that there were to
    be."""
    used: int
    """Pairs that were measured."""
    why: str | None
    """The result that measuring stopped at; ``None`` where all pairs were measured."""

    @property
    def early(self) -> bool:
        """Whether it was stopped by its result, before its end."""
        return self.why is not None

    @property
    def told(self) -> str:
        """In words, for notes."""
        if self.why is None:
            return f"all {self.planned} pairs were measured"
        return f"stopped after {self.used} of {self.planned} pairs ({self.why})"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClearResult:
    """A result that more pairs would not change."""

    why: str
    """In words."""
    by_time: bool
    """It rests on times, so that it is none where these were disturbed."""


class StoppingRule(Protocol):
    """Follows the pairs of two cells and says when they are enough."""

    def after(
        self, candidate: Sequence[Record], reference: Sequence[Record]
    ) -> ClearResult | None:
        """Return the result that is clear; ``None`` where measuring is to go on.

        Args:
            candidate: all its answers to one more item, a sample or what is alike.
            reference: the answers of the other side to it.
        """
        ...
