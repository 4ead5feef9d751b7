"""Memory of a loaded model on its devices, where its backend knows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmlat.values.protocols import TellingMemory

if TYPE_CHECKING:
    from pytest_llmlat.values.device_memory import DeviceMemory


def device_memory(backend: object) -> tuple[DeviceMemory, ...]:
    """Return what a model takes, device by device; empty where nobody tells.

    Args:
        backend: of a loaded model, while nothing is asked of it.
    """
    return backend.device_memory() if isinstance(backend, TellingMemory) else ()
