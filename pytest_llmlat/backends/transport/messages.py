"""Requests as they are sent, byte by byte."""

from __future__ import annotations

import itertools
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_llmlat.backends.transport.secrets import can_be_sent
from pytest_llmlat.values.confidential import Secret
from pytest_llmlat.values.errors import ServerUnavailable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmlat.backends.transport.addresses import Address
    from pytest_llmlat.backends.transport.own_headers import OwnHeader

JSON = "application/json"
EVENTS = "text/event-stream"
PLAIN_TEXT = "text/plain"


_ID = b"X-Request-Id: "


class WireMessage:
    """A request, head and body, as it is sent; its head holds what lets us in."""

    __slots__ = ("_content",)

    def __init__(self, content: bytes) -> None:
        """Take the bytes."""
        self._content = content

    def reveal(self) -> bytes:
        """Return the bytes."""
        return self._content

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._content)

    def __repr__(self) -> str:
        """Say how long it is, and no more."""
        return f"<request of {len(self)} bytes>"


def request_id(message: WireMessage) -> str:
    """Return by which name a request goes, here and in the log of a server."""
    behind = message.reveal().partition(_ID)[2]
    return behind.partition(b"\r")[0].decode("ascii", "replace")


class Messages:
    """Writes the requests to one server."""

    def __init__(
        self,
        address: Address,
        proxy: Address,
        *,
        agent: str,
        authorization: Secret | None,
        own: Sequence[OwnHeader] = (),
    ) -> None:
        """Prepare what all requests share.

        Args:
            address: of the server.
            proxy: what the connections lead to; ``address`` itself without a proxy.
            agent: who asks.
            authorization: the value of that header.
            own: what the user adds; it stands in the place of ours of the same name.

        Raises:
            ServerUnavailable: the authorization cannot stand in a header.
        """
        self._address = address
        self._above = replace(address, path=address.path.removesuffix("/v1"))
        # TLS goes through a proxy in a tunnel, and the proxy does not see the request.
        self._absolute = proxy != address and not address.secure
        told = {header.name.lower() for header in own}
        usual = {"Host": address.authority, "User-Agent": agent}
        headers = {n: Secret(v) for n, v in usual.items() if n.lower() not in told}
        headers |= {header.name: header.value for header in own}
        if authorization:
            if not can_be_sent(authorization):
                raise ServerUnavailable(
                    f"{address.text}: its key holds a line break or a character that"
                    " cannot be sent; look at what the variable or the file holds"
                )
            headers["Authorization"] = authorization
        if self._absolute and proxy.basic:
            headers["Proxy-Authorization"] = proxy.basic
        # A packed stream would come in larger pieces, later than it was written.
        headers["Accept-Encoding"] = Secret("identity")
        lines = (f"{name}: {value.reveal()}" for name, value in headers.items())
        self._shared = Secret("\r\n".join(lines))
        # Some servers take nothing but a UUID; ours count in their last part.
        run = uuid.uuid4()
        self._run = str(run)[: -len("000000000000")]
        self._numbers = itertools.count(1)
        self._starts: dict[tuple[bool, str, str], Secret] = {}

    def get(self, path: str) -> WireMessage:
        """Return a request for ``path`` below the address."""
        target = self._address.target(path, absolute=self._absolute)
        return self._message(self._start("GET", target, JSON), "")

    def get_beside(self, path: str, *, accept: str) -> WireMessage:
        """Return a request for ``path`` beside the versioned API."""
        target = self._above.target(path, absolute=self._absolute)
        return self._message(self._start("GET", target, accept), "")

    def beside(self, path: str, body: bytes) -> WireMessage:
        """Return a request that posts JSON to ``path`` beside the versioned API."""
        return self._posted(self._above, path, body, accept=JSON)

    def post(self, path: str, body: bytes, *, accept: str) -> WireMessage:
        """Return a request that posts JSON to ``path`` below the address."""
        return self._posted(self._address, path, body, accept=accept)

    def _posted(
        self, base: Address, path: str, body: bytes, *, accept: str
    ) -> WireMessage:
        # All but the number and the length is the same each time: a load writes many.
        known = (base is self._above, path, accept)
        start = self._starts.get(known)
        if start is None:
            target = base.target(path, absolute=self._absolute)
            start = self._starts[known] = self._start("POST", target, accept)
        more = f"Content-Type: {JSON}\r\nContent-Length: {len(body)}\r\n"
        return self._message(start, more, body)

    def _start(self, method: str, target: Secret, accept: str) -> Secret:
        """Return a head up to the number of its request."""
        return Secret(
            f"{method} {target.reveal()} HTTP/1.1\r\n{self._shared.reveal()}\r\n"
            f"Accept: {accept}\r\nX-Request-Id: {self._run}"
        )

    def _message(self, start: Secret, more: str, body: bytes = b"") -> WireMessage:
        head = f"{start.reveal()}{next(self._numbers):012x}\r\n{more}\r\n"
        return WireMessage(head.encode("ascii") + body)
