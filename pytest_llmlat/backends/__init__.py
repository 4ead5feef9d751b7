"""The backends, one file each, imported only when a model of theirs is loaded."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from pytest_llmlat.clock import Clock
    from pytest_llmlat.protocols import Backend
    from pytest_llmlat.records import Deployment

KINDS = {
    "gguf": "gguf",
    "transformers": "huggingface",
    "scripted": "scripted",
}
"""Which module serves which backend of the catalogue."""


def open_backend(deployment: Deployment, clock: Clock) -> Backend:
    """Load a model on its device.

    Raises:
        MissingExtra: the backend's library, or the package with the weights, is
            not installed.
        DeviceAbsent: the device is not there, or the library was built without it.
        WeightsUnavailable: no such file, or a hub that cannot be reached.
        AdapterMismatch: the adapter belongs to another model.
    """
    module = import_module(f"{__name__}.{KINDS[deployment.model.backend]}")
    return cast("Backend", module.open_model(deployment, clock))
