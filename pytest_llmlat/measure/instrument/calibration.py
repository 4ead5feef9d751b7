"""Calibration of a client's clock against a server that logs its writes."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from asyncio import TaskGroup, sleep
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_llmlat.measure.instrument.comparison import (
    WANTED_BY,
    Entry,
    Trial,
    compared,
)
from pytest_llmlat.measure.instrument.wire import Schedule
from pytest_llmlat.measure.scenarios import no_garbage, settled
from pytest_llmlat.values.cell_facts import Instrument
from pytest_llmlat.values.errors import MissingExtra, ServerUnavailable
from pytest_llmlat.values.percentiles import nearest_rank
from pytest_llmlat.values.records import Request

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_llmlat.measure.instrument.comparison import Compared
    from pytest_llmlat.values.clock import Clock
    from pytest_llmlat.values.protocols import Server
    from pytest_llmlat.values.records import Response

STOP_S = 5.0
"""Seconds that the server may take to end before it is killed."""
LOG_S = 60.0
_HOST = "127.0.0.1"
_START = (
    "import sys; sys.path.append(sys.argv.pop(1));"
    " from pytest_llmlat.measure.instrument.pulse import main; main()"
)


@dataclass(frozen=True, kw_only=True)
class Pulse:
    """A running server of the instrument."""

    port: int
    pid: int
    schedule: Schedule

    @property
    def url(self) -> str:
        """The address to give to a client, the version's path included."""
        return f"http://{_HOST}:{self.port}/v1"

    def log(self) -> list[Entry]:
        """Return the requests that ended since the last call, oldest first.

        Raises:
            ServerUnavailable: the server has died.
        """
        line = HTTPConnection(_HOST, self.port, timeout=LOG_S)
        try:
            line.request("GET", "/log")
            rows = json.loads(line.getresponse().read())
        except (OSError, HTTPException) as error:
            raise ServerUnavailable(
                f"{WANTED_BY}: the server on port {self.port} does not tell its log:"
                f" {error}; start it anew"
            ) from error
        finally:
            line.close()
        return [
            Entry(
                id=row["id"],
                received_ns=row["received_ns"],
                written_ns=tuple(row["written_ns"]),
            )
            for row in rows
        ]


_FEW_CORES = 2
"""Number of cores up to which a server that never sleeps would wait behind all
others."""


@contextmanager
def pulse_server(
    schedule: Schedule | None = None, *, awake: bool | None = None
) -> Iterator[Pulse]:
    """Run a server of the instrument in a process of its own.

    Args:
        schedule: when it writes; 50 ms, then 32 tokens 10 ms apart, if not given.
        awake: whether it takes a whole core while requests come. A request that waits
            for a core to wake up is received late, and that would count as the
            client's error. ``None``: where there are more than two cores.

    Raises:
        MissingExtra: httptools is not installed.
        ServerUnavailable: it did not start.
    """
    if find_spec("httptools") is None:
        raise MissingExtra("http", "httptools", wanted_by=WANTED_BY)
    kept = schedule or Schedule()
    home = Path(__file__).parents[3]
    command = [sys.executable, "-P", "-c", _START, str(home)]
    command += [f"--ttft={kept.ttft_s!r}", f"--gap={kept.gap_s!r}"]
    command += [f"--tokens={kept.tokens}"]
    if awake or (awake is None and (os.cpu_count() or 1) > _FEW_CORES):
        command += ["--awake"]
    pipe = subprocess.PIPE
    with subprocess.Popen(  # noqa: S603 - our own interpreter and our own words
        command, stdin=pipe, stdout=pipe, stderr=pipe, text=True
    ) as process:
        try:
            yield Pulse(port=_port(process), pid=process.pid, schedule=kept)
        finally:
            _stop(process)


def _port(process: subprocess.Popen[str]) -> int:
    """Return the port that a server prints when it is ready."""
    first = process.stdout.readline() if process.stdout else ""
    if first.strip().isdigit():
        return int(first)
    reason = process.stderr.read().strip() if process.stderr else ""
    last = reason.splitlines()[-1:] or ["no reason given"]
    raise ServerUnavailable(
        f"{WANTED_BY}: the loopback server did not start: {last[0]};"
        " run: python -m pytest_llmlat.measure.instrument.pulse"
    )


def _stop(process: subprocess.Popen[str]) -> None:
    """Close the server's standard input, at which it ends, and wait for that."""
    if process.stdin:
        process.stdin.close()
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()


@dataclass(kw_only=True)
class _Load:
    """A closed loop: so many requests in flight, until all measured ones ended."""

    server: Server[Any]
    clock: Clock
    request: Request
    streams: int
    requests: int
    ramp_s: float
    issued: int = 0
    ended: int = 0
    exchanges: dict[int, Any] = field(default_factory=dict)
    """Exchanges in the order of sending."""

    async def run(self) -> None:
        # Written before it begins, as those of a load are: so the client is tried at
        # what it does there. A wave goes before, and up to one behind.
        ahead = [self.request] * (2 * self.streams + self.requests)
        await self.server.connect(self.streams, ahead)
        async with TaskGroup() as group:
            for number in range(self.streams):
                wait_s = self.ramp_s * number / self.streams
                group.create_task(self._stream(wait_s))

    async def _stream(self, wait_s: float) -> None:
        """Ask again and again.

        The first wave warms up. Whoever has ended goes on until the last measured
        request has: with fewer in flight that one would be told too well.
        """
        await sleep(wait_s)
        while self.ended < self.requests:
            place = self.issued
            self.issued += 1
            exchange = await self.server.exchange(self.request, self.clock.now_ns())
            self.exchanges[place] = exchange
            self.ended += self.streams <= place < self.streams + self.requests


def calibrate(
    server: Server[Any], pulse: Pulse, streams: int, requests: int, clock: Clock
) -> Instrument:
    """Measure how far a client's TTFT is from the true one, under load.

    Args:
        server: the client, opened on ``pulse.url``.
        pulse: the server that logs its writes.
        streams: requests in flight at once.
        requests: how many of them count; a wave of ``streams`` goes before.
        clock: the client's; it must be the system's, which the log is written by.

    Raises:
        GenerationFailed: a request failed; figures of the others would flatter.
        LLMLatError: an answer is not in the log, or the log holds more than was asked.
    """
    measured = tried(server, pulse, streams, requests, clock).measured
    return accuracy(measured, streams)


def accuracy(measured: Sequence[Compared], streams: int) -> Instrument:
    """Return how true a clock was, by its requests beside the server's log."""
    errors = [pair.ttft_error_s for pair in measured]
    return Instrument(
        streams=streams,
        requests=len(errors),
        bias_s=math.fsum(errors) / len(errors),
        jitter_p99_s=nearest_rank([abs(error) for error in errors], 99),
    )


def tried(
    server: Server[Any],
    pulse: Pulse,
    streams: int,
    requests: int,
    clock: Clock,
    *,
    ramp_s: float = 0.0,
) -> Trial:
    """Return the trial of a client: a closed loop, each request with its log entry.

    Arguments and errors are those of :func:`calibrate`, but for ``ramp_s``: over how
    long the first requests are spread. Without, all streams move in step, as they do
    behind a model that decodes a batch; this is the harder load.
    """
    pulse.log()  # what came before is none of ours
    pace = ClosedLoop(streams=streams, requests=requests, ramp_s=ramp_s)
    responses = pulse_responses(server, pulse.schedule.tokens, pace, clock)
    pairs = compared(responses, pulse.log())
    until = streams + requests
    return Trial(
        before=pairs[:streams], measured=pairs[streams:until], after=pairs[until:]
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedLoop:
    """A closed loop that a client is tried with."""

    streams: int
    """Requests in flight at once."""
    requests: int
    """How many of them count; a wave of ``streams`` goes before."""
    ramp_s: float = 0.0
    """Over how long the first requests are spread."""


def pulse_responses(
    server: Server[Any], tokens: int, pace: ClosedLoop, clock: Clock
) -> list[Response]:
    """Return what came of a closed loop at the instrument's server, as it was sent.

    Args:
        server: the client, opened on it.
        tokens: of each answer.
        pace: of the loop.
        clock: the client's.
    """
    streams, requests = pace.streams, pace.requests
    if streams < 1 or requests < 1:
        raise ValueError(f"no load: {streams} streams, {requests} requests")
    request = Request(prompt=WANTED_BY, chat=True, max_new_tokens=tokens)
    load = _Load(
        server=server,
        clock=clock,
        request=request,
        streams=streams,
        requests=requests,
        ramp_s=pace.ramp_s,
    )
    with settled(), no_garbage():
        server.run(load.run(), alone=streams == 1)
    return [server.read(request, load.exchanges[i]) for i in range(load.issued)]
