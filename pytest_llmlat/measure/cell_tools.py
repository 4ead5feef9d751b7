"""What a cell is measured on and with: a loaded model, and the tools of the session."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_llmlat.values.allowance import NO_BOUNDS

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmlat.grading.sandbox import Sandbox
    from pytest_llmlat.measure.cell_energy import KnownEnergy
    from pytest_llmlat.measure.kept_answers import CompareSittings
    from pytest_llmlat.measure.scenarios import Load
    from pytest_llmlat.measure.spooling import OpenSpool
    from pytest_llmlat.values.allowance import Allowance
    from pytest_llmlat.values.cell_facts import CellFacts
    from pytest_llmlat.values.clock import Clock
    from pytest_llmlat.values.entities import Deployment
    from pytest_llmlat.values.protocols import Backend, Server
    from pytest_llmlat.values.records import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployedModel:
    """A model on its device, wherever it is loaded."""

    deployment: Deployment

    @property
    def name(self) -> str:
        """The model's name in the catalogue, or its address."""
        return self.deployment.model.name

    @property
    def device(self) -> str:
        """The device's marker."""
        return self.deployment.device


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedModel(DeployedModel):
    """A model on its device, ready to answer. Tests get it as the fixture ``llm``."""

    backend: Backend | Server[Any]
    load_s: float | None
    """Time to load it, in seconds, or to start its server; ``None`` for a server that
    is not ours, which has it loaded."""
    against: LoadedModel | None = None
    """Reference that it is measured beside, in turn."""
    apart: bool = False
    """Whether it and its reference never run at the same time: memory holds only one
    of the two."""
    yardstick: LoadedModel | None = None
    """Model that tells, in turn with it, how fast the machine is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """Tools of every measurement: the clock, the sandbox, and who is told."""

    clock: Clock
    """Clock that is read at every stamp."""
    sandbox: Sandbox | None
    """Place where generated programs run."""
    on_facts: Callable[[CellFacts], None]
    """Called when a cell begins and, with more, when it is finished."""
    on_record: Callable[[Record], None]
    """Called for each answer, outside of every timed region."""
    spool: OpenSpool | None = None
    """Keeps the answers of a load until they are records; ``None``: nothing does."""
    offer: Callable[..., Load] | None = None
    """Offers a load in the place of ``scenarios.under_load``; ``None`` for that."""
    energy: Callable[[LoadedModel], KnownEnergy | None] = lambda _: None
    """Returns the meter of a model's place; ``None`` where none is wanted."""
    allowance: Callable[[LoadedModel], Allowance] = lambda _: NO_BOUNDS
    """Returns what a cell of a model may spend."""
    on_again: Callable[[Record], None] | None = None
    """Called for each kept answer that is measured again."""
    compare: CompareSittings | None = None
    """Compares this sitting with those before it; ``None``: there are none."""
