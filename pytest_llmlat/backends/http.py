"""Any OpenAI-compatible server: vLLM, llama.cpp, Ollama, OpenAI and their like.

In a catalogue::

    [models.mine]
    backend = "http"
    devices = ["endpoint"]
    url = "http://host:8000/v1"
    weights = "org/name"         # as the server calls it; may be left out if it has one
    api_key_env = "MY_KEY"       # the variable that holds the key, never the key
    headers = { api-key = "${AZURE_KEY}" }   # more headers, with values of variables
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit, urlunsplit

from pytest_llmlat.backends.backend_kind import BackendKind
from pytest_llmlat.backends.completions.entry_options import OPTIONS
from pytest_llmlat.backends.completions.raw_reading import read_raw_answer
from pytest_llmlat.values.confidential import (
    Secret,
    Variables,
    as_address,
    shown_address,
)
from pytest_llmlat.values.entities import ModelSpec
from pytest_llmlat.values.errors import ServerUnavailable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_llmlat.backends.completions.complaints import Key
    from pytest_llmlat.backends.completions.completions_server import Completions
    from pytest_llmlat.backends.completions.server_way import Way
    from pytest_llmlat.values.clock import Clock
    from pytest_llmlat.values.entities import Deployment


def open_model(deployment: Deployment, clock: Clock) -> Completions:
    """Open the way to a server.

    Raises:
        MissingExtra: httptools or tenacity is not installed.
        ServerUnavailable: no address, a key that is not there, or a server that
            cannot be reached, does not let us in or does not have the model.
    """
    from pytest_llmlat.backends.completions.completions_server import open_server  # noqa: PLC0415 - on use

    return open_server(deployment, clock, way_to(deployment.model))


def check_entry(model: ModelSpec) -> None:
    """See that a server could be asked; asks none.

    Raises:
        ServerUnavailable: an address, a header or a proxy that cannot be used, or a
            variable that is not set.
    """
    from pytest_llmlat.backends.completions.entrance import find_entrance  # noqa: PLC0415 - on use

    find_entrance(model, way_to(model))


def way_to(model: ModelSpec) -> Way:
    """Return the way to the server of an entry.

    Raises:
        ServerUnavailable: it has no address, or its key is not there.
    """
    from pytest_llmlat.backends.completions.server_way import Way  # noqa: PLC0415 - on use

    url = as_address(model.url)
    if not url:
        raise ServerUnavailable(
            f"model {model.name!r}: its entry has no url; write the server's address,"
            ' such as url = "http://host:8000/v1"'
        )
    return Way(
        url=url,
        weights=model.weights,
        key=find_key(model, Variables(os.environ)),
        no_key=(
            "no key was sent; put it into an environment variable and name that"
            ' variable in a catalogue entry: api_key_env = "NAME"'
        ),
    )


def find_key(model: ModelSpec, environ: Mapping[str, str]) -> Key | None:
    """Return the key for a server, ``None`` if it is to be asked without one.

    Raises:
        ServerUnavailable: the entry names a variable that is not set.
    """
    from pytest_llmlat.backends.completions.complaints import Key  # noqa: PLC0415 - on use

    if model.api_key_env is None:
        # A key that lies in the environment for another server is not for this one.
        return None
    value = Secret(environ.get(model.api_key_env, "").strip())
    if not value:
        raise ServerUnavailable(
            f"model {model.name!r}: its key is to be in the environment variable"
            f" {model.api_key_env}, which is not set; run: export"
            f" {model.api_key_env}=..."
        )
    return Key(value=value, source=f"variable {model.api_key_env}")


def _at_address(address: str) -> ModelSpec:
    """Return the model at a URL; what follows ``#`` is its name on that server.

    Names are shown: whoever writes a password into a URL does not want to see it.
    """
    try:
        parts = urlsplit(address)
    except ValueError:  # told when it is opened
        parts = SplitResult("http", "", "", "", "")
    url = urlunsplit(parts._replace(path=parts.path.rstrip("/") or "/v1", fragment=""))
    return ModelSpec(
        name=shown_address(address),
        backend=KIND.name,
        devices=KIND.devices,
        weights=parts.fragment or None,
        url=url,
    )


KIND = BackendKind(
    name="http",
    open=open_model,
    options=OPTIONS,
    keys=("url", "api_key_env", "headers"),
    check_entry=check_entry,
    read_raw=read_raw_answer,
    weights="server",
    needs="url",
    devices=("endpoint",),
    extra="http",
    prefixes=("http://", "https://"),
    form="http://HOST:PORT/v1#NAME",
    read_address=_at_address,
)
