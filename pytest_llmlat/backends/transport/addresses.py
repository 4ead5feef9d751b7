"""Where a server is, under which name it may be shown, and the way to it."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

from pytest_llmlat.values.errors import ServerUnavailable

if TYPE_CHECKING:
    from collections.abc import Mapping

_PORTS = {"http": 80, "https": 443}
_SAFE = "/%:@!$&'()*+,;=~-._"
_QUERY_SAFE = _SAFE + "?"


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """An address, taken apart; its credentials stand in no text of it."""

    scheme: str
    host: str
    port: int
    path: str
    query: str = ""
    user: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)

    @property
    def secure(self) -> bool:
        """Whether it is reached by TLS."""
        return self.scheme == "https"

    @property
    def authority(self) -> str:
        """The host and, where it is not the usual one, the port."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def text(self) -> str:
        """The address as it may be shown: no credentials, and no query."""
        return f"{self.scheme}://{self.authority}{self.path}"

    @property
    def basic(self) -> str | None:
        """The credentials as an ``Authorization`` of the kind Basic."""
        if self.user is None:
            return None
        pair = f"{self.user}:{self.password or ''}"
        return f"Basic {b64encode(pair.encode()).decode()}"

    def target(self, path: str, *, absolute: bool = False) -> str:
        """Return what to ask for: ``path`` below this address.

        Args:
            path: such as ``/models``.
            absolute: with scheme and host, as a proxy wants it.
        """
        query = f"?{self.query}" if self.query else ""
        start = f"{self.scheme}://{self.authority}" if absolute else ""
        return f"{start}{self.path}{path}{query}"


def parse_address(url: str, *, where: str) -> Address:
    """Take an address apart.

    Args:
        url: such as ``http://user:password@host:8000/v1``.
        where: where it was given, for the message.

    Raises:
        ServerUnavailable: it is no http or https address. The message does not show
            it, since it may hold a password.
    """
    try:
        parts = urlsplit(url.strip())
        port = parts.port
        host = (parts.hostname or "").encode("idna").decode("ascii")
    except ValueError:
        parts, port, host = urlsplit(""), None, ""
    if parts.scheme not in _PORTS or not host:
        raise ServerUnavailable(
            f"{where}: not an address of a server; write http://HOST:PORT/v1 or"
            " https://HOST/v1"
        )
    return Address(
        scheme=parts.scheme,
        host=host,
        port=_PORTS[parts.scheme] if port is None else port,
        path=quote(parts.path.rstrip("/"), safe=_SAFE),
        query=quote(parts.query, safe=_QUERY_SAFE),
        user=None if parts.username is None else unquote(parts.username),
        password=None if parts.password is None else unquote(parts.password),
    )


def find_proxy(address: Address, proxies: Mapping[str, str] | None = None) -> Address:
    """Return the proxy that the environment names for ``address``, or itself.

    Args:
        address: of the server.
        proxies: scheme to address; ``None`` reads ``HTTP_PROXY`` and its like.

    Raises:
        ServerUnavailable: the proxy is of a kind that is not spoken here.
    """
    found = getproxies() if proxies is None else proxies
    url = found.get(address.scheme) or found.get("all")
    if not url or proxy_bypass(f"{address.host}:{address.port}"):
        return address
    where = f"proxy of {address.text}, from {address.scheme.upper()}_PROXY"
    proxy = parse_address(url if "://" in url else f"http://{url}", where=where)
    if proxy.secure:
        raise ServerUnavailable(
            f"{where}: {proxy.text}: only proxies that are spoken to in plain http are"
            f" known here; set NO_PROXY={address.host} to go without one"
        )
    return proxy
