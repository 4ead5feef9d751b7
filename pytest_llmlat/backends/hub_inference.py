"""Hugging Face's cloud: Inference Providers by their router, or a dedicated Endpoint.

An entry's options are those of any server, and which of the hub's servers is meant.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from pytest_llmlat.backends.backend_kind import BackendKind
from pytest_llmlat.backends.completions.entry_options import OPTIONS
from pytest_llmlat.backends.completions.raw_reading import read_raw_answer
from pytest_llmlat.backends.settings_check import text_option
from pytest_llmlat.machine.hub_token import find_token
from pytest_llmlat.values.confidential import Variables, WebAddress, as_address
from pytest_llmlat.values.entry_option import EntryOption, TextForm
from pytest_llmlat.values.errors import ServerUnavailable

if TYPE_CHECKING:
    from pytest_llmlat.backends.completions.completions_server import Completions
    from pytest_llmlat.backends.completions.server_way import Way
    from pytest_llmlat.values.clock import Clock
    from pytest_llmlat.values.entities import Deployment, ModelSpec

_WEB = ("http://", "https://")
_ADDRESS = TextForm(
    "an address that begins with http:// or https://",
    lambda text: text.startswith(_WEB),
)
PROVIDER = EntryOption(
    name="provider",
    kind="string",
    meaning="which provider answers, such as groq; else the router chooses",
)
ENDPOINT = EntryOption(
    name="endpoint",
    kind="string",
    form=_ADDRESS,
    secret=True,
    meaning="the address of a dedicated Endpoint; else the router is asked",
)
INFERENCE_ROUTER = EntryOption(
    name="router",
    kind="string",
    form=_ADDRESS,
    secret=True,
    meaning="another address of the router",
)
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
    from pytest_llmlat.backends.completions.completions_server import open_server  # noqa: PLC0415 - on use

    return open_server(deployment, clock, way_to(deployment.model))


def check_entry(model: ModelSpec) -> None:
    """See that the hub could be asked; asks nothing.

    Raises:
        ServerUnavailable: no token, no model, or an address or a header that cannot be
            used.
    """
    from pytest_llmlat.backends.completions.entrance import find_entrance  # noqa: PLC0415 - on use

    find_entrance(model, way_to(model))


def way_to(model: ModelSpec) -> Way:
    """Return the way to a model that Hugging Face serves.

    Raises:
        ServerUnavailable: no token, or no model.
    """
    from pytest_llmlat.backends.completions.complaints import Key  # noqa: PLC0415 - on use
    from pytest_llmlat.backends.completions.server_way import Way  # noqa: PLC0415 - on use

    endpoint = as_address(model.url) or _optional(model, ENDPOINT)
    token = find_token(Variables(os.environ), variable=model.api_key_env)
    if token is None:
        raise ServerUnavailable(
            f"model {model.name!r} in Hugging Face's cloud: no Hugging Face token;"
            f" {_REMEDY}"
        )
    weights = model.weights
    if endpoint is None:
        if not weights:
            raise ServerUnavailable(
                f"model {model.name!r}: names no model of the hub; write ORG/NAME"
            )
        provider = text_option(model, PROVIDER)
        weights = f"{weights}:{provider}" if provider else weights
    return Way(
        url=_rooted(
            endpoint or _optional(model, INFERENCE_ROUTER) or WebAddress(ROUTER)
        ),
        weights=weights,
        key=Key(value=token.value, source=token.source),
        no_key=_REMEDY,
        # The router lists hundreds of models, and not every one that it serves.
        check=endpoint is not None,
    )


def _optional(model: ModelSpec, option: EntryOption) -> WebAddress | None:
    """Return an option that is an address."""
    value = text_option(model, option)
    return None if value is None else WebAddress(value)


def _rooted(given: WebAddress) -> WebAddress:
    """Return an address with the path that its completions are under."""
    try:
        parts = urlsplit(given.reveal())
    except ValueError:  # told when it is opened
        return given
    if parts.path.strip("/"):
        return given
    return WebAddress(urlunsplit(parts._replace(path="/v1")))


KIND = BackendKind(
    name="hub",
    open=open_model,
    options=(*OPTIONS, PROVIDER, ENDPOINT, INFERENCE_ROUTER),
    keys=("url", "api_key_env", "headers"),
    check_entry=check_entry,
    read_raw=read_raw_answer,
    weights="server",
    devices=("hf",),
    extra="http",
    prefixes=("hub:",),
    form="hub:ORG/NAME",
)
