"""A server of the OpenAI kind that keeps a known schedule and logs its own writes.

Run as a process of its own::

    python -m pytest_llmlat.measure.instrument.pulse --ttft 0.05 --tokens 32 --gap 0.01

It prints its port as one line, serves 127.0.0.1 only, and ends when its standard input
closes, so that it never outlives whoever started it. To a request received at t, token
i of the answer is written at t + ttft + i * gap; the rest of what was asked is ignored.
``GET /log`` tells, and forgets, what was truly written when.

Its stamps may be compared with those of another process: ``time.perf_counter_ns`` is
system-wide. It reads CLOCK_MONOTONIC on Linux, mach_absolute_time on macOS and
QueryPerformanceCounter on Windows, since 3.10 without an offset of the process
(docs.python.org/3/library/time.html#time.perf_counter, bpo-37205).

A request is received when the system has it (Linux; elsewhere, when it is read): a
server that wakes up late is late by its own log.

No event loop stands between the stamp and the system call: uvloop keeps what is written
until the end of its round, and neither it nor asyncio sleeps for less than whole
milliseconds. What is left of a write's cost is the system's: three quarters of it.
On Windows the system's ``select`` limits it to 500 connections.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import re
import select
import selectors
import socket
import sys
from array import array
from collections import deque
from contextlib import suppress
from threading import Thread
from time import perf_counter_ns
from typing import TYPE_CHECKING, Any

from pytest_llmlat.measure.instrument import wire
from pytest_llmlat.measure.instrument.kernel_stamps import received, stamp_arrivals
from pytest_llmlat.values.timing import NS_PER_S

if sys.platform != "win32":
    import resource

if TYPE_CHECKING:
    from collections.abc import Callable

_BURST = 8
"""Writes at most between two looks at the requests: what is read late is stamped late,
and would count as the client's error."""
_TOO_SHORT_NS = 50_000
"""Length up to which a sleep would end late by as much again."""
_AWAKE_NS = NS_PER_S
"""Time to stay awake after the last request, since there may be another."""
_READ_BYTES = 1 << 16
_BACKLOG = 4096
_LOG_S = 60.0
"""Seconds that a reader of the log may take."""
_SAFE_ID = re.compile(rb"[A-Za-z0-9_.:-]{1,128}")
_CHAT = "/chat/completions"


class PulseReply:
    """A request with what has been written to it so far."""

    __slots__ = ("connection", "due_ns", "id", "lead", "received_ns", "written_ns")

    def __init__(
        self, connection: PulseConnection, name: str, received_ns: int
    ) -> None:
        """Begin an answer on ``connection``."""
        self.connection: PulseConnection | None = connection
        """Its connection; ``None`` when it has ended or its client has gone."""
        self.id = name
        self.received_ns = received_ns
        self.written_ns = array("q")
        self.due_ns = 0
        self.lead = b""


class PulseConnection:
    """A client's connection, and the parser's callbacks for what comes over it."""

    def __init__(
        self,
        line: socket.socket,
        parser: Callable[[PulseConnection], Any],
        pulse: Pulsing,
    ) -> None:
        """Listen on ``line``; whole requests go to ``pulse``."""
        self.line = line
        self._stamped = stamp_arrivals(line)
        self.answer: PulseReply | None = None
        self.received_ns = 0
        self.wanted_id: str | None = None
        self._pulse = pulse
        self._url = b""
        self._parser = parser(self)

    def read(self) -> bool:
        """Take in what has come; return whether the connection goes on."""
        try:
            if self._stamped:
                data, self.received_ns = received(self.line, _READ_BYTES)
            else:
                data = self.line.recv(_READ_BYTES)
                self.received_ns = perf_counter_ns()
        except BlockingIOError:
            return True
        except OSError:
            return False
        # While an answer is under way, a client of ours has nothing to say.
        if not data or self.answer is not None:
            return False
        try:
            self._parser.feed_data(data)
        # The parser's own errors and what it makes of anything else that goes wrong:
        # whatever a client sent, the others are served on.
        except Exception:  # noqa: BLE001
            self.reply("400 Bad Request", b"", keep=False)
            return False
        return True

    def wrote(self, text: bytes) -> bool:
        """Send a piece of an answer; return whether all of it went at once.

        A client that has gone, or reads so slowly that the system's buffer is full,
        sees no schedule: nothing can be measured with it.
        """
        try:
            return self.line.send(text) == len(text)
        except OSError:
            return False

    def reply(self, status: str, body: bytes, *, keep: bool = True) -> None:
        """Send a whole answer at once; waits until it has gone."""
        self.line.settimeout(_LOG_S)
        with suppress(OSError):
            self.line.sendall(wire.whole(status, body, keep=keep))
        self.line.setblocking(False)  # noqa: FBT003 - the only way to say so

    def on_message_begin(self) -> None:
        """Forget the request before."""
        self._url, self.wanted_id = b"", None

    def on_url(self, url: bytes) -> None:
        """Take a piece of the address."""
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take the client's own name for its request, if it may stand in an answer."""
        if name.lower() == b"x-request-id" and _SAFE_ID.fullmatch(value):
            self.wanted_id = value.decode()

    def on_message_complete(self) -> None:
        """Answer the request, now that all of it is here."""
        if self.answer is not None:
            raise ValueError("a second request before the first was answered")
        method = self._parser.get_method().decode()
        self._pulse.asked(self, method, self._url.decode("latin-1").partition("?")[0])


class Pulsing:
    """The server: one thread, one loop, no timers but two rows of answers.

    All answers have the same TTFT and the same gap, so those that wait for their first
    token stand in order of time, and so do those that wait for a later one: a token
    that is written now is followed by one that is due after all that wait already.
    Two heads to look at replace a heap.
    """

    def __init__(self, schedule: wire.Schedule, *, awake: bool = False) -> None:
        """Listen on a free port of the loopback interface.

        Args:
            schedule: when tokens are written.
            awake: do not sleep while requests come, so that none waits for a core to
                wake up; it takes a whole core.

        Raises:
            ImportError: httptools is not installed.
        """
        from httptools import HttpRequestParser

        self._parser = HttpRequestParser
        self._schedule = schedule
        self._gap_ns = schedule.due_ns(0, 1) - schedule.due_ns(0, 0)
        self._suffixes = wire.suffixes(schedule.tokens)
        self._closing = wire.closing(schedule.tokens)
        self._first: deque[PulseReply] = deque()
        self._later: deque[PulseReply] = deque()
        self._log: list[PulseReply] = []
        self._served = 0
        self._awake_ns = _AWAKE_NS if awake else 0
        self._sleepy_ns = 0
        self._selector = selectors.DefaultSelector()
        self._door = socket.create_server(("127.0.0.1", 0), backlog=_BACKLOG)
        self._door.setblocking(False)  # noqa: FBT003 - the only way to say so
        self._selector.register(self._door, selectors.EVENT_READ, None)
        self.port: int = self._door.getsockname()[1]

    def serve(self) -> None:
        """Serve until the process ends."""
        while True:
            self._read_requests(self._write_due())

    def asked(self, connection: PulseConnection, method: str, path: str) -> None:
        """Answer a whole request, or begin to."""
        if method == "POST" and path.endswith(_CHAT):
            self._begin(connection)
        elif method == "GET" and path.endswith("/models"):
            connection.reply("200 OK", wire.models())
        elif method == "GET" and path.endswith("/log"):
            connection.reply("200 OK", self._told())
        else:
            connection.reply("404 Not Found", b"")

    def _begin(self, connection: PulseConnection) -> None:
        self._served += 1
        name = connection.wanted_id or f"pulse-{self._served}"
        answer = PulseReply(connection, name, connection.received_ns)
        answer.due_ns = self._schedule.due_ns(answer.received_ns, 0)
        answer.lead = wire.lead(name, self._suffixes[0])
        connection.answer = answer
        self._first.append(answer)
        self._sleepy_ns = answer.due_ns + self._awake_ns

    def _write_due(self) -> int | None:
        """Write the next tokens that are due, a burst at most.

        Returns:
            How many nanoseconds there are to the next; ``None`` if nobody waits.
        """
        first, later, clock = self._first, self._later, perf_counter_ns
        for _ in range(_BURST):
            if first and not (later and later[0].due_ns <= first[0].due_ns):
                row = first
            elif later:
                row = later
            else:
                return None
            ahead = row[0].due_ns - clock()
            if ahead > 0:
                return ahead
            answer = row.popleft()
            if answer.connection is not None:
                self._write_token(answer, answer.connection)
        return 0

    def _write_token(self, answer: PulseReply, connection: PulseConnection) -> None:
        written = answer.written_ns
        place = len(written)
        text = answer.lead + self._suffixes[place]
        if place == 0:
            text = wire.head(answer.id) + text
        written.append(perf_counter_ns())
        if not connection.wrote(text):
            written.pop()
            self._drop(connection)
        elif place + 1 < self._schedule.tokens:
            answer.due_ns += self._gap_ns
            self._later.append(answer)
        elif connection.wrote(wire.tail(answer.id, self._closing)):
            self._ended(answer, connection)
        else:
            self._drop(connection)

    def _ended(self, answer: PulseReply, connection: PulseConnection) -> None:
        answer.connection, answer.lead = None, b""
        connection.answer = None
        self._log.append(answer)

    def _drop(self, connection: PulseConnection) -> None:
        if connection.answer is not None:
            self._ended(connection.answer, connection)
        with suppress(KeyError, ValueError):
            self._selector.unregister(connection.line)
        connection.line.close()

    def _read_requests(self, wait_ns: int | None) -> None:
        """Wait for requests, no longer than until the next token is due."""
        if self._awake_ns and perf_counter_ns() < self._sleepy_ns:
            wait_ns = 0
        seconds = None if wait_ns is None else wait_ns / NS_PER_S
        fileno = getattr(self._selector, "fileno", None)
        if fileno is not None and wait_ns is not None:
            if wait_ns > _TOO_SHORT_NS:
                # epoll waits for whole milliseconds; select on it for microseconds.
                select.select([fileno()], [], [], seconds)
            seconds = 0
        for key, _ in self._selector.select(seconds):
            connection: PulseConnection | None = key.data
            if connection is None:
                self._accept()
            elif not connection.read():
                self._drop(connection)

    def _accept(self) -> None:
        with suppress(OSError):  # nobody left at the door, or no descriptor free
            while True:
                line, _ = self._door.accept()
                line.setblocking(False)  # noqa: FBT003 - the only way to say so
                line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                connection = PulseConnection(line, self._parser, self)
                self._selector.register(line, selectors.EVENT_READ, connection)

    def _told(self) -> bytes:
        """Return the ended answers as JSON and forget them."""
        told = [
            {
                "id": answer.id,
                "received_ns": answer.received_ns,
                "written_ns": answer.written_ns.tolist(),
            }
            for answer in self._log
        ]
        self._log.clear()
        return json.dumps(told).encode()


def _end_with_stdin() -> None:
    sys.stdin.buffer.read()
    os._exit(0)


def _allow_descriptors() -> None:
    """Lift the limit of open files as far as it goes: one is needed for a stream."""
    if sys.platform != "win32":
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        with suppress(OSError, ValueError):  # macOS has an "unlimited" that is none
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def main() -> None:
    """Serve as the command line says, until the standard input closes."""
    default = wire.Schedule()
    parser = argparse.ArgumentParser(description="A server with a known schedule.")
    parser.add_argument("--ttft", type=float, default=default.ttft_s, help="seconds")
    parser.add_argument("--tokens", type=int, default=default.tokens)
    parser.add_argument("--gap", type=float, default=default.gap_s, help="seconds")
    parser.add_argument("--awake", action="store_true", help="take a whole core")
    given = parser.parse_args()
    if given.tokens < 1 or given.ttft < 0 or given.gap < 0:
        parser.error("needs one token or more, and no negative times")
    schedule = wire.Schedule(ttft_s=given.ttft, tokens=given.tokens, gap_s=given.gap)
    pulsing = Pulsing(schedule, awake=given.awake)
    _allow_descriptors()
    Thread(target=_end_with_stdin, daemon=True).start()
    gc.collect()
    gc.freeze()
    gc.disable()
    print(pulsing.port, flush=True)  # noqa: T201 - whoever started it reads this
    pulsing.serve()


if __name__ == "__main__":
    main()
