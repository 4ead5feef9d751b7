"""Requests that follow each other: the next is sent when the one before has ended.

A plain load is made of chains of one request each. The turns of a conversation are a
chain: what a turn asks holds the answers to those before it.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_llmlat.values.records import Request

ChainStanding: TypeAlias = Literal["counted", "before", "after"]
"""Standing of a chain: whether it counts, or goes before or after those that do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainStep:
    """A step: one request of a chain."""

    request: Request
    place: int | None
    """Place among all requests that count; ``None`` for one that does not."""
    read: bool = False
    """Whether its answer is read at once, since the next step holds it."""


Chain: TypeAlias = Generator[ChainStep, str | None, None]
"""A generator of steps; it is sent the text of each answer, ``None`` for one that
failed or was not to be read."""


def one_request(request: Request, place: int | None) -> Chain:
    """Return a chain of one request."""
    yield ChainStep(request=request, place=place)


def step_after(chain: Chain, text: str | None) -> ChainStep | None:
    """Return the step after an answer, ``None`` at the end of the chain."""
    try:
        return chain.send(text)
    except StopIteration:
        return None


class ChainSource:
    """A source of chains in order: those that count, and others before and after."""

    def __init__(self, counted: Iterator[Chain], uncounted: Iterator[Chain]) -> None:
        """Begin with none handed out.

        Args:
            counted: those that count.
            uncounted: what goes before and after, without end.
        """
        self._counted, self._uncounted = counted, uncounted
        self._following = next(counted, None)
        self.given = {"before": 0, "counted": 0, "after": 0}
        """Number of chains that were handed out."""

    @property
    def exhausted(self) -> bool:
        """Whether all chains that count were handed out."""
        return self._following is None

    def take(self, *, may_count: bool) -> tuple[Chain, ChainStanding]:
        """Return the next chain: one that counts, if it may and some are left."""
        standing: ChainStanding = "before"
        if may_count:
            standing = "after" if self._following is None else "counted"
        if standing == "counted" and self._following is not None:
            chain, self._following = self._following, next(self._counted, None)
        else:
            chain = next(self._uncounted)
        self.given[standing] += 1
        return chain, standing
