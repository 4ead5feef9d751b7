"""A request to an OpenAI-compatible server that has ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_llmlat.backends.transport.client import EndedRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class SentRequest:
    """A request that has ended, beside what was sent for it."""

    outcome: EndedRequest
    body: dict[str, object]
    """With what the entry adds, and without what the server rejected."""
    again: bool
    """Whether the same prompt had been sent before."""

    @property
    def end_ns(self) -> int:
        """When it ended."""
        return self.outcome.end_ns

    @property
    def failed(self) -> bool:
        """Whether no whole answer came."""
        return self.outcome.failed

    @property
    def retries(self) -> int:
        """How often it was sent again."""
        return len(self.outcome.retried_for)
