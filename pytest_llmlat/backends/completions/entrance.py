"""How a server is entered: its address, the way to it, what lets us in.

All that must stand in no record and no message is gathered here, so that whatever is
told of the server can be freed of it.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote

from pytest_llmlat.backends.completions.server_settings import server_settings
from pytest_llmlat.backends.transport.addresses import find_proxy, parse_address
from pytest_llmlat.backends.transport.messages import Messages
from pytest_llmlat.backends.transport.own_headers import own_headers
from pytest_llmlat.backends.transport.secrets import Secrets
from pytest_llmlat.backends.weights import package_version
from pytest_llmlat.values.confidential import Secret, Variables, hidden_in
from pytest_llmlat.values.errors import ServerUnavailable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmlat.backends.completions.complaints import Key
    from pytest_llmlat.backends.completions.server_way import Way
    from pytest_llmlat.backends.transport.addresses import Address
    from pytest_llmlat.backends.transport.own_headers import OwnHeader
    from pytest_llmlat.values.entities import ModelSpec

_AUTHORIZATION = "authorization"
_PLAIN_QUERY = ("api-version",)
"""What an address may ask for behind ``?`` that is no secret: Azure's version."""
_DEPLOYMENTS = "deployments"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrance:
    """The way into one server."""

    address: Address
    proxy: Address
    """``address`` itself where there is none."""
    messages: Messages
    secrets: Secrets
    weights: str | None
    """The model's name there; ``None`` takes the server's only one."""
    shown: tuple[str, ...] = field(default=())
    """The entry's own headers as they may be told."""


def find_entrance(model: ModelSpec, way: Way) -> Entrance:
    """Return how the server of an entry is entered.

    Args:
        model: the entry; its headers are sent with every request.
        way: the server's address, the model's name there, and what lets us in. Where no
            name is said, an address of Azure's kind (``…/openai/deployments/NAME``)
            says it.

    Raises:
        ServerUnavailable: an address, a header or a proxy that cannot be used, or two
            ways at once to be let in.
    """
    where = f"model {model.name!r}"
    address, key = parse_address(way.url, where=where), way.key
    own = own_headers(model.headers, Variables(os.environ), where=where)
    basic = address.basic
    _one_way(where, own, basic=basic, key=key)
    proxy = address if way.direct else find_proxy(address)
    bearer = Secret(f"Bearer {key.value.reveal()}") if key else None
    return Entrance(
        address=address,
        proxy=proxy,
        messages=Messages(
            address,
            proxy,
            agent=f"pytest-llmlat/{package_version('pytest_llmlat') or 'unknown'}",
            authorization=bearer or basic,
            own=own,
        ),
        secrets=Secrets(
            *(key.value if key else None, address.password, proxy.password),
            *(basic, proxy.basic),
            *(header.value for header in own if header.secret),
            *_in_query(address),
            *map(Secret, hidden_in(server_settings(model).extra_body)),
        ),
        weights=way.weights or _deployed(address),
        shown=tuple(header.shown for header in own),
    )


def _one_way(
    where: str, own: Sequence[OwnHeader], *, basic: Secret | None, key: Key | None
) -> None:
    """See that a request carries one authorization.

    Raises:
        ServerUnavailable: it would carry two.
    """
    ways = {
        "its address holds a user": basic is not None,
        f"{key.source if key else ''} a key": key is not None,
        "its headers hold an Authorization": any(
            header.name.lower() == _AUTHORIZATION for header in own
        ),
    }
    found = [way for way, there in ways.items() if there]
    if len(found) > 1:
        raise ServerUnavailable(
            f"{where}: {', and '.join(found)}; a request can carry one of them: take"
            " one away"
        )


def _in_query(address: Address) -> list[Secret]:
    """Return what stands behind ``?`` and may be a key."""
    return [
        Secret(value)
        for name, value in parse_qsl(address.query.reveal())
        if name.lower() not in _PLAIN_QUERY
    ]


def _deployed(address: Address) -> str | None:
    """Return the name behind ``/deployments/`` in an address, ``None`` if none is."""
    parts = address.path.split("/")
    if _DEPLOYMENTS not in parts:
        return None
    name = parts[parts.index(_DEPLOYMENTS) + 1 :][:1]
    return unquote(name[0]) if name and name[0] else None
