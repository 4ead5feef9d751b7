"""Cached prompts: which count as cold, and which cells may be compared by latency."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmlat.values.cache_figures import COLD, cached_parts

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_llmlat.values.entities import Scalar
    from pytest_llmlat.values.records import Record

_ALIKE = 0.01
"""Difference up to which two cached shares count as the same."""
_ALIKE_OF_TURNS = 0.05
"""The same bound for turns that continue a conversation, since the answers between them
may differ."""


def cached_share(records: Iterable[Record]) -> float | None:
    """Return the share of all answered prompts' tokens that a server had kept.

    ``None`` where it is not known of some answer: the others may be the cold ones.
    """
    prompt = cached = 0.0
    for record in records:
        parts = cached_parts(record)
        if parts is None:
            continue
        if parts.above is None or parts.below is None:
            return None
        prompt += parts.below
        cached += parts.above
    return cached / prompt if prompt else None


def cached_apart(ours: Sequence[Record], theirs: Sequence[Record]) -> str | None:
    """Say why latencies of two cells are not comparable, by what was cached.

    A share that is unknown is taken for that of cold prompts: of what makes it
    doubtful a cell warns itself. Turns that continue a conversation should find what
    was kept of it, and are compared apart.
    """
    for continues, alike in ((False, _ALIKE), (True, _ALIKE_OF_TURNS)):
        here, there = (
            cached_share(r for r in records if r.continues is continues)
            for records in (ours, theirs)
        )
        known = [share for share in (here, there) if share is not None]
        if not known or max(known) <= COLD:
            continue
        if len(known) < 2 or abs(known[0] - known[1]) > alike:  # noqa: PLR2004 - both sides
            return f"cached share: {_told(here)} here, {_told(there)} there"
    return None


def flattered(
    records: Iterable[Record], backend: Iterable[tuple[str, Scalar | None]]
) -> str | None:
    """Say why latencies flatter beside those of cold prompts, ``None`` if they do not.

    A warm cache that was asked for is no such reason, nor what is kept of a
    conversation for its own turns.

    Args:
        records: of the cell.
        backend: what its backend said of itself.
    """
    share = cached_share(record for record in records if not record.continues)
    if share is None or share <= COLD or dict(backend).get("cache") == "warm":
        return None
    return f"cached share {_told(share)}: these are not the latencies of cold prompts"


def _told(share: float | None) -> str:
    return "unknown" if share is None else f"{share:.1%}"
