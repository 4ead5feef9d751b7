"""Orders of cells that other processes measure: what they are told, and tell back.

All of it is pickled between processes of one run. Weights never are: a worker loads
them itself, by hub id or path. A secret goes to processes of this machine only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_llmlat.values import errors
from pytest_llmlat.values.errors import LLMLatError

if TYPE_CHECKING:
    from pytest_llmlat.session.cell_spec import CellSpec
    from pytest_llmlat.session.measured import Measured
    from pytest_llmlat.values.entities import Deployment, ModelSpec, Sample, Task
    from pytest_llmlat.values.node_facts import NodeFacts
    from pytest_llmlat.values.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerSetup:
    """What a worker is made with."""

    settings: Settings
    node: NodeFacts
    writes: bool
    """Whether it writes into the folder of the run itself; else what it measures is
    written by whoever ordered it."""
    baseline: bytes | None = None
    """Content of the stored run to compare with, where the worker cannot read it."""
    past: tuple[tuple[str, bytes], ...] = ()
    """Files of earlier sittings by name, where the worker cannot read them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CellOrder:
    """An order to measure one cell."""

    deployment: Deployment
    models: tuple[ModelSpec, ...]
    """All models that may be measured in it, its own among them."""
    task: Task
    wanted: CellSpec
    planned: int
    """Number of cells of the run, for what is corrected by it."""
    rows: tuple[Sample, ...] | None = None
    """All samples of the task, where the worker cannot read them."""
    shots: tuple[Sample, ...] | None = None
    """Rows that its examples are drawn from, where the worker cannot read them."""
    shard: bool = False
    """Whether it is a shard of a cell: its rows are those of the shard, and the worker
    writes nothing of it down, for whoever ordered it does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Raised:
    """An error of ours, as it is told to another process."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldValue:
    """Something that a worker has measured."""

    value: Any
    """A record, facts of a cell, a verdict or a race."""
    again: bool = False
    """Whether it is a record that counts for no figure."""
    written: bool = False
    """Whether it stands in the folder of the run already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What became of an order."""

    measured: Measured | None
    raised: Raised | None = None


def raised_of(error: LLMLatError, where: str = "") -> Raised:
    """Return an error as it is told to another process, with where it came up."""
    return Raised(kind=type(error).__name__, text=f"{error}{where}")


def error_of(raised: Raised) -> LLMLatError:
    """Return an error that another process raised: of its kind, with its text."""
    kind = getattr(errors, raised.kind, LLMLatError)
    while "__init__" in vars(kind):
        kind = kind.__base__
    made: LLMLatError = kind(raised.text)
    return made
