"""The backends, a file or a room each, imported only when a model of theirs is loaded.

Files beside the rooms are what several of them need.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, cast

from pytest_llmlat.values.errors import BadCatalogue
from pytest_llmlat.values.protocols import Server

if TYPE_CHECKING:
    from pytest_llmlat.backends.base_cache import BaseCache
    from pytest_llmlat.values.clock import Clock
    from pytest_llmlat.values.entities import Deployment
    from pytest_llmlat.values.protocols import Backend

KINDS = {
    "gguf": "gguf.model",
    "transformers": "huggingface.model",
    "mlx": "mlx.model",
    "scripted": "scripted",
    "http": "http",
    "hub": "hub",
}
"""Which module serves which backend of the catalogue."""
CLOUD = "hf"
"""The device on which a hub id is served by others, whatever runs it elsewhere."""
SHELVING = "transformers"
"""The backend that keeps a base model for the next deployment."""


def open_backend(
    deployment: Deployment, clock: Clock, shelf: BaseCache | None = None
) -> Backend | Server:
    """Load a model on its device, or open the way to the server that has it.

    Args:
        deployment: which model, and where.
        clock: read at every stamp.
        shelf: where a base model lies between two deployments that both need it;
            without one nothing is kept. Whatever else lies there is freed first.

    Raises:
        BadCatalogue: an option that the backend does not know, or a wrong value.
        MissingExtra: the backend's library, or the package with the weights, is
            not installed.
        DeviceAbsent: the device is not there, or the library was built without it.
        Unsupported: the device or the library cannot do what the entry asks for.
        OutOfMemory: the model does not fit.
        WeightsUnavailable: no such file, or a hub that cannot be reached.
        AdapterMismatch: the adapter belongs to another model.
        ServerUnavailable: an address, a variable or a token that is missing or wrong.
    """
    kind = "hub" if deployment.device == CLOUD else deployment.model.backend
    module = import_module(f"{__name__}.{KINDS[kind]}")
    if kind == SHELVING:
        opened = module.open_model(deployment, clock, shelf)
    else:
        if shelf is not None:
            shelf.clear()
        opened = module.open_model(deployment, clock)
    backend = cast("Backend | Server", opened)
    if isinstance(backend, Server):
        if deployment.model.option("slower") is not None:
            backend.close()
            raise BadCatalogue(
                f"model {deployment.model.name!r}: option slower: is for models of this"
                " process; a server is as slow as it is"
            )
        return backend
    from pytest_llmlat.backends.slowed import slowed  # noqa: PLC0415 - on use

    return slowed(backend, deployment.model, clock)
