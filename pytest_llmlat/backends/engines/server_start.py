"""An engine brought up: a port chosen, the process started, and waited for."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llmlat.backends.engines.engine_command import command_of, find_program
from pytest_llmlat.backends.engines.server_process import LAST_LINES, ServerProcess
from pytest_llmlat.backends.engines.server_questions import (
    free_port,
    is_ready,
    is_taken,
    version_of,
)
from pytest_llmlat.backends.weights import package_version
from pytest_llmlat.machine.visible_cards import visible_cards
from pytest_llmlat.values.confidential import shown_text
from pytest_llmlat.values.errors import ServerUnavailable
from pytest_llmlat.values.timing import NS_PER_S

if TYPE_CHECKING:
    from pytest_llmlat.backends.engines.engine_command import EngineCommand
    from pytest_llmlat.backends.engines.engine_entry import EngineEntry
    from pytest_llmlat.values.clock import Clock

_LOG = logging.getLogger(__name__)
_FIRST_LOOK_S, _LONGEST_LOOK_S = 0.02, 0.2
"""How long is waited between two looks, at first and in the end."""
_SLOWER = 1.3
_SETTLED_S = 0.3
_TRIES = 3
"""How often a port is chosen, where one is taken between the choice and the use."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningEngine:
    """An engine that is ready to answer."""

    process: ServerProcess
    command: EngineCommand
    port: int
    served: str | None
    """What its model is called; ``None`` for the only one there is."""
    cards: tuple[str, ...] | None
    startup_s: float
    """From the start of its process until it said that it is ready."""
    version: str | None

    def ended(self, where: str) -> ServerUnavailable | None:
        """Return the error that it has ended; ``None`` while it runs.

        A connection breaks before the end of its process is told: that is waited for.
        """
        end = self.process.end_within(_SETTLED_S)
        if end is None:
            return None
        return ServerUnavailable(f"{where}: its engine {end}{self.printed()}")

    def printed(self) -> str:
        """Return the last lines that it printed, without secrets, to end a message."""
        return _printed(self.process, self.command)


def start_engine(entry: EngineEntry, device: str, clock: Clock) -> RunningEngine:
    """Start the engine of an entry, and wait until it is ready.

    Raises:
        ServerUnavailable: it is not installed, its port is taken, it ended, or was not
            ready in time; shows its last lines.
        MissingExtra: the package with the weights is not installed.
        WeightsUnavailable: there is no such file.
        Unsupported: engines cannot be started on this system.
    """
    cards = entry.cards or visible_cards(device, entry.count)
    template = command_of(entry, device, cards=cards)
    for left in reversed(range(_TRIES)):
        port = entry.port or free_port()
        if is_taken(port):
            raise ServerUnavailable(
                f"{entry.where}: port {port} is taken by another process; end that, or"
                " leave option port out: a free one is chosen then"
            )
        command = template.at(port)
        words = find_program(entry, command)
        _LOG.info("%s: starting on port %d: %s", entry.where, port, command.shown)
        begin = clock.now_ns()
        process = ServerProcess(words, command.variables, patience_s=entry.stop_limit_s)
        try:
            _wait(entry, process, command, port, clock)
        except BaseException as error:
            gone = process.end is not None
            process.stop()
            taken = gone and entry.port is None and is_taken(port)
            if isinstance(error, ServerUnavailable) and taken and left:
                continue
            raise
        return RunningEngine(
            process=process,
            command=command,
            port=port,
            served=template.served,
            cards=cards,
            startup_s=(clock.now_ns() - begin) / NS_PER_S,
            version=_version(entry, port),
        )
    raise ServerUnavailable(f"{entry.where}: no port stays free")


def _wait(
    entry: EngineEntry,
    process: ServerProcess,
    command: EngineCommand,
    port: int,
    clock: Clock,
) -> None:
    """Wait until an engine says that it is ready.

    Raises:
        ServerUnavailable: it has ended, or its time is up.
    """
    until = clock.now_ns() + int(entry.start_limit_s * NS_PER_S)
    pause_s = _FIRST_LOOK_S
    while True:
        said = is_ready(port, entry.engine.health)
        end = process.end
        if end is not None:
            raise ServerUnavailable(
                f"{entry.where}: engine {entry.engine.name!r} {end} before it was ready"
                f" ({command.shown}){_printed(process, command)}"
            )
        if said is None:
            return
        if clock.now_ns() > until:
            raise ServerUnavailable(
                f"{entry.where}: engine {entry.engine.name!r} was not ready after"
                f" {entry.start_limit_s:g} s (option start_limit_s): {said} on port"
                f" {port} ({command.shown}){_printed(process, command)}"
            )
        time.sleep(pause_s)
        pause_s = min(pause_s * _SLOWER, _LONGEST_LOOK_S)


def _version(entry: EngineEntry, port: int) -> str | None:
    told = version_of(port, entry.engine.version_at)
    if told is None and entry.engine.distribution is not None:
        told = package_version(entry.engine.distribution)
    return told


def _printed(process: ServerProcess, command: EngineCommand) -> str:
    lines = process.last_lines().splitlines()
    if not lines:
        return "; it printed nothing"
    told = "\n".join(
        f"  | {command.secrets.line(shown_text(line))}".rstrip() for line in lines
    )
    most = f" {LAST_LINES}" if len(lines) == LAST_LINES else ""
    return f"; its last{most} lines:\n{told}"
