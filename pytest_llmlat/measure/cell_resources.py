"""What a cell uses and may use: its energy, and its allowance of a budget."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmlat.measure.cell_energy import CellEnergy
from pytest_llmlat.measure.scenarios.alongside import Alongside
from pytest_llmlat.values.errors import BudgetSpent

if TYPE_CHECKING:
    from pytest_llmlat.machine.energy_meter import EnergySpan
    from pytest_llmlat.measure.cell_tools import LoadedModel, Tools
    from pytest_llmlat.values.allowance import Allowance
    from pytest_llmlat.values.energy import EnergyFacts
    from pytest_llmlat.values.raw_answers import AnswerSink
    from pytest_llmlat.values.records import Record, Request


class CellResources:
    """The energy and the allowance of one cell while it is measured."""

    def __init__(self, model: LoadedModel, tools: Tools, *, whole: bool) -> None:
        """Read nothing yet.

        Args:
            model: what is measured.
            tools: of the session.
            whole: as for :class:`CellEnergy`.
        """
        self._energy = CellEnergy(tools.energy(model), whole=whole)
        self._allowed = tools.allowance(model)

    def must_fit(self, request: Request, place: int | None) -> None:
        """See that a request may be made; sets aside what it may cost.

        Raises:
            BudgetSpent: it may not.
        """
        if not self._allowed.admit(request, place):
            raise BudgetSpent(str(self._allowed.refused))

    def begin(self, request: Request, place: int) -> None:
        """See that a request may be made, and read the counters before it.

        Raises:
            BudgetSpent: it may not.
        """
        self.must_fit(request, place)
        self._energy.begin()

    def end(self) -> EnergySpan | None:
        """Return the energy of the request that has ended."""
        return self._energy.end()

    def settle(self, place: int, record: Record) -> None:
        """Put what a request really cost in the place of what was set aside."""
        self._allowed.settle(place, record)

    def along(self, sink: AnswerSink, *, first: int = 0) -> Alongside:
        """Return what goes along with a load.

        Args:
            sink: takes its answers.
            first: place of its first request in the cell.
        """
        allowed = _FromPlace(self._allowed, first)
        return Alongside(sink=sink, energy=self._energy.window, allowance=allowed)

    def after_load(self, *, interrupted: bool) -> None:
        """See that a load came to its end.

        Raises:
            KeyboardInterrupt: it was cut off.
            BudgetSpent: its last requests were not made.
        """
        self._energy.window.keep()
        if interrupted:
            raise KeyboardInterrupt
        if self._allowed.refused is not None:
            raise BudgetSpent(self._allowed.refused)

    def close(self) -> EnergyFacts | None:
        """Return the energy of the cell, which has ended, whole or not."""
        self._allowed.end()
        return self._energy.facts

    @property
    def energy(self) -> EnergyFacts | None:
        """The energy of the cell so far."""
        return self._energy.facts


class _FromPlace:
    """An allowance of a cell, for a load that counts its places from 0."""

    def __init__(self, allowed: Allowance, first: int) -> None:
        self._allowed, self._first = allowed, first

    def admit(self, request: Request, place: int | None) -> bool:
        own = None if place is None else self._first + place
        return self._allowed.admit(request, own)

    def settle(self, place: int, record: Record) -> None:
        self._allowed.settle(self._first + place, record)

    def end(self) -> None:
        self._allowed.end()

    @property
    def refused(self) -> str | None:
        return self._allowed.refused
