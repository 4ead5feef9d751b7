"""Pools of workers: nodes, what they have, and what their workers tell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_llmlat.machine.devices import Inventory
    from pytest_llmlat.values.entities import Scalar

ReportKind: TypeAlias = Literal["told", "ended", "failed", "lost"]
"""Kind of a report: ``told`` while a job runs, ``ended`` with its result, ``failed``
with what its worker raised and does not know, ``lost`` with its worker."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """An NVIDIA card of a node."""

    label: str
    """Name in ``CUDA_VISIBLE_DEVICES``."""
    name: str
    """Name of its kind, such as ``NVIDIA RTX A6000``."""
    id: str
    """UUID, or another name that no other card of the node has."""
    numa: int | None = None
    """NUMA node whose memory it hangs on; ``None`` where that is not known, or where
    there is one only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A machine, or a part of one, on which workers can be started."""

    name: str
    inventory: Inventory
    cards: tuple[Card, ...]
    environment: tuple[tuple[str, Scalar | None], ...]
    """Fingerprint: what must agree before latencies are compared."""
    shares_folder: bool
    """Whether its workers write into the folder of the run themselves."""
    own: bool = False
    """Whether it is the machine of this process."""

    @property
    def kind(self) -> tuple[tuple[str, Scalar | None], ...]:
        """Conditions of a measurement: nodes of one kind are equal in these."""
        return self.environment


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """A place for one worker: a node, and what of it the worker has to itself."""

    node: str
    resources: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """How a worker is started."""

    work: str
    """The class of what it does, ``module:name``; see :class:`Work`."""
    setup: bytes
    """What that is made with."""
    environ: Mapping[str, str]
    """Variables that are set before anything of a model library is imported."""
    cores: tuple[int, ...] = ()
    """Cores that it may use; empty for all."""
    device: str = ""
    """Device of what it measures, by its marker."""
    cards: int = 0
    """Number of its cards."""


class Work(Protocol):
    """What a worker does: made once, asked for one job after the other."""

    def measure(self, order: bytes) -> bytes:
        """Do a job; what it has to tell meanwhile goes through what it was made with.

        Returns:
            The result, an error that is ours included.
        """
        ...

    def close(self) -> None:
        """Leave nothing behind."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Something that a worker told, or that is told of it."""

    seat: Seat
    kind: ReportKind
    content: bytes = b""
    why: str = ""
    node_lost: bool = False
    """Whether its whole node is gone; each of its seats is told to be lost."""


class WorkerPool(Protocol):
    """A pool of workers, each on a seat of its own."""

    @property
    def nodes(self) -> tuple[Node, ...]:
        """The nodes that are there, as they were when the pool was opened."""
        ...

    @property
    def left_out(self) -> tuple[str, ...]:
        """Sentences on nodes that cannot be used, each with its reason."""
        ...

    def start(self, seat: Seat, launch: Launch) -> None:
        """Start a worker; what goes wrong comes as a report.

        Args:
            seat: nobody has it.
            launch: how.
        """
        ...

    def give(self, seat: Seat, order: bytes) -> None:
        """Give a job to the worker of a seat, which has none."""
        ...

    def end(self, seat: Seat) -> None:
        """End a worker, whatever it does, and wait until it has ended."""
        ...

    def reports(self, wait_s: float) -> list[Report]:
        """Return what was told since; waits at most so long for the first."""
        ...

    def close(self) -> None:
        """End all workers and leave nothing behind."""
        ...
