"""Facts of the shards of an offline set that several workers answered together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmlat.values.node_facts import NodeFacts

_APART = 0.05
"""Share of the window by which shards may begin apart and count as one load: the
latencies of the later ones would be longer by so much if they counted from the first
begin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardFacts:
    """Facts of one shard: its requests were answered by one worker."""

    number: int
    """Its number, from 1."""
    among: int
    """How many shards the set has."""
    node: NodeFacts
    """The node that answered it, and the cards."""
    requests: int
    """Requests of it that ended."""
    window_s: float
    """Time from its begin to its last answer, by the clock of its worker."""
    begin_s: float | None
    """Its begin after that of the first shard, by the clock of the process that leads,
    which is told of it: late by what a message takes, 0.2 s at most. ``None`` of a
    shard that an earlier sitting measured."""
    anew: str | None = None
    """Why it was measured again, where its first worker was lost."""


def window_of(shards: Sequence[ShardFacts]) -> float:
    """Return the window of a set, in seconds: from its first begin to its last end.

    Where shards were measured in several sittings, the time of all of them together.
    """
    begins = [each.begin_s for each in shards if each.begin_s is not None]
    if len(begins) < len(shards):
        return sum(each.window_s for each in shards)
    return max(
        begin + each.window_s for begin, each in zip(begins, shards, strict=True)
    ) - min(begins)


def why_apart(shards: Sequence[ShardFacts]) -> str | None:
    """Return why shards are no one load, whose speed could be told; ``None`` if so."""
    begins = [each.begin_s for each in shards if each.begin_s is not None]
    if len(begins) < len(shards):
        return "its shards were measured in several sittings"
    if len({each.node.environment for each in shards}) > 1:
        return "its shards were measured on machines that differ"
    if not begins:
        return None
    skew, window = max(begins) - min(begins), window_of(shards)
    if skew <= _APART * window:
        return None
    return (
        f"its shards did not run side by side: one began {skew:.1f} s after another,"
        f" in {window:.1f} s"
    )
