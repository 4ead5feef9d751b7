"""Where a server is, under which name it may be shown, and the way to it."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

from pytest_llmlat.values.confidential import Secret, WebAddress, shown_address
from pytest_llmlat.values.errors import ServerUnavailable

if TYPE_CHECKING:
    from collections.abc import Mapping

_PORTS = {"http": 80, "https": 443}
_SAFE = "/%:@!$&'()*+,;=~-._"
_QUERY_SAFE = _SAFE + "?"
_NO_QUERY = Secret("")


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """An address, taken apart; its credentials stand in no text of it."""

    scheme: str
    host: str
    port: int
    path: str
    query: Secret = _NO_QUERY
    user: Secret | None = None
    password: Secret | None = None

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
        return shown_address(f"{self.scheme}://{self.authority}{self.path}")

    @property
    def basic(self) -> Secret | None:
        """The credentials as an ``Authorization`` of the kind Basic."""
        if self.user is None:
            return None
        password = "" if self.password is None else self.password.reveal()
        pair = f"{self.user.reveal()}:{password}"
        return Secret(f"Basic {b64encode(pair.encode()).decode()}")

    def target(self, path: str, *, absolute: bool = False) -> Secret:
        """Return what to ask for: ``path`` below this address.

        Args:
            path: such as ``/models``.
            absolute: with scheme and host, as a proxy wants it.
        """
        query = f"?{self.query.reveal()}" if self.query else ""
        start = f"{self.scheme}://{self.authority}" if absolute else ""
        return Secret(f"{start}{self.path}{path}{query}")


def parse_address(url: WebAddress | str, *, where: str) -> Address:
    """Take an address apart.

    Args:
        url: such as ``http://user:password@host:8000/v1``.
        where: where it was given, for the message.

    Raises:
        ServerUnavailable: it is no http or https address. The message does not show
            it, since it may hold a password.
    """
    url = WebAddress(url) if isinstance(url, str) else url
    found = _taken_apart(url)
    if found is None:
        raise ServerUnavailable(
            f"{where}: not an address of a server; write http://HOST:PORT/v1 or"
            " https://HOST/v1"
        )
    return found


def _taken_apart(url: WebAddress) -> Address | None:
    """Return the parts of an address, ``None`` if it is none of a server."""
    try:
        parts = urlsplit(url.reveal().strip())
        port = parts.port
        host = (parts.hostname or "").encode("idna").decode("ascii")
    except ValueError:
        return None
    if parts.scheme not in _PORTS or not host:
        return None
    return Address(
        scheme=parts.scheme,
        host=host,
        port=_PORTS[parts.scheme] if port is None else port,
        path=quote(parts.path.rstrip("/"), safe=_SAFE),
        query=Secret(quote(parts.query, safe=_QUERY_SAFE)),
        user=None if parts.username is None else Secret(unquote(parts.username)),
        password=None if parts.password is None else Secret(unquote(parts.password)),
    )


def find_proxy(address: Address, proxies: Mapping[str, str] | None = None) -> Address:
    """Return the proxy that the environment names for ``address``, or itself.

    What is at this machine's own address (127.0.0.0/8, ::1) is asked itself: no proxy
    could reach it, and the clock is tried against a server there.

    Args:
        address: of the server.
        proxies: scheme to address; ``None`` reads ``HTTP_PROXY`` and its like.

    Raises:
        ServerUnavailable: the proxy is of a kind that is not spoken here.
    """
    url = _proxy_named(address, getproxies() if proxies is None else proxies)
    if (
        url is None
        or _is_here(address.host)
        or proxy_bypass(f"{address.host}:{address.port}")
    ):
        return address
    where = f"proxy of {address.text}, from {address.scheme.upper()}_PROXY"
    proxy = parse_address(url, where=where)
    if proxy.secure:
        raise ServerUnavailable(
            f"{where}: {proxy.text}: only proxies that are spoken to in plain http are"
            f" known here; set NO_PROXY={address.host} to go without one"
        )
    return proxy


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:  # a name
        return False


def _proxy_named(address: Address, proxies: Mapping[str, str]) -> WebAddress | None:
    url = proxies.get(address.scheme) or proxies.get("all")
    if not url:
        return None
    return WebAddress(url if "://" in url else f"http://{url}")
