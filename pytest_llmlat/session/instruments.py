"""Checks of the clock, once for each number of streams that it is used with."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_llmlat.measure.arrivals import streams_of
from pytest_llmlat.measure.clock_check import check_clock
from pytest_llmlat.session.client_processes import ClientProcesses
from pytest_llmlat.session.lenient_warnings import lenient
from pytest_llmlat.values.protocols import Stepped

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_llmlat.measure.cell_tools import LoadedModel, Tools
    from pytest_llmlat.measure.cold_prompts import HeadTurns
    from pytest_llmlat.measure.plan import Plan
    from pytest_llmlat.values.cell_facts import Instrument
    from pytest_llmlat.values.clock import Clock
    from pytest_llmlat.values.settings import Settings, Spelled


class Instruments:
    """The checks of a session's clock so far."""

    def __init__(
        self, settings: Settings, clock: Clock, folder: Path, spelled: Spelled
    ) -> None:
        """Check nothing yet; arguments are those of :class:`ClientProcesses`."""
        self._clock = clock
        self._clients = ClientProcesses(settings, clock, folder, spelled)
        self._found: dict[int, Instrument | None] = {}

    def of(self, model: LoadedModel, plan: Plan) -> Instrument | None:
        """Try the clock as it will be used, once for each number of streams."""
        backend = model.backend
        if isinstance(backend, Stepped) and backend.served != "none":
            # A cascade has one request under way, at whichever server.
            return self._checked(1, awake=False)
        if not backend.remote:
            return None
        if self._clients.of(model, plan) is not None:
            with lenient():
                return self._clients.instrument(model, plan)
        awake = backend.facts.get("awake") is True
        return self._checked(streams_of(plan.scenario, plan.planned), awake=awake)

    def _checked(self, streams: int, *, awake: bool) -> Instrument | None:
        if streams not in self._found:
            with lenient():
                self._found[streams] = check_clock(streams, self._clock, awake=awake)
        return self._found[streams]

    def offering(self, tools: Tools, model: LoadedModel, plan: Plan) -> Tools:
        """Return tools of which client processes offer the load, where they do."""
        clients = self._clients.of(model, plan)
        if clients is None:
            return tools
        return replace(tools, spool=clients.spool, offer=clients.under_load)

    def close(self) -> None:
        """End the client processes."""
        self._clients.close()

    def in_turn(
        self,
        plans: tuple[Plan, Plan],
        models: tuple[LoadedModel, LoadedModel],
        heads: HeadTurns,
    ) -> tuple[Plan, Plan]:
        """Return the plans of two cells in turn, with heads and clocks checked."""
        (own, other) = models
        facts = own.backend.facts, other.backend.facts
        plan, theirs = heads.planned(plans[0], *facts)
        beside = replace(plans[1], headed=theirs.headed, turn=theirs.turn)
        return (
            replace(plan, instrument=self.of(own, plan)),
            replace(beside, instrument=self.of(other, plan)),
        )
