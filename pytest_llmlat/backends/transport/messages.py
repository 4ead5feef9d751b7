"""Requests as they are sent, byte by byte."""

from __future__ import annotations

import itertools
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_llmlat.values.errors import ServerUnavailable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmlat.backends.transport.addresses import Address
    from pytest_llmlat.backends.transport.own_headers import OwnHeader

JSON = "application/json"
EVENTS = "text/event-stream"
PLAIN_TEXT = "text/plain"


_ID = b"X-Request-Id: "


def request_id(message: bytes) -> str:
    """Return by which name a request goes, here and in the log of a server."""
    return message.partition(_ID)[2].partition(b"\r")[0].decode("ascii", "replace")


class Messages:
    """Writes the requests to one server."""

    def __init__(
        self,
        address: Address,
        proxy: Address,
        *,
        agent: str,
        authorization: str | None,
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
        lines = [f"{n}: {v}" for n, v in usual.items() if n.lower() not in told]
        lines += [f"{header.name}: {header.value}" for header in own]
        if authorization:
            if not (authorization.isascii() and authorization.isprintable()):
                raise ServerUnavailable(
                    f"{address.text}: its key holds a line break or a character that"
                    " cannot be sent; look at what the variable or the file holds"
                )
            lines.append(f"Authorization: {authorization}")
        if self._absolute and proxy.basic:
            lines.append(f"Proxy-Authorization: {proxy.basic}")
        # A packed stream would come in larger pieces, later than it was written.
        lines.append("Accept-Encoding: identity")
        self._shared = "\r\n".join(lines)
        # Some servers take nothing but a UUID; ours count in their last part.
        run = uuid.uuid4()
        self._run = str(run)[: -len("000000000000")]
        self._numbers = itertools.count(1)

    def get(self, path: str) -> bytes:
        """Return a request for ``path`` below the address."""
        target = self._address.target(path, absolute=self._absolute)
        return self._head("GET", target, JSON, "")

    def get_beside(self, path: str, *, accept: str) -> bytes:
        """Return a request for ``path`` beside the versioned API."""
        target = self._above.target(path, absolute=self._absolute)
        return self._head("GET", target, accept, "")

    def beside(self, path: str, body: bytes) -> bytes:
        """Return a request that posts JSON to ``path`` beside the versioned API."""
        return self._posted(self._above, path, body, accept=JSON)

    def post(self, path: str, body: bytes, *, accept: str) -> bytes:
        """Return a request that posts JSON to ``path`` below the address."""
        return self._posted(self._address, path, body, accept=accept)

    def _posted(self, base: Address, path: str, body: bytes, *, accept: str) -> bytes:
        more = f"Content-Type: {JSON}\r\nContent-Length: {len(body)}\r\n"
        return (
            self._head("POST", base.target(path, absolute=self._absolute), accept, more)
            + body
        )

    def _head(self, method: str, target: str, accept: str, more: str) -> bytes:
        return (
            f"{method} {target} HTTP/1.1\r\n{self._shared}\r\nAccept: {accept}\r\n"
            f"X-Request-Id: {self._run}{next(self._numbers):012x}\r\n{more}\r\n"
        ).encode("ascii")
