"""The backends, one file each, imported only when a model of theirs is loaded."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, cast

from pytest_llmlat.errors import BadCatalogue
from pytest_llmlat.protocols import Server

if TYPE_CHECKING:
    from pytest_llmlat.clock import Clock
    from pytest_llmlat.protocols import Backend
    from pytest_llmlat.specs import Deployment

KINDS = {
    "gguf": "gguf",
    "transformers": "huggingface",
    "scripted": "scripted",
    "http": "http",
    "hub": "hub",
}
"""Which module serves which backend of the catalogue."""
CLOUD = "hf"
"""The device on which a hub id is served by others, whatever runs it elsewhere."""


def open_backend(deployment: Deployment, clock: Clock) -> Backend | Server:
    """Load a model on its device, or open the way to the server that has it.

    Raises:
        MissingExtra: the backend's library, or the package with the weights, is
            not installed.
        DeviceAbsent: the device is not there, or the library was built without it.
        WeightsUnavailable: no such file, or a hub that cannot be reached.
        AdapterMismatch: the adapter belongs to another model.
        ServerUnavailable: an address, a variable or a token that is missing or wrong.
    """
    kind = "hub" if deployment.device == CLOUD else deployment.model.backend
    module = import_module(f"{__name__}.{KINDS[kind]}")
    backend = cast("Backend | Server", module.open_model(deployment, clock))
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
