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
    from collections.abc import Iterable, Mapping

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


class _Ways:
    """Ways in which a job can be done, in order."""

    def __init__(
        self,
        placements: Mapping[str, tuple[Placement, ...]],
        ways: tuple[tuple[Seat, Placement], ...],
    ) -> None:
        self.placements = placements
        """Kept, so that nothing else gets its identity."""
        self.all = ways
        self.of: dict[Seat, list[int]] = defaultdict(list)
        """Places of the ways that lead to a seat."""
        for place, (seat, _) in enumerate(ways):
            self.of[seat].append(place)


class Seating:
    """The seats that are occupied, and who may have one next."""

    def __init__(self, nodes: Iterable[Node]) -> None:
        """Begin with no seat occupied."""
        self._nodes = {node.name: node for node in nodes}
        self.seats: dict[Seat, Occupied] = {}
        self._kinds: dict[str, tuple[object, ...]] = {}
        self._known: dict[tuple[int, object], _Ways] = {}
        """Ways of jobs, by their placements and kind; anew when a node is lost."""

    @property
    def nodes(self) -> Mapping[str, Node]:
        """The nodes that are there."""
        return self._nodes

    def lose(self, node: str) -> None:
        """Take a node out; seats whose workers had a job are told to be lost apart."""
        self._nodes.pop(node, None)
        self._known.clear()
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
        idle: dict[str, list[Seat]] = defaultdict(list)
        for seat, has in self.seats.items():
            if has.job is not None:
                busy[seat.node].append((seat, has.placement))
            else:
                idle[has.group].append(seat)
        for job in firsts.values():
            ways = self._ways(job)
            for place in sorted(n for seat in idle[job.group] for n in ways.of[seat]):
                if _free(ways.all[place][1], busy[ways.all[place][0].node]):
                    return self._begin(job, *ways.all[place])
        full: set[int] = set()
        for job in firsts.values():
            ways = self._ways(job)
            for seat, placement in () if id(ways) in full else ways.all:
                if _free(placement, busy[seat.node]):
                    return self._begin(job, seat, placement)
            # Jobs of other groups find no more where they have the same ways.
            full.add(id(ways))
        return None

    def take(self, begin: Begin) -> None:
        """Occupy the seat of a job that begins."""
        node = self._nodes[begin.seat.node]
        self._kinds.setdefault(begin.job.group, node.kind)
        self.seats[begin.seat] = Occupied(
            group=begin.job.group, job=begin.job, placement=begin.placement
        )

    def _ways(self, job: Job) -> _Ways:
        """Return where a job can be done, what it was begun on first."""
        kind = self._kinds.get(job.group)
        key = id(job.placements), kind
        if key not in self._known:
            there = [name for name in job.placements if name in self._nodes]
            alike = [name for name in there if self._nodes[name].kind == kind]
            # Where none of that kind is left, another is better than none; it is told.
            self._known[key] = _Ways(
                job.placements,
                tuple(
                    (Seat(node=name, resources=placement.resources), placement)
                    for name in alike or there
                    for placement in job.placements[name]
                ),
            )
        return self._known[key]

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
