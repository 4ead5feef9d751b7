"""From the name of a server to an open connection, with the time of each step."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import os
import socket
import ssl
from contextlib import suppress
from typing import TYPE_CHECKING, TypeAlias

from pytest_llmlat.backends.transport.connection import AnswerEnds, Connection
from pytest_llmlat.backends.transport.messages import WireMessage
from pytest_llmlat.values.errors import ServerUnavailable
from pytest_llmlat.values.timing import NS_PER_S

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from pytest_llmlat.backends.transport.addresses import Address
    from pytest_llmlat.backends.transport.bodies import AnswerLimits, HttpResponse
    from pytest_llmlat.values.clock import Clock

    Found: TypeAlias = Sequence[tuple[int, int, int, str, tuple[object, ...]]]
    Resolver: TypeAlias = Callable[[str, int], Awaitable[Found]]

_LOG = logging.getLogger(__name__)
CONNECT_S = 10.0
"""How long one address of a server may take to let us in."""
_PROXY_HEAD = 16_384


class Unreachable(ServerUnavailable):
    """No connection could be opened. The message says at which step, and why."""

    def __init__(self, message: str, *, again: bool) -> None:
        """Say whether it may help to try ``again``."""
        super().__init__(message)
        self.again = again


class Dialler:
    """Opens connections to one server."""

    def __init__(
        self,
        address: Address,
        proxy: Address,
        clock: Clock,
        *,
        resolve: Resolver | None = None,
        is_whole: Callable[[HttpResponse], bool] | None = None,
        limits: AnswerLimits | None = None,
    ) -> None:
        """Prepare.

        Args:
            address: of the server.
            proxy: to connect to; ``address`` itself where there is none.
            clock: for the time of each step.
            resolve: looks a name up; ``None`` asks the system.
            is_whole: see :class:`AnswerEnds`.
            limits: see :class:`Connection`.
        """
        self._address = address
        self._proxy = proxy
        self._clock = clock
        self._resolve = resolve or _look_up
        self._ends = None if is_whole is None else AnswerEnds(is_whole)
        self._limits = limits
        self._context: ssl.SSLContext | None = None

    async def dial(self, on_close: Callable[[Connection], None]) -> Connection:
        """Open a connection.

        Raises:
            Unreachable: no such name, nobody there, a proxy that refuses, or a
                certificate that is not trusted.
        """
        # Told before the first stamp and after the last one.
        if told := _LOG.isEnabledFor(logging.DEBUG):
            _LOG.debug("%s: connecting%s", self._address.text, self._by_proxy)
        start = self._clock.now_ns()
        found, by_name = await self._find()
        named = self._clock.now_ns()
        sock = await self._connect(found)
        try:
            if self._proxy != self._address and self._address.secure:
                await self._tunnel(sock)
            connected = self._clock.now_ns()
            connection = await self._wrap(sock, on_close)
        except BaseException:
            sock.close()
            raise
        secured = self._clock.now_ns()
        connection.times = (
            (named - start) / NS_PER_S if by_name else None,
            (connected - named) / NS_PER_S,
            (secured - connected) / NS_PER_S if self._address.secure else None,
        )
        if told:
            self._tell_connected(connection)
        return connection

    def _tell_connected(self, connection: Connection) -> None:
        steps = ("name looked up", "connected", "TLS agreed")
        spent = [
            f"{step} in {seconds:.3f} s"
            for step, seconds in zip(steps, connection.times, strict=True)
            if seconds is not None
        ]
        _LOG.debug("%s: %s", self._address.text, ", ".join(spent))

    async def _find(self) -> tuple[Found, bool]:
        host, port = self._proxy.host, self._proxy.port
        try:
            if _numeric(host):
                kind, how = socket.SOCK_STREAM, socket.AI_NUMERICHOST
                return socket.getaddrinfo(host, port, type=kind, flags=how), False
            return await self._resolve(host, port), True
        except (OSError, UnicodeError) as error:
            raise Unreachable(
                f"the name {host!r} cannot be looked up: {_reason(error)}; check the"
                f" address{self._by_proxy}",
                again=getattr(error, "errno", None) == socket.EAI_AGAIN,
            ) from None

    async def _connect(self, found: Found) -> socket.socket:
        problem = "no address"
        for family, kind, protocol, _, place in found:
            try:
                return await _knock(socket.socket(family, kind, protocol), place)
            except TimeoutError:
                problem = f"no answer within {CONNECT_S:g} s"
            except OSError as error:
                problem = _reason(error)
        raise Unreachable(
            f"cannot connect to {self._proxy.host} port {self._proxy.port}: {problem};"
            f" is the server running, and is the port right?{self._by_proxy}",
            again=True,
        )

    async def _tunnel(self, sock: socket.socket) -> None:
        """Ask the proxy for a way through to the server."""
        loop = asyncio.get_running_loop()
        host = self._address.host
        place = f"{f'[{host}]' if ':' in host else host}:{self._address.port}"
        asked = self._asked_of_proxy(place)
        head = b""
        try:
            async with asyncio.timeout(CONNECT_S):
                await loop.sock_sendall(sock, asked.reveal())
                while b"\r\n\r\n" not in head and len(head) < _PROXY_HEAD:
                    data = await loop.sock_recv(sock, _PROXY_HEAD)
                    if not data:
                        break
                    head += data
        except OSError as error:
            raise Unreachable(
                f"the proxy broke off: {_reason(error)}{self._by_proxy}", again=True
            ) from None
        status = head.partition(b"\r\n")[0].split(b" ", 2)[1:]
        if not status or not status[0].startswith(b"2"):
            said = b" ".join(status).decode("latin-1")[:80]
            told = "".join(c for c in said if c.isprintable()) or "nothing"
            raise Unreachable(
                f"the proxy does not let us through to {place}: it said {told!r}"
                f"{self._by_proxy}; for 407 put user and password into its address",
                again=False,
            )

    def _asked_of_proxy(self, place: str) -> WireMessage:
        lines = [f"CONNECT {place} HTTP/1.1", f"Host: {place}"]
        if self._proxy.basic:
            lines.append(f"Proxy-Authorization: {self._proxy.basic.reveal()}")
        return WireMessage("\r\n".join([*lines, "", ""]).encode())

    async def _wrap(
        self, sock: socket.socket, on_close: Callable[[Connection], None]
    ) -> Connection:
        loop = asyncio.get_running_loop()
        try:
            context = self._tls() if self._address.secure else None
            _, connection = await loop.create_connection(
                lambda: Connection(self._clock, on_close, self._ends, self._limits),
                sock=sock,
                ssl=context,
                server_hostname=self._address.host if context else None,
                ssl_handshake_timeout=CONNECT_S if context else None,
            )
        except ssl.SSLError as error:
            why = getattr(error, "verify_message", "") or error.reason or str(error)
            raise Unreachable(
                f"TLS with {self._address.host} failed: {why}; if its certificate is"
                " from an authority of your own, set SSL_CERT_FILE to that"
                " authority's PEM file; if it speaks no TLS, write http://",
                again=False,
            ) from None
        except OSError as error:
            raise Unreachable(
                f"{self._address.host} broke off while the connection was set up:"
                f" {_reason(error)}",
                again=True,
            ) from None
        return connection

    def _tls(self) -> ssl.SSLContext:
        if self._context is None:
            # Reads SSL_CERT_FILE and SSL_CERT_DIR.
            self._context = ssl.create_default_context()
            with suppress(NotImplementedError):
                self._context.set_alpn_protocols(["http/1.1"])
        return self._context

    @property
    def _by_proxy(self) -> str:
        if self._proxy == self._address:
            return ""
        return f" (proxy {self._proxy.text}, from the environment)"


async def _knock(sock: socket.socket, place: tuple[object, ...]) -> socket.socket:
    """Connect a socket, or close it."""
    try:
        sock.setblocking(False)  # noqa: FBT003 - the socket's own interface
        # A request must not wait until an earlier packet is acknowledged.
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        async with asyncio.timeout(CONNECT_S):
            await asyncio.get_running_loop().sock_connect(sock, place)
    except BaseException:
        sock.close()
        raise
    return sock


async def _look_up(host: str, port: int) -> Found:
    loop = asyncio.get_running_loop()
    return await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)


def _numeric(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _reason(error: BaseException) -> str:
    # A loop may put words of its own into a system error; the number is the system's.
    if isinstance(error, ConnectionError) and error.errno:
        return os.strerror(error.errno)
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
