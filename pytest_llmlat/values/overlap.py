"""Spans of time that overlap."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection


def most_at_once(spans: Collection[tuple[int, int]]) -> int:
    """Return the largest number of spans that overlap at any instant."""
    # At the same instant one leaves before another comes.
    changes = sorted(
        [(start, 1) for start, _ in spans] + [(end, -1) for _, end in spans]
    )
    most = now = 0
    for _, change in changes:
        now += change
        most = max(most, now)
    return most
