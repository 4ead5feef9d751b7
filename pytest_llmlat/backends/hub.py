"""Hugging Face's cloud: Inference Providers by their router, or a dedicated Endpoint.

Options of the entry, beside those of ``completions``: ``provider`` (such as ``groq``;
without it the router chooses), ``endpoint`` (the address of a dedicated Endpoint) and
``router`` (another address of the router).
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pytest_llmlat.backends.completion_errors import Key
from pytest_llmlat.backends.completions import Way, open_server
from pytest_llmlat.errors import ServerUnavailable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_llmlat.backends.completions import Completions
    from pytest_llmlat.clock import Clock
    from pytest_llmlat.specs import Deployment

ROUTER = "https://router.huggingface.co/v1"
_VARIABLES = ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN")
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
    model = deployment.model
    endpoint = model.url or model.option("endpoint")
    key = find_token(os.environ, variable=model.api_key_env)
    if key is None:
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
        url=_rooted(str(endpoint or model.option("router") or ROUTER)),
        weights=weights,
        key=key,
        no_key=_REMEDY,
        # The router lists hundreds of models, and not every one that it serves.
        check=endpoint is not None,
    )
    return open_server(deployment, clock, way)


def find_token(
    environ: Mapping[str, str], *, variable: str | None = None
) -> Key | None:
    """Return the token from where huggingface_hub looks for it, ``None`` if nowhere.

    Args:
        environ: the environment.
        variable: the only one to look at, where the model's entry names one.
    """
    for name in (variable,) if variable else _VARIABLES:
        if value := environ.get(name, "").strip():
            return Key(value=value, source=f"variable {name}")
    if variable:
        return None
    cache = environ.get("XDG_CACHE_HOME") or "~/.cache"
    home = environ.get("HF_HOME") or f"{cache}/huggingface"
    path = Path(environ.get("HF_TOKEN_PATH") or f"{home}/token").expanduser()
    try:
        value = path.read_text("utf-8").strip()
    except (OSError, ValueError):
        return None
    return Key(value=value, source=f"file {path}") if value else None


def _rooted(url: str) -> str:
    """Return an address with the path that its completions are under."""
    return url if urlsplit(url).path.strip("/") else f"{url.rstrip('/')}/v1"
