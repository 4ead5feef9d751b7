"""Steadiness of a load: whether it can be kept up, and how much its answers tell.

Decided once, in ``analysis``; reports only word it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class WhyBehind(StrEnum):
    """Reason why a server does not keep up with what arrives."""

    GROWING = "growing"
    """Answers take longer and longer: more arrive than are answered."""
    FAILED = "failed"
    """Requests were turned away, or given up at the time limit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Steadiness:
    """Steadiness of a load over its whole length.

    In an open loop each second brings so many requests; where fewer are answered, every
    latency is of a queue that grows, and would be longer in a longer run.
    """

    keeps_up: bool | None
    """Whether as many are answered as arrive; ``None`` where the run is too short to
    tell, and where the question does not arise: in no other than an open loop."""
    behind: WhyBehind | None
    """Reason why it does not keep up; ``None`` where it may."""
    offered_per_s: float | None
    """Counting requests that arrived a second; of an open loop."""
    growth: float | None
    """Seconds by which answers become slower in each second; of an open loop. In a
    queue, 0.6 means that 1.6 times as much arrives as is answered."""
    growth_low: float | None
    growth_high: float | None
    """Upper end of its 95 % interval."""
    effective_requests: float | None
    """Number of independent requests that would tell as much of the speed, since those
    under way together wait for each other; ``None`` where that cannot be told, and of a
    queue that grows."""
    short_of: int | None
    """Number of requests from which on the speed has an interval; ``None`` where there
    were as many."""
    forgets_after: int | None = None
    """Number of requests after which a queue as busy as this one forgot its past often
    enough, where there were fewer: the interval of the speed may then be too narrow.
    ``None`` where there were as many, and in no other than an open loop."""
