"""One connection: it stamps what arrives and finds where an answer ends, no more.

Everything here runs while other answers are being timed. Bodies are not looked into:
:mod:`pytest_llmlat.backends.transport.bodies` does that when the load is over.
"""

from __future__ import annotations

import asyncio
import logging
from array import array
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from pytest_llmlat.backends.transport.bodies import (
    FINAL,
    AnswerLimits,
    HttpResponse,
    too_large,
    unpack,
)
from pytest_llmlat.backends.transport.messages import request_id
from pytest_llmlat.values.errors import MissingExtra
from pytest_llmlat.values.timing import NS_PER_S

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmlat.backends.transport.messages import WireMessage
    from pytest_llmlat.values.clock import Clock

_LOG = logging.getLogger(__name__)
_MARK = b"[DONE]"
_TAIL = 32
"""Bytes at the end of what arrives in which the mark is looked for. Where it lies
farther in, the look that comes every second finds it."""
_GRACE_S = 0.05
"""How long after the mark of the end a body may take to end by its framing too."""
_APART = (5**0.5 - 1) / 2
"""Of the golden ratio: multiples of it divide a second evenly, however many come."""
_QUIET_S = 1.0
"""After so long without data it is looked whether the answer may be whole already."""
_SHOWN = 12
"""Bytes of what is no answer that are shown: a few tell the kind of server."""
_CLOSED = "the server closed the connection and answered nothing"


def _array(kind: str) -> array[int]:
    return array(kind)


@dataclass(slots=True, eq=False)
class Attempt:
    """One sending of a request, and what came back.

    Stamps and sizes are arrays and all bytes lie in one: a list of a million tuples
    would make the garbage collector stop the clock's thread again and again. None of
    them is printed: asyncio prints the result of each task that it ran by itself
    (``signal.getsignal`` tells of a handler that is none of its own), and a body of
    64 MB took four times as much again.
    """

    reused: bool = False
    dns_s: float | None = None
    connect_s: float | None = None
    tls_s: float | None = None
    sent_ns: int | None = None
    end_ns: int = 0
    stamps: array[int] = field(default_factory=lambda: _array("q"), repr=False)
    sizes: array[int] = field(default_factory=lambda: _array("I"), repr=False)
    data: bytearray = field(default_factory=bytearray, repr=False)
    status: int | None = None
    complete: bool = False
    """The answer came to its end."""
    timed_out: bool = False
    trouble: str | None = None
    """What broke, where no whole answer came."""
    retry: str | None = None
    """Why it may help to send again: nothing was answered, or what may pass."""
    limits: AnswerLimits = AnswerLimits()  # noqa: RUF009 - it is frozen
    """How large the answer may be."""
    too_large: bool = False
    """It was given up since it is larger."""

    def response(self) -> HttpResponse:
        """Take apart what came back; it is done anew each time.

        Of what was given up for its size only the beginning is.
        """
        if self.too_large and self.sizes:
            return unpack(self.stamps[:1], self.sizes[:1], self.data, self.limits)
        return unpack(self.stamps, self.sizes, self.data, self.limits)


@dataclass(slots=True)
class AnswerEnds:
    """How a server ends its answers, as all connections to it have seen by now."""

    is_whole: Callable[[HttpResponse], bool]
    """Whether an answer says that it is at its end, though its body is not."""
    stay_open: bool = False
    """Some did: from then on the mark of the end is looked for in all that comes. Most
    servers end the body with it, and for them no piece is searched."""
    asked: int = 0
    """Requests that were sent without a look that was left of one before."""

    def next_place(self) -> float:
        """Return where in a second the next connection looks, each at another place.

        A thousand that begin at once would else look all at once, and stop the clock
        for some milliseconds in each second.
        """
        self.asked += 1
        return (self.asked - 1) * _APART % 1.0


class Connection(asyncio.Protocol):
    """A connection to a server that takes one request after the other."""

    def __init__(
        self,
        clock: Clock,
        on_close: Callable[[Connection], None],
        ends: AnswerEnds | None = None,
        limits: AnswerLimits | None = None,
    ) -> None:
        """Prepare for a transport.

        Args:
            clock: read as the first thing when bytes arrive.
            on_close: told once when the connection is gone.
            ends: how the server ends its answers; some keep the connection open and
                send heartbeats for ever. ``None`` waits for the end of the body.
            limits: how large an answer may be; ``None`` for the usual sizes.
        """
        httptools = parser_library()
        self._now = clock.now_ns
        self._on_close = on_close
        self._ends = ends
        self._limits = limits or AnswerLimits()
        self._look: asyncio.TimerHandle | None = None
        self._waits_s = 0.0
        """Seconds that the next look waits."""
        self._parser: Any = httptools.HttpResponseParser(self)
        self._feed = self._parser.feed_data
        self._not_http = (
            httptools.HttpParserError,
            httptools.HttpParserUpgrade,
        )
        self._transport: asyncio.Transport | None = None
        self._attempt: Attempt | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._again = False
        self._headed = False
        self._most = 0
        """How many bytes may have come by now."""
        self._unseen = 0
        """How many of them need no closer look."""
        self.times: tuple[float | None, float | None, float | None] = (None,) * 3
        """Seconds to look up the name, to connect and for TLS."""
        self.closed = False

    def ask(
        self, message: WireMessage, attempt: Attempt, seconds: float
    ) -> asyncio.Future[None]:
        """Send a request; the future is done when ``attempt`` is filled in.

        Args:
            message: the request, head and body.
            attempt: where to put what comes.
            seconds: after which it is given up.
        """
        loop = asyncio.get_running_loop()
        self._waiter = waiter = loop.create_future()
        self._attempt = attempt
        self._again = self._headed = False
        attempt.limits = self._limits
        self._allow(self._limits.head)
        self._timer = loop.call_later(seconds, self._give_up)
        if self._look is None:
            # One that is left of the request before will do: timers take time.
            place = 0.0 if self._ends is None else self._ends.next_place()
            self._look_in(_QUIET_S, later_s=place)
        if _LOG.isEnabledFor(logging.DEBUG):
            self._tell_first(message)
        attempt.sent_ns = self._now()
        if self._transport is None or self.closed:
            self._end(attempt, attempt.sent_ns, _CLOSED)
        else:
            self._transport.write(message.reveal())
        return waiter

    @property
    def ready(self) -> bool:
        """Whether another request may follow on this connection."""
        return self._again and not self.closed

    def abort(self) -> None:
        """Close at once; what is under way ends without an answer."""
        self.closed = True
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Stamp a piece, keep it, and see whether the answer is complete."""
        stamp = self._now()
        attempt = self._attempt
        if attempt is None:
            # Nothing was asked: it would be taken for the answer to the next request.
            self.abort()
            return
        attempt.stamps.append(stamp)
        attempt.sizes.append(len(data))
        whole = attempt.data
        whole += data
        try:
            self._feed(data)
        except self._not_http as error:
            if not attempt.complete:
                told = f"what came is not HTTP/1.1: {error}"
                if not attempt.data.startswith(b"HTTP/"):
                    # Another kind of server, such as one that wants TLS.
                    told += f"; it begins {bytes(attempt.data[:_SHOWN])!r}"
                self._end(attempt, stamp, told)
            self.abort()
        if attempt.complete:
            self._end(attempt, stamp, None)
        elif len(whole) > self._unseen:
            # One comparison for both: this runs for each token of every stream.
            if len(whole) > self._most:
                self._refuse(attempt, stamp)
            elif data.find(_MARK, -_TAIL) >= 0:
                self._look_in(_GRACE_S)

    def _allow(self, most: int) -> None:
        """Let so many bytes come; where answers stay open, look at each piece."""
        self._most = most
        open_ = self._ends is not None and self._ends.stay_open
        self._unseen = 0 if open_ else most

    def _refuse(self, attempt: Attempt, stamp: int) -> None:
        """Give up an answer that is larger than it may be."""
        limits = attempt.limits
        attempt.too_large = True
        self._end(
            attempt,
            stamp,
            too_large("the body of the answer", limits.body)
            if self._headed
            else too_large("the head of the answer", limits.head),
        )
        self.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """End what is under way: for some answers that is the regular end."""
        self.closed = True
        # The two know each other: without this they would wait for the collector.
        self._parser = self._feed = None
        self._on_close(self)
        attempt = self._attempt
        if attempt is None:
            return
        stamp = self._now()
        if not attempt.stamps:
            why = f": {exc}" if exc else ""
            self._end(attempt, stamp, f"{_CLOSED}{why}")
            return
        answer = attempt.response()
        attempt.status = answer.status
        attempt.complete = answer.whole and exc is None
        self._end(
            attempt,
            stamp,
            None
            if attempt.complete
            else "the answer was cut off: the server closed the connection in it",
        )

    def on_message_begin(self) -> None:
        """See an answer that nobody asked for, behind the one that was asked for."""
        if self._attempt is not None and self._attempt.complete:
            self.closed = True

    def on_headers_complete(self) -> None:
        """See the end of a head: from here on a body may come."""
        attempt = self._attempt
        if attempt is not None and self._parser.get_status_code() >= FINAL:
            self._headed = True
            self._allow(len(attempt.data) + attempt.limits.body)

    def on_message_complete(self) -> None:
        """See the end of an answer; the parser forgets the rest right after it."""
        attempt = self._attempt
        if attempt is None or attempt.complete:
            return
        status = self._parser.get_status_code()
        if status >= FINAL:
            attempt.status = status
            attempt.complete = True
            self._again = self._parser.should_keep_alive()

    def _tell_first(self, message: WireMessage) -> None:
        """Log the arrival of the answer's first piece.

        It stands before the parser for that one piece, so that no piece of a run that
        nobody logs is asked whether it is to be told.
        """
        if self._parser is None:
            return
        feed = self._parser.feed_data

        def first(data: bytes) -> None:
            self._feed = feed
            _LOG.debug("%s: first %d bytes are here", request_id(message), len(data))
            feed(data)

        self._feed = first

    def _look_in(self, seconds: float, later_s: float = 0.0) -> None:
        """Look after a while whether the answer is whole, though its body goes on.

        Args:
            seconds: without data after which it may be.
            later_s: how much later it is looked.
        """
        if self._ends is None:
            return
        if self._look is not None:
            self._look.cancel()
        loop = asyncio.get_running_loop()
        self._waits_s = seconds
        self._look = loop.call_later(seconds + later_s, self._end_if_whole)

    def _end_if_whole(self) -> None:
        """End what says that it is whole, at the instant of its last data."""
        self._look = None
        attempt, waited = self._attempt, self._waits_s
        if attempt is None or self._ends is None:
            return
        last = _last_data(attempt)
        quiet = last is not None and self._now() - last >= waited * NS_PER_S
        if quiet and last is not None:
            answer = attempt.response()
            if self._ends.is_whole(answer):
                self._ends.stay_open = True
                attempt.status, attempt.complete = answer.status, True
                self._end(attempt, last, None)
                self.abort()
                return
        # Each time twice as long: to look takes time from other answers.
        self._look_in(max(_QUIET_S, 2 * waited if quiet else waited))

    def _give_up(self) -> None:
        attempt = self._attempt
        if attempt is not None:
            attempt.timed_out = True
            self._end(attempt, self._now(), "timed out")
            self.abort()

    def _end(self, attempt: Attempt, stamp: int, trouble: str | None) -> None:
        attempt.end_ns = stamp
        attempt.trouble = trouble
        self._attempt = None
        if self._timer is not None:
            self._timer.cancel()
        if self._look is not None and (self._waits_s > _QUIET_S or self.closed):
            # Too late for the next request, or there is none.
            self._look.cancel()
            self._look = None
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


def _last_data(attempt: Attempt) -> int | None:
    """Return when the last piece came that is more than a heartbeat."""
    end = len(attempt.data)
    for place in reversed(range(len(attempt.stamps))):
        begin = end - attempt.sizes[place]
        if b"data:" in attempt.data[begin:end]:
            return attempt.stamps[place]
        end = begin
    return None


def parser_library() -> Any:  # noqa: ANN401 - httptools has no types
    """Return httptools.

    Raises:
        MissingExtra: it is not installed.
    """
    try:
        import httptools
    except ImportError as error:
        raise MissingExtra("http", "httptools", wanted_by="HTTP servers") from error
    return httptools
