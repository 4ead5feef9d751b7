"""A client process: offers its part of a load, as it is told on its standard input.

What libraries print goes elsewhere. When the input ends, whoever started it has gone:
it ends at once, and the file with its answers stays for whoever goes on.
"""

from __future__ import annotations

import asyncio
import os
import queue
import signal
import sys
import threading
from contextlib import ExitStack, suppress
from typing import IO, TYPE_CHECKING, Any

from pytest_llmlat.backends import open_backend
from pytest_llmlat.machine.message_pipe import own_output, read, write
from pytest_llmlat.machine.sealed_values import packed, unpacked
from pytest_llmlat.measure.clients.client_orders import (
    DURING_LOAD,
    FAILED,
    PHASE,
    RESULT,
    AskOnce,
    BeginLoad,
    CheckClock,
    CountLoad,
    OfferPart,
    OpenPulse,
    OpenServer,
    StopLoad,
    TellTime,
    TryClock,
)
from pytest_llmlat.measure.clients.dealt_load import DealtLoad, LoadPart, LoadSignals
from pytest_llmlat.measure.clock_check import check_clock, open_pulse
from pytest_llmlat.measure.instrument.calibration import pulse_responses
from pytest_llmlat.measure.scenarios import Alongside, ask, settled
from pytest_llmlat.values.clock import SystemClock
from pytest_llmlat.values.errors import LLMLatError, Unsupported
from pytest_llmlat.values.protocols import RawServer
from pytest_llmlat.values.raw_answers import NOWHERE

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmlat.measure.clients.client_orders import ClientOrder
    from pytest_llmlat.values.cell_facts import Instrument
    from pytest_llmlat.values.entities import Scalar
    from pytest_llmlat.values.protocols import Server
    from pytest_llmlat.values.raw_answers import AnswerSink
    from pytest_llmlat.values.records import Response


class _Input:
    """What comes in: orders wait, and what concerns a running load does not."""

    def __init__(self) -> None:
        self.orders: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._early: list[Any] = []
        self._heed: Callable[[Any], object] | None = None

    def listen(self, source: IO[bytes]) -> None:
        """Take all that comes, until whoever sends it has gone."""
        while (message := read(source)) is not None:
            order = unpacked(message[1])
            if not isinstance(order, DURING_LOAD):
                self.orders.put(order)
                continue
            with self._lock:
                if self._heed is None:
                    self._early.append(order)
                else:
                    self._heed(order)
        # Answers of a load that runs are in a file, which stays.
        os._exit(1)

    def during(self, heed: Callable[[Any], object] | None) -> None:
        """Say who heeds what concerns a running load; ``None`` when it has ended."""
        with self._lock:
            self._heed = heed
            early, self._early = self._early, []
            if heed is not None:
                for order in early:
                    heed(order)


class ClientProcess:
    """What a client process does, order by order."""

    def __init__(self, incoming: _Input, tell: Callable[[str], None]) -> None:
        """Open nothing yet.

        Args:
            incoming: what concerns a load while it runs.
            tell: takes a phase of a load.
        """
        self._clock = SystemClock()
        self._incoming, self._tell = incoming, tell
        self._server: Server[Any] | None = None
        self._pulse: Server[Any] | None = None
        self._kept = ExitStack()

    def do(self, order: ClientOrder) -> object:
        """Follow an order and return its answer."""
        if isinstance(order, TellTime):
            return self._clock.now_ns()
        if isinstance(order, OpenServer):
            return self._open(order)
        if isinstance(order, AskOnce):
            ask(order.request, self._opened, self._clock)
            return dict(self._opened.facts)
        if isinstance(order, TryClock | CheckClock):
            return self._try(order)
        if isinstance(order, OfferPart):
            return self._offer(order)
        if isinstance(order, OpenPulse):
            self._pulse = open_pulse(order.url, self._clock, awake=order.awake)
        else:
            self._kept.close()
        return None

    def _open(self, order: OpenServer) -> dict[str, Scalar | None]:
        if self._server is not None:
            self._server.close()
        opened = open_backend(order.deployment, self._clock)
        if not opened.remote:
            opened.close()
            raise Unsupported("a model of this process has no clients")
        self._server = opened
        return dict(opened.facts)

    def _try(self, order: TryClock | CheckClock) -> list[Response] | Instrument | None:
        if isinstance(order, CheckClock):
            return check_clock(order.streams, self._clock, awake=order.awake)
        if self._pulse is None:
            raise LLMLatError("the server of the instrument was not opened")
        try:
            return pulse_responses(self._pulse, order.tokens, order.pace, self._clock)
        finally:
            self._pulse.close()
            self._pulse = None

    def _offer(self, order: OfferPart) -> LoadPart:
        server, signals = self._opened, LoadSignals(self._tell)
        part = DealtLoad(
            order.deal,
            order.requests,
            server,
            self._clock,
            uncounted=order.uncounted,
            along=Alongside(sink=self._sink(order)),
            signals=signals,
        )

        async def listened() -> None:
            loop = asyncio.get_running_loop()
            self._incoming.during(
                lambda told: (
                    # What was said of an earlier load may come late.
                    told.load == order.load
                    and loop.call_soon_threadsafe(_heed, signals, told)
                )
            )

        server.run(listened())
        try:
            with settled():
                part.run()
        finally:
            self._incoming.during(None)
        return part.part()

    def _sink(self, order: OfferPart) -> AnswerSink:
        """Return what keeps the answers of a part until they are written down."""
        server = self._opened
        if order.spool is None or not isinstance(server, RawServer):
            return NOWHERE
        open_spool, load = order.spool
        return self._kept.enter_context(open_spool(load, server.raw))

    @property
    def _opened(self) -> Server[Any]:
        if self._server is None:
            raise LLMLatError("the server was not opened")
        return self._server


def _heed(signals: LoadSignals, told: BeginLoad | CountLoad | StopLoad) -> None:
    """Pass on what concerns a load; called on its event loop."""
    if isinstance(told, BeginLoad):
        signals.begin(told.at_ns)
    elif isinstance(told, CountLoad):
        signals.count()
    else:
        signals.stop()


def main() -> None:
    """Follow orders until the input ends."""
    out = own_output()
    # Ctrl-C is for whoever started us, who tells us.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    incoming = _Input()
    process = ClientProcess(incoming, lambda phase: write(out, PHASE, phase.encode()))
    reader = threading.Thread(
        target=incoming.listen, args=(sys.stdin.buffer,), daemon=True
    )
    reader.start()
    with suppress(BrokenPipeError):
        while True:
            order = incoming.orders.get()
            try:
                kind, content = RESULT, packed(process.do(order), leaves=False)
            except Exception as error:  # noqa: BLE001 - whatever it is, it is told
                kind, content = FAILED, f"{type(error).__name__}: {error}".encode()
            write(out, kind, content)
