"""Client processes of a session: which loads they offer, and how true they are."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from pytest_llmlat.machine.device_table import is_remote
from pytest_llmlat.machine.process_place import ThisMachine
from pytest_llmlat.measure.arrivals import streams_of
from pytest_llmlat.measure.clients.load_clients import LoadClients
from pytest_llmlat.spread.spread_kinds import spread_kind
from pytest_llmlat.store.spooled_answers import Spool
from pytest_llmlat.values.errors import Unsupported, UsageError
from pytest_llmlat.values.scenario import SINGLE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pytest_llmlat.machine.process_place import ProcessPlace
    from pytest_llmlat.measure.cell_tools import LoadedModel
    from pytest_llmlat.measure.plan import Plan
    from pytest_llmlat.values.cell_facts import Instrument
    from pytest_llmlat.values.clock import Clock
    from pytest_llmlat.values.entities import Deployment, ModelSpec
    from pytest_llmlat.values.scenario import Scenario
    from pytest_llmlat.values.settings import Settings, Spelled


class ClientProcesses:
    """The client processes of a session, those of one server at a time."""

    def __init__(
        self, settings: Settings, clock: Clock, folder: Path, spelled: Spelled
    ) -> None:
        """Start none yet.

        Args:
            settings: say how many.
            clock: of this process.
            folder: of the run, where their answers are kept.
            spelled: how the user writes a setting.
        """
        self._settings, self._clock, self._spelled = settings, clock, spelled
        self._folder = folder
        self._of: tuple[LoadedModel, int] | None = None
        self._clients: LoadClients | None = None

    def of(self, model: LoadedModel, plan: Plan) -> LoadClients | None:
        """Return those that offer a cell's load; ``None`` where this process does.

        Raises:
            UsageError: something cannot be told of several processes.
            LLMLatError: one cannot reach the server.
        """
        wanted = self._settings.clients
        if wanted < 2 or not model.backend.remote or plan.scenario == SINGLE:  # noqa: PLR2004 - one is this
            return None
        check_clients(self._settings, model.deployment.model, self._spelled)
        check_conversations(plan, self._spelled)
        # None is without a request, or without a slot.
        level = plan.scenario.level if plan.scenario.kind == "concurrent" else None
        number = min(wanted, plan.planned, int(level or wanted))
        if number < 2:  # noqa: PLR2004 - as above
            return None
        if self._clients is not None and (
            self._of is None
            or self._of[0] is not model
            or self._of[1] != number
            or self._clients.lost
        ):
            self.close()
        if self._clients is None:
            self._clients = LoadClients(
                self._places(number),
                model.deployment,
                self._clock,
                open_spool=partial(Spool, self._folder),
            )
            self._of = (model, number)
            self._clients.open()
        return self._clients

    def _places(self, number: int) -> list[ProcessPlace]:
        """Return where so many run: on all machines of the cluster in turn, or here."""
        told, where = self._settings.spread, self._spelled("spread")
        kind = spread_kind(told, where=where) if told else None
        machines: Sequence[ProcessPlace] = (ThisMachine(),)
        if kind is not None and kind.process_places is not None:
            machines = kind.process_places()
        return [machines[place % len(machines)] for place in range(number)]

    def instrument(self, model: LoadedModel, plan: Plan) -> Instrument | None:
        """Try the clocks of a cell's clients, all at once.

        Raises:
            LLMLatError: as for :meth:`of`.
        """
        clients = self.of(model, plan)
        if clients is None:
            return None
        streams = streams_of(plan.scenario, plan.planned)
        awake = model.backend.facts.get("awake") is True
        return clients.try_clocks(streams, awake=awake)

    def close(self) -> None:
        """End the processes."""
        clients, self._clients = self._clients, None
        if clients is not None:
            with suppress(OSError):
                clients.close()


def offered_by_several(
    settings: Settings, scenario: Scenario, deployment: Deployment
) -> bool:
    """Whether several processes are to offer a load, as far as an entry says it."""
    server = is_remote(deployment.device) or _is_started_here(deployment.model)
    return settings.clients > 1 and server and scenario != SINGLE


def check_clients(settings: Settings, model: ModelSpec, spelled: Spelled) -> None:
    """See that several processes may offer a model's load.

    Raises:
        UsageError: what the run spends is to be counted.
        Unsupported: the model's server is started here.
    """
    where = spelled("clients")
    if settings.spend:
        raise UsageError(
            f"{where}: what several processes spend is not counted while they do;"
            f" leave it or {spelled('spend')} out"
        )
    if _is_started_here(model):
        raise Unsupported(
            f"{where}: model {model.name!r} is an engine that is started here, and"
            " its clients are to know one server; start it yourself and name its"
            " address"
        )


def check_conversations(plan: Plan, spelled: Spelled) -> None:
    """See that no conversation would be dealt out among processes.

    Raises:
        Unsupported: the task holds some.
    """
    if any(s.turn is not None and s.turn.continues for s in plan.samples):
        raise Unsupported(
            f"{spelled('clients')}: task {plan.task.name!r} holds conversations, which"
            " one process has to hold to their end; leave it out for this task"
        )


def _is_started_here(model: ModelSpec) -> bool:
    return model.engine is not None or model.command is not None
