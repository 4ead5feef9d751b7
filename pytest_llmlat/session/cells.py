"""Cells of a run: measured in this process, or by the workers of a pool.

Whoever runs tests or a script asks here, and does not know which it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeAlias

from pytest_llmlat.measure.cell import LoadedModel
from pytest_llmlat.measure.cell_tools import DeployedModel
from pytest_llmlat.values.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import NoReturn

    from pytest_llmlat.session.cell_spec import CellSpec
    from pytest_llmlat.session.measured import Measured
    from pytest_llmlat.session.run import Session
    from pytest_llmlat.values.entities import Deployment, Task


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelElsewhere(DeployedModel):
    """A model that a worker loads when it measures the first cell of it."""

    @property
    def backend(self) -> NoReturn:
        """Refuse: it is not in this process.

        Raises:
            UsageError: says what can be done.
        """
        raise UsageError(
            f"{self.deployment.id}: is measured by a worker, so that there is no"
            " backend in this process; use llmlat.run, or run without --llm-spread"
        )


CellModel: TypeAlias = LoadedModel | ModelElsewhere


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedCell:
    """A cell that will be asked for."""

    deployment: Deployment
    task: Task
    wanted: CellSpec


class Cells(Protocol):
    """Where cells are measured."""

    def plan(self, asked: Iterable[AskedCell]) -> None:
        """Learn which cells will be asked for; some places begin at once."""
        ...

    def load(self, deployment: Deployment) -> CellModel:
        """Load a model, or see to it that somebody can.

        Raises:
            DeviceAbsent: says what was looked for and what was found.
            BudgetSpent: what the run may spend is spent.
        """
        ...

    def unload(self, model: CellModel) -> None:
        """Free a model."""
        ...

    def run(self, model: CellModel, task: Task, wanted: CellSpec) -> Measured:
        """Measure one cell, and judge it; raises as a session does."""
        ...

    def stop(self) -> None:
        """Measure nothing more, and leave nothing behind."""
        ...


class CellsHere:
    """Cells of this process, one after the other."""

    def __init__(self, session: Session) -> None:
        """Measure with a session."""
        self._session = session

    def plan(self, asked: Iterable[AskedCell]) -> None:
        """Do nothing: a cell is measured when it is asked for."""

    def load(self, deployment: Deployment) -> CellModel:
        """Load a model."""
        return self._session.load(deployment)

    def unload(self, model: CellModel) -> None:
        """Free a model."""
        self._session.unload(_loaded(model))

    def run(self, model: CellModel, task: Task, wanted: CellSpec) -> Measured:
        """Measure one cell."""
        return self._session.run(_loaded(model), task, wanted)

    def stop(self) -> None:
        """Do nothing: nothing goes on by itself."""


def _loaded(model: CellModel) -> LoadedModel:
    if isinstance(model, ModelElsewhere):
        raise UsageError(f"{model.deployment.id}: is not loaded in this process")
    return model
