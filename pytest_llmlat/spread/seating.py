"""Seating: which job may begin now, and on which seat.

A job begins where nobody has what it needs to itself. A worker that has loaded what the
job needs comes first, since to load again costs minutes. Jobs of one group are kept on
nodes of one kind: a row of figures is of one kind of machine.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llmlat.spread.worker_pool import Seat

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pytest_llmlat.spread.jobs import Job, Placement
    from pytest_llmlat.spread.worker_pool import Node


@dataclass(slots=True, kw_only=True)
class Occupied:
    """A seat with its worker."""

    group: str
    """What the worker has loaded."""
    job: Job | None
    """What it does; ``None`` while it waits."""
    placement: Placement


@dataclass(frozen=True, slots=True, kw_only=True)
class Begin:
    """A job that may begin."""

    job: Job
    seat: Seat
    placement: Placement
    leave: tuple[Seat, ...]
    """Seats whose workers do nothing, and have what is needed: they end before."""


class Seating:
    """The seats that are occupied, and who may have one next."""

    def __init__(self, nodes: Iterable[Node]) -> None:
        """Begin with no seat occupied."""
        self._nodes = {node.name: node for node in nodes}
        self.seats: dict[Seat, Occupied] = {}
        self._kinds: dict[str, tuple[object, ...]] = {}

    @property
    def nodes(self) -> Mapping[str, Node]:
        """The nodes that are there."""
        return self._nodes

    def lose(self, node: str) -> None:
        """Take a node out; seats whose workers had a job are told to be lost apart."""
        self._nodes.pop(node, None)
        gone = [s for s, has in self.seats.items() if s.node == node and not has.job]
        for seat in gone:
            del self.seats[seat]

    def able(self, job: Job) -> bool:
        """Whether any node that is there can do a job."""
        return any(node in self._nodes for node in job.placements)

    def next_of(self, jobs: Iterable[Job]) -> Begin | None:
        """Return a job that may begin now; ``None`` while all have to wait.

        Args:
            jobs: that wait, in the order in which they were asked for.
        """
        # Of jobs that need the same, the first stands for all.
        firsts: dict[tuple[str, int], Job] = {}
        for job in jobs:
            firsts.setdefault((job.group, id(job.placements)), job)
        busy: dict[str, list[tuple[Seat, Placement]]] = defaultdict(list)
        for seat, has in self.seats.items():
            if has.job is not None:
                busy[seat.node].append((seat, has.placement))
        for loaded in (True, False):
            for job in firsts.values():
                for seat, placement in self._ways(job):
                    if loaded != self._has(seat, job):
                        continue
                    if _free(placement, busy[seat.node]):
                        return self._begin(job, seat, placement)
        return None

    def take(self, begin: Begin) -> None:
        """Occupy the seat of a job that begins."""
        node = self._nodes[begin.seat.node]
        self._kinds.setdefault(begin.job.group, node.kind)
        self.seats[begin.seat] = Occupied(
            group=begin.job.group, job=begin.job, placement=begin.placement
        )

    def _ways(self, job: Job) -> Iterator[tuple[Seat, Placement]]:
        """Yield where a job can be done, what it was begun on first."""
        kind = self._kinds.get(job.group)
        there = [name for name in job.placements if name in self._nodes]
        alike = [name for name in there if self._nodes[name].kind == kind]
        # Where none of that kind is left, another is better than none; it is told.
        for name in alike or there:
            for placement in job.placements[name]:
                yield Seat(node=name, resources=placement.resources), placement

    def _has(self, seat: Seat, job: Job) -> bool:
        has = self.seats.get(seat)
        return has is not None and has.group == job.group

    def _begin(self, job: Job, seat: Seat, placement: Placement) -> Begin:
        """Return a job that begins; who waits with what it needs has to leave."""
        leave = [
            other
            for other, has in self.seats.items()
            if other.node == seat.node
            and has.job is None
            and other != seat
            and other.resources & seat.resources
        ]
        return Begin(job=job, seat=seat, placement=placement, leave=tuple(leave))


def _free(placement: Placement, busy: Iterable[tuple[Seat, Placement]]) -> bool:
    """Whether nobody of those who do something on a node is in the way.

    Args:
        placement: of who wants to begin there.
        busy: who does something, and with what.
    """
    alone = placement.resources | placement.alone
    for other, has in busy:
        theirs = other.resources | has.alone
        if theirs & (alone | placement.shared) or has.shared & alone:
            return False
    return True
