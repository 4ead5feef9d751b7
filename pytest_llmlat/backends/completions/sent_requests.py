"""A request to an OpenAI-compatible server that has ended."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmlat.backends.transport.client import EndedRequest
    from pytest_llmlat.values.confidential import ConfidentialTable


_CHOICE = re.compile(rb'"choices"\s*:\s*\[\s*\{')


@dataclass(slots=True, kw_only=True)
class SentRequest:
    """A request that has ended, beside what was sent for it."""

    outcome: EndedRequest
    body: ConfidentialTable
    """With what the entry adds, and without what the server rejected."""
    again: bool
    """Whether the same prompt had been sent before."""
    number: int = 0
    """Which request to this server it is, from 1."""
    earlier: tuple[EndedRequest, ...] = ()
    """Where continuations are ranked, the requests about those before the last."""

    @property
    def end_ns(self) -> int:
        """When it ended."""
        return self.outcome.end_ns

    @property
    def failed(self) -> bool:
        """Whether no whole answer came.

        An overloaded server may turn requests away with an error that it calls a
        success: to count these as answers would make it look the faster, the more it
        turns away.
        """
        return self.outcome.failed or not _answers(self.outcome)

    @property
    def retries(self) -> int:
        """How often it was sent again."""
        return sum(len(each.retried_for) for each in (*self.earlier, self.outcome))


def _answers(outcome: EndedRequest) -> bool:
    """Whether there is a choice in what came; asked while others are under way."""
    if _CHOICE.search(outcome.last.data):
        return True
    # In small chunks, or packed, it may be there all the same.
    return bool(_CHOICE.search(outcome.last.response().body))


def sent_headers(headers: Sequence[str]) -> str | None:
    """Return what to do where the entry's own headers did not let us in."""
    told = ", ".join(headers)
    return (
        f"no key, but the headers {told} were sent; are they right?" if told else None
    )
