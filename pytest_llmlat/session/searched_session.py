"""What a load search needs of the session that it is a part of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pytest_llmlat.analysis.slo import Objective
    from pytest_llmlat.measure.cell_tools import LoadedModel
    from pytest_llmlat.session.cell_spec import CellSpec
    from pytest_llmlat.session.gating import Gate
    from pytest_llmlat.session.measured import Measured
    from pytest_llmlat.store.journal import Journal
    from pytest_llmlat.values.entities import Task
    from pytest_llmlat.values.settings import Settings


class SearchedSession(Protocol):
    """A session that measures cells."""

    settings: Settings
    journal: Journal
    gate: Gate

    @property
    def slo(self) -> tuple[Objective, ...]:
        """Bounds on latency that goodput is about."""
        ...

    def run(self, model: LoadedModel, task: Task, wanted: CellSpec) -> Measured:
        """Measure one cell."""
        ...
