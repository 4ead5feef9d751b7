"""A request with its retries and its time limit, on an event loop of its own."""

from __future__ import annotations

import asyncio
import logging
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from pytest_llmlat.backends.transport.connection import (
    Attempt,
    Connection,
    parser_library,
)
from pytest_llmlat.backends.transport.dialling import Unreachable
from pytest_llmlat.backends.transport.event_loop import (
    SIGNALS,
    awake_while,
    cancel_all,
    inside_a_loop,
    loop_factory,
)
from pytest_llmlat.backends.transport.messages import request_id
from pytest_llmlat.backends.transport.pool import Pool
from pytest_llmlat.backends.transport.retrying import (
    is_passing,
    told_to_retry,
    wait_asked,
)
from pytest_llmlat.backends.transport.secrets import Secrets
from pytest_llmlat.values.errors import MissingExtra, Unsupported
from pytest_llmlat.values.timing import NS_PER_S

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from pytest_llmlat.backends.transport.bodies import HttpResponse
    from pytest_llmlat.backends.transport.dialling import Dialler
    from pytest_llmlat.backends.transport.messages import WireMessage
    from pytest_llmlat.values.clock import Clock

T = TypeVar("T")

_LOG = logging.getLogger(__name__)

_STALE = "stale"
"""A kept connection had been closed by the server before it was used again."""
LONGEST_WAIT_S = 60.0
"""Who asks us by Retry-After to wait longer than this is not asked again."""
SUCCESS = range(200, 300)


@dataclass(slots=True, kw_only=True)
class EndedRequest:
    """A request that has ended: what came last, as raw as it came."""

    start_ns: int
    sent_ns: int | None
    """When it was sent for the first time; ``None`` if it never was."""
    end_ns: int
    last: Attempt
    retried_for: tuple[str, ...]
    timeout_s: float
    deadline: float = field(repr=False)
    """When it is given up, on the loop's clock."""

    @property
    def failed(self) -> bool:
        """Whether no whole answer came: an error or a time-out.

        Only the head and the framing are looked at; an error that a server reports
        inside of an answer is found by reading it.
        """
        return not self.last.complete or self.last.status not in SUCCESS


@dataclass(slots=True)
class _Call:
    """A request that is under way."""

    message: WireMessage
    timeout_s: float
    deadline: float
    sent_ns: int | None
    retried_for: list[str]


class Client:
    """Sends requests to one server and waits for the ends of the answers."""

    def __init__(  # noqa: PLR0913 - all that is agreed about its requests
        self,
        dialler: Dialler,
        clock: Clock,
        *,
        timeout_s: float,
        retries: int,
        backoff_s: float,
        secrets: Secrets | None = None,
        is_final: Callable[[HttpResponse], bool] | None = None,
        alive: Callable[[], bool] | None = None,
    ) -> None:
        """Prepare; nothing is sent or opened yet.

        Args:
            dialler: opens the connections.
            clock: stamps what is sent and what arrives.
            timeout_s: for a request with all its retries, from its first sending.
            retries: how often a request is sent again at most.
            backoff_s: the wait before the first retry; each further one is twice that.
            secrets: what stands in no line of the log.
            is_final: whether an answer that is tried again as a rule says that it would
                be the same the next time.
            alive: whether the server may answer at all; asked after a failure.

        Raises:
            MissingExtra: httptools or tenacity is not installed.
        """
        parser_library()
        # Loading it at the first retry would stop the clock's thread in a load.
        self._tenacity = _retry_library()
        self._clock = clock
        self._pool = Pool(dialler)
        self._timeout_s = timeout_s
        self._retries = retries
        self._backoff_s = backoff_s
        self._secrets = secrets or Secrets()
        self._is_final = is_final
        self._alive = alive
        self._in_flight = 0
        self.most_in_flight = 0
        """The most requests since :meth:`connect` that were sent and not answered."""
        self._closed = False
        self._raised: BaseException | None = None
        self._runner = asyncio.Runner(loop_factory=loop_factory())

    def run(self, main: Coroutine[object, object, T], *, awake: bool = False) -> T:
        """Run a coroutine to its end; whatever breaks it ends its tasks too.

        Args:
            main: what to run.
            awake: do not sleep while waiting: a core that has gone to sleep takes
                tenths of a millisecond to wake up, and stamps are late by that.

        Raises:
            Unsupported: another event loop is running in this thread.
        """
        if inside_a_loop():
            main.close()
            raise Unsupported(
                "a server is measured on an event loop of its own, and one is running:"
                " write the test as def, not async def, or measure in a thread"
            )
        loop = self._runner.get_loop()
        self._raised = None
        loop.set_exception_handler(self._stop_if_raised)
        try:
            return self._runner.run(awake_while(main) if awake else main)
        except BaseException:
            loop.run_until_complete(cancel_all())
            if self._raised is not None:
                raise self._raised from None
            raise

    def close(self) -> None:
        """Close the connections and the loop; a second time does nothing.

        Where another event loop is running in this thread, in one of its own: what is
        closed because of an error there must not hide the error.
        """
        if self._closed:
            return
        self._closed = True
        if inside_a_loop():
            closing = threading.Thread(target=self._close, name="llmlat-close")
            closing.start()
            closing.join()
        else:
            self._close()

    def _close(self) -> None:
        try:
            self._runner.run(self._pool.close())
        finally:
            self._runner.close()

    def _stop_if_raised(
        self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]
    ) -> None:
        """End the loop where a handler of a signal raised, such as a test's alarm.

        uvloop only reports it, and a hung server would hold the test in spite of it.
        """
        error = context.get("exception")
        if error is None or SIGNALS not in str(context.get("message")):
            loop.default_exception_handler(context)
            return
        self._raised = error
        loop.stop()

    async def connect(self, connections: int) -> None:
        """Open up to so many connections ahead, and count anew what is in flight.

        Raises:
            Unsupported: this process may not have so many open.
        """
        self.most_in_flight = self._in_flight
        with suppress(TimeoutError):
            async with asyncio.timeout(self._timeout_s):
                await self._pool.connect(connections)

    async def send(
        self,
        message: WireMessage,
        start_ns: int,
        *,
        after: tuple[EndedRequest, str] | None = None,
        retries: int | None = None,
        timeout_s: float | None = None,
    ) -> EndedRequest:
        """Send a request and wait for its end. Raises nothing but cancellation.

        Args:
            message: head and body.
            start_ns: from when its latency counts.
            after: what came of the same request in other words, and why those were
                not taken; times go on counting from there.
            retries: how often it is sent again; ``None`` as often as was agreed.
            timeout_s: its time limit; ``None`` for the one that was agreed.
        """
        call = self._call(message, after, timeout_s or self._timeout_s)
        attempt = await self._try(call, self._pool.take())
        if attempt.retry == _STALE:
            # Closed by the server while it was idle; that says nothing of the server.
            call.retried_for.append(_STALE)
            attempt = await self._try(call, None)
        most = self._retries if retries is None else retries
        if attempt.retry and most:
            attempt = await self._again(call, attempt, most)
        return EndedRequest(
            start_ns=start_ns,
            sent_ns=call.sent_ns,
            end_ns=attempt.end_ns,
            last=attempt,
            retried_for=tuple(call.retried_for),
            timeout_s=call.timeout_s,
            deadline=call.deadline,
        )

    def _call(
        self,
        message: WireMessage,
        after: tuple[EndedRequest, str] | None,
        timeout_s: float,
    ) -> _Call:
        if after is None:
            deadline = asyncio.get_running_loop().time() + timeout_s
            return _Call(message, timeout_s, deadline, None, [])
        before, why = after
        reasons = [*before.retried_for, why]
        return _Call(message, timeout_s, before.deadline, before.sent_ns, reasons)

    async def _try(self, call: _Call, connection: Connection | None) -> Attempt:
        """Send once, on an idle connection or on a new one."""
        loop = asyncio.get_running_loop()
        attempt = Attempt(reused=connection is not None)
        if connection is None:
            connection = await self._open(call, attempt)
            if connection is None:
                return attempt
            attempt.dns_s, attempt.connect_s, attempt.tls_s = connection.times
        if call.sent_ns is None:
            call.deadline = loop.time() + call.timeout_s
        left = max(0.0, call.deadline - loop.time())
        # Before the stamp of the sending; the end is told when the answer is whole.
        if told := _LOG.isEnabledFor(logging.DEBUG):
            self._tell_sending(call, attempt, left)
        self._in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self._in_flight)
        try:
            waiter = connection.ask(call.message, attempt, left)
            if call.sent_ns is None:
                call.sent_ns = attempt.sent_ns
            await waiter
        except BaseException:
            connection.abort()
            raise
        finally:
            self._in_flight -= 1
        self._pool.give_back(connection)
        if told:
            self._tell_end(call, attempt)
        if not attempt.stamps and attempt.reused and not attempt.timed_out:
            attempt.retry = _STALE
        elif self._may_pass(attempt):
            attempt.retry = str(attempt.status)
        return attempt

    async def _open(self, call: _Call, attempt: Attempt) -> Connection | None:
        """Open a connection in the time that is left, or say in ``attempt`` why not."""
        try:
            async with asyncio.timeout_at(call.deadline):
                return await self._pool.open()
        except Unreachable as error:
            attempt.trouble = str(error)
            attempt.retry = "connect" if error.again else None
        except TimeoutError:
            attempt.trouble = "timed out"
            attempt.timed_out = True
        attempt.end_ns = self._clock.now_ns()
        if _LOG.isEnabledFor(logging.DEBUG):
            trouble = self._secrets.line(attempt.trouble)
            _LOG.debug("%s: no connection: %s", request_id(call.message), trouble)
        return None

    def _tell_sending(self, call: _Call, attempt: Attempt, left: float) -> None:
        _LOG.debug(
            "%s: sending %d bytes on a %s connection; given up in %.1f s",
            request_id(call.message),
            len(call.message),
            "kept" if attempt.reused else "new",
            left,
        )

    def _tell_end(self, call: _Call, attempt: Attempt) -> None:
        _LOG.debug(
            "%s: %s, %d bytes in %d pieces, ended %.3f s after the sending",
            request_id(call.message),
            f"status {attempt.status}"
            if attempt.complete
            else self._secrets.line(attempt.trouble or "cut off"),
            len(attempt.data),
            len(attempt.stamps),
            (attempt.end_ns - (attempt.sent_ns or attempt.end_ns)) / NS_PER_S,
        )

    def _may_pass(self, attempt: Attempt) -> bool:
        """Whether the same request may succeed after what was answered."""
        if not attempt.complete or attempt.status in SUCCESS:
            return False
        answer = attempt.response()
        told = told_to_retry(answer.headers)
        if not (is_passing(attempt.status) if told is None else told):
            return False
        return self._is_final is None or not self._is_final(answer)

    async def _again(self, call: _Call, first: Attempt, retries: int) -> Attempt:
        """Send again after growing waits, until it helps or no more is allowed."""
        tenacity = self._tenacity
        loop = asyncio.get_running_loop()
        growing = tenacity.wait_exponential(
            multiplier=self._backoff_s, max=LONGEST_WAIT_S
        ) + tenacity.wait_random(0, self._backoff_s)

        def wait(state: Any) -> float:  # noqa: ANN401 - tenacity is loaded on use
            asked = wait_asked(state.outcome.result().response().headers)
            own = min(float(growing(state)), LONGEST_WAIT_S)
            return own if asked is None else asked

        def stop(state: Any) -> bool:  # noqa: ANN401 - tenacity is loaded on use
            pause = state.upcoming_sleep
            late = loop.time() + pause >= call.deadline
            enough = len(earlier) > retries
            enough |= self._alive is not None and not self._alive()
            return enough or late or bool(pause > LONGEST_WAIT_S)

        async def attempt() -> Attempt:
            last = first
            if earlier:
                call.retried_for.append(earlier[-1].retry or "")
                if _LOG.isEnabledFor(logging.DEBUG):
                    name, why = request_id(call.message), call.retried_for[-1]
                    _LOG.debug("%s: again, because of %s", name, why)
                last = await self._try(call, self._pool.take())
            earlier.append(last)
            return last

        earlier: list[Attempt] = []
        retrying = tenacity.AsyncRetrying(
            retry=tenacity.retry_if_result(lambda last: last.retry is not None),
            wait=wait,
            stop=stop,
            sleep=asyncio.sleep,
            # When no more is allowed, what came last is the answer.
            retry_error_callback=lambda state: state.outcome.result(),
        )
        last: Attempt = await retrying(attempt)
        return last


def _retry_library() -> Any:  # noqa: ANN401 - loaded on use
    try:
        import tenacity
    except ImportError as error:
        raise MissingExtra("http", "tenacity", wanted_by="HTTP servers") from error
    return tenacity
