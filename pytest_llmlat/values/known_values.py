"""Values of which some may be missing."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable

N = TypeVar("N", int, float)


def most_known(values: Iterable[N | None]) -> N | None:
    """Return the largest of those that are known; ``None`` if none is."""
    return max((value for value in values if value is not None), default=None)
