"""Jobs: what is to be measured where, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_llmlat.spread.worker_pool import Launch, Seat


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """One way in which a job can be done on a node."""

    resources: frozenset[str]
    """What its worker has to itself, all its life."""
    launch: Launch
    """How that is started."""
    alone: frozenset[str] = frozenset()
    """What no other job uses meanwhile, beside the worker's own."""
    shared: frozenset[str] = frozenset()
    """What others may use meanwhile that want to share it too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A job, which has one result."""

    id: str
    """Name, for messages."""
    group: str
    """What must be loaded for it; a worker that has it goes on with its like."""
    order: bytes
    placements: Mapping[str, tuple[Placement, ...]]
    """By node, the best first; a node that is not there cannot do it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobOutcome:
    """What became of a job."""

    content: bytes | None
    """Its result; ``None`` where there is none."""
    why: str = ""
    """Reason why there is none."""
    seat: Seat | None = None
    """Where it was done; ``None`` where it was not begun."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpreadProgress:
    """How far the jobs are."""

    running: tuple[tuple[str, str], ...]
    """(job, node) of those under way."""
    pending: int
    """Number of jobs that wait."""
    left_s: float | None
    """Time until all have ended, by how long those took that have; ``None`` until one
    has."""
