"""Stopping a cell early: pairs are measured until a result is clear."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmlat.values.records import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopping:
    """The stop of a cell whose result was looked at after each pair."""

    planned: int
    """Planned pairs, each of one sample or of samples that are alike."""
    used: int
    """Measured pairs."""
    why: str | None
    """Result at which measuring stopped; ``None`` where all pairs were measured."""

    @property
    def early(self) -> bool:
        """Whether it was stopped by its result, before all pairs were measured."""
        return self.why is not None

    @property
    def told(self) -> str:
        """The stop in words, for notes."""
        if self.why is None:
            return f"all {self.planned} pairs were measured"
        return f"stopped after {self.used} of {self.planned} pairs ({self.why})"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClearResult:
    """A result that more pairs would not change."""

    why: str
    """The result in words."""
    by_time: bool
    """Whether it rests on times, so that it is void where these were disturbed."""


class StoppingRule(Protocol):
    """A rule that follows the pairs of two cells and says when they are enough."""

    def after(
        self, candidate: Sequence[Record], reference: Sequence[Record]
    ) -> ClearResult | None:
        """Return the result that is clear; ``None`` where measuring is to go on.

        Args:
            candidate: all its answers to one more item, a sample or what is alike.
            reference: the answers of the other side to it.
        """
        ...
