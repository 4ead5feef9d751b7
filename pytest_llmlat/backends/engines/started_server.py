"""A model behind an engine that we started: asked as any server, and stopped."""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import TYPE_CHECKING, Literal, TypeVar

from pytest_llmlat.backends.completions.completions_server import open_server
from pytest_llmlat.backends.completions.server_way import Way
from pytest_llmlat.backends.engines.counted_spans import CountedSpans
from pytest_llmlat.backends.engines.server_questions import counted
from pytest_llmlat.backends.engines.server_start import start_engine
from pytest_llmlat.machine.process_memory import peak_of_family
from pytest_llmlat.values.confidential import WebAddress
from pytest_llmlat.values.engine_facts import EngineFacts
from pytest_llmlat.values.errors import ServerUnavailable

if TYPE_CHECKING:
    from collections.abc import Coroutine, Mapping, Sequence

    from pytest_llmlat.backends.completions.completions_server import Completions
    from pytest_llmlat.backends.completions.sent_requests import SentRequest
    from pytest_llmlat.backends.engines.engine_entry import EngineEntry
    from pytest_llmlat.backends.engines.server_start import RunningEngine
    from pytest_llmlat.values.clock import Clock
    from pytest_llmlat.values.constraint import Constraint
    from pytest_llmlat.values.entities import Deployment, Scalar
    from pytest_llmlat.values.raw_answers import RawAnswer
    from pytest_llmlat.values.records import Request, Response

T = TypeVar("T")
_LOG = logging.getLogger(__name__)
_NO_KEY = (
    "the engine wants a key: take that out of its command, or send one by headers ="
    ' { Authorization = "Bearer ${NAME}" }'
)


class StartedServer:
    """An engine of ours and the way into it; it is started when this is made."""

    remote: Literal[True] = True

    def __init__(
        self, entry: EngineEntry, deployment: Deployment, clock: Clock
    ) -> None:
        """Start the engine, wait until it is ready, and see that it has the model.

        Raises:
            LLMLatError: it cannot be started, or answers with another model.
        """
        self._entry, self._deployment, self._clock = entry, deployment, clock
        self._starts = 0
        self._spans = CountedSpans({})
        self._resting = False
        self._rested_bytes: int | None = None
        """Peak memory of the processes that were ended to rest."""
        self._engine, self._client = self._start()

    def _start(self) -> tuple[RunningEngine, Completions]:
        entry = self._entry
        engine = start_engine(entry, self._deployment.device, self._clock)
        self._starts += 1
        try:
            way = Way(
                url=WebAddress(f"http://127.0.0.1:{engine.port}/v1"),
                weights=engine.served,
                key=None,
                no_key=_NO_KEY,
                direct=True,
                alive=lambda: engine.process.end is None,
            )
            model = entry.server_at(way.url)
            deployment = type(self._deployment)(
                model=model, device=self._deployment.device
            )
            client = open_server(deployment, self._clock, way)
        except ServerUnavailable as error:
            ended = engine.ended(entry.where)
            engine.process.stop()
            raise ended or ServerUnavailable(f"{entry.where}: {error}") from error
        except BaseException:
            engine.process.stop()
            raise
        return engine, client

    def __repr__(self) -> str:
        """Name the engine and the model."""
        return f"<StartedServer {self._entry.engine.name} of {self._client!r}>"

    @property
    def startup_s(self) -> float:
        """Seconds from the start of its process until it was ready, the last time."""
        return self._engine.startup_s

    @property
    def chat(self) -> bool:
        """Whether prompts take the chat form."""
        return self._client.chat

    @property
    def facts(self) -> Mapping[str, Scalar | None]:
        """What identifies the model as it is served; its port is no part of that."""
        found = {k: v for k, v in self._client.facts.items() if k != "url"}
        cards = self._engine.cards
        return {
            **found,
            "engine": self._entry.engine.name,
            "engine_version": self._engine.version,
            "command": self._engine.command.shown,
            "devices": ", ".join(f"cuda:{card}" for card in cards or ()) or None,
        }

    def begin_cell(self) -> None:
        """See that it runs, or start it anew, and look at what it has counted.

        Raises:
            LLMLatError: it does not start again.
        """
        end = self._engine.process.end
        if not self.wake() and end is not None:
            _LOG.warning("%s: its engine %s; starting it", self._entry.where, end)
            self._let_go()
            self._engine, self._client = self._start()
        self._spans = CountedSpans(self._counted())

    def rest(self) -> None:
        """End the engine, so that another may have its memory; its counts are kept."""
        if self._resting:
            return
        self._rested_bytes = self._peak_bytes()
        self._spans.end_span(self._counted())
        self._resting = True
        self._let_go()

    def wake(self) -> bool:
        """Start the engine again after :meth:`rest`; returns whether it had to be.

        Raises:
            LLMLatError: it does not start.
        """
        if not self._resting:
            return False
        self._engine, self._client = self._start()
        self._resting = False
        self._spans.begin_span(self._counted())
        return True

    def check(self) -> None:
        """See that it still runs.

        Raises:
            ServerUnavailable: it has ended; shows its last lines.
        """
        error = self._engine.ended(self._entry.where)
        if error is not None:
            raise error

    @property
    def engine(self) -> EngineFacts:
        """What is to be told of it after a cell."""
        return EngineFacts(
            name=self._entry.engine.name,
            version=self._engine.version,
            command=self._engine.command.shown,
            startup_s=self._engine.startup_s,
            starts=self._starts,
            counters=self._spans.told({} if self._resting else self._counted()),
            memory_bytes=self._peak_bytes(),
        )

    def _peak_bytes(self) -> int | None:
        """Return the highest memory that its processes had; ``None`` if not known."""
        process = self._engine.process
        known = (
            self._rested_bytes,
            None if process.end else peak_of_family(process.pid),
        )
        return max((each for each in known if each is not None), default=None)

    def _counted(self) -> Mapping[str, float]:
        return counted(self._engine.port, self._entry.engine.counters)

    def _let_go(self) -> None:
        """Close the way, and end the engine whatever comes of that."""
        try:
            with suppress(OSError):
                self._client.close()
        finally:
            self._engine.process.stop()

    def prepare_constraint(self, constraint: Constraint) -> None:
        """See that the engine heeds such a schema or grammar.

        Raises:
            Unsupported: it does not.
        """
        self._client.prepare_constraint(constraint)

    def reset_device_peak(self) -> None:
        """The memory of its device cannot be seen from here."""

    def device_peak_bytes(self) -> int | None:
        """The memory of its device cannot be seen from here."""
        return None

    def close(self) -> None:
        """Close the connections, and end the engine and all that it started."""
        self._let_go()

    def run(self, main: Coroutine[object, object, T], *, alone: bool = False) -> T:
        """Run a coroutine to its end on this backend's own event loop."""
        return self._client.run(main, alone=alone)

    async def connect(self, connections: int, ahead: Sequence[Request] = ()) -> None:
        """Open up to so many connections ahead; a failure shows up in an exchange.

        Args:
            connections: how many.
            ahead: requests that will be sent once each, which are written now.

        Raises:
            Unsupported: this process may not have so many open.
        """
        await self._client.connect(connections, ahead)

    def raw(self, exchange: SentRequest) -> RawAnswer | None:
        """Return an answer as it came; ``None`` where continuations were ranked."""
        return self._client.raw(exchange)

    def most_in_flight(self) -> int:
        """Return the most requests that were sent and not yet answered at once."""
        return self._client.most_in_flight()

    def check_ranking(self) -> None:
        """Ask once how likely a text is, before anything is measured.

        Raises:
            Unsupported: the engine does not say.
        """
        self._client.check_ranking()

    async def exchange(self, request: Request, start_ns: int) -> SentRequest:
        """Send one request and wait for its end. Raises nothing but cancellation."""
        return await self._client.exchange(request, start_ns)

    def read(self, request: Request, exchange: SentRequest) -> Response:
        """Say what came of an exchange that this backend made."""
        return self._client.read(request, exchange)

    def text_of(self, request: Request, exchange: SentRequest) -> str | None:
        """Return the text of an answer, ``None`` where none came; asks nobody."""
        return self._client.text_of(request, exchange)
