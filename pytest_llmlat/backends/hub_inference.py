"""Hugging Face's cloud: Inference Providers by their router, or a dedicated Endpoint.

Options of the entry, beside those of ``completions``: ``provider`` (such as ``groq``;
without it the router chooses), ``endpoint`` (the address of a dedicated Endpoint) and
``router`` (another address of the router).
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from pytest_llmlat.backends.backend_kind import BackendKind
from pytest_llmlat.machine.hub_token import find_token
from pytest_llmlat.values.confidential import Variables, WebAddress, as_address
from pytest_llmlat.values.errors import ServerUnavailable

if TYPE_CHECKING:
    from pytest_llmlat.backends.completions.completions_server import Completions
    from pytest_llmlat.values.clock import Clock
    from pytest_llmlat.values.entities import Deployment, ModelSpec
    from pytest_llmlat.values.raw_answers import RawAnswer
    from pytest_llmlat.values.records import Request, Response

ROUTER = "https://router.huggingface.co/v1"
_REMEDY = (
    "make a token that may call Inference Providers at"
    " https://huggingface.co/settings/tokens and run: export HF_TOKEN=..."
)


def open_model(deployment: Deployment, clock: Clock) -> Completions:
    """Open the way to a model that Hugging Face serves or passes on.

    Raises:
        MissingExtra: httptools or tenacity is not installed.
        ServerUnavailable: no token, no model, or a server that cannot be reached.
    """
    from pytest_llmlat.backends.completions.complaints import Key  # noqa: PLC0415 - on use
    from pytest_llmlat.backends.completions.completions_server import open_server  # noqa: PLC0415 - on use
    from pytest_llmlat.backends.completions.server_way import Way  # noqa: PLC0415 - on use

    model = deployment.model
    endpoint = as_address(model.url) or _optional(model, "endpoint")
    token = find_token(Variables(os.environ), variable=model.api_key_env)
    if token is None:
        raise ServerUnavailable(
            f"model {model.name!r} on device {deployment.device!r}: no Hugging Face"
            f" token; {_REMEDY}"
        )
    weights = model.weights
    if endpoint is None:
        if not weights:
            raise ServerUnavailable(
                f"model {model.name!r}: names no model of the hub; write ORG/NAME"
            )
        provider = model.option("provider")
        weights = f"{weights}:{provider}" if provider else weights
    way = Way(
        url=_rooted(endpoint or _optional(model, "router") or WebAddress(ROUTER)),
        weights=weights,
        key=Key(value=token.value, source=token.source),
        no_key=_REMEDY,
        # The router lists hundreds of models, and not every one that it serves.
        check=endpoint is not None,
    )
    return open_server(deployment, clock, way)


def _optional(model: ModelSpec, key: str) -> WebAddress | None:
    """Return an option that is an address."""
    value = model.option(key)
    return None if value is None else WebAddress(str(value))


def _rooted(given: WebAddress) -> WebAddress:
    """Return an address with the path that its completions are under."""
    try:
        parts = urlsplit(given.reveal())
    except ValueError:  # told when it is opened
        return given
    if parts.path.strip("/"):
        return given
    return WebAddress(urlunsplit(parts._replace(path="/v1")))


def check_options(model: ModelSpec) -> None:
    """See that the options of an entry are known and of their kind; asks no server.

    Raises:
        UnknownName: an option that no server's entry has.
        BadCatalogue: a value that is none.
    """
    from pytest_llmlat.backends.completions.entry_options import check_server_options  # noqa: PLC0415 - on use

    check_server_options(model)


def read_raw(raw: RawAnswer, request: Request, place: str) -> Response:
    """Read an answer that was written down as it came."""
    from pytest_llmlat.backends.completions.raw_requests import read_raw as read  # noqa: PLC0415 - on use

    return read(raw, request, place)


KIND = BackendKind(
    name="hub",
    open=open_model,
    check_options=check_options,
    read_raw=read_raw,
    weights="server",
    devices=("hf",),
    extra="http",
    prefixes=("hub:",),
    form="hub:ORG/NAME",
)
