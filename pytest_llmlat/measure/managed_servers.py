"""Servers that were started for a model: made ready, and missed if they end."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from pytest_llmlat.machine.nvidia import gpu_memory
from pytest_llmlat.machine.process_memory import available_bytes, lack_of_memory
from pytest_llmlat.values.errors import OutOfMemory
from pytest_llmlat.values.protocols import ManagedServer, Stepped

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_llmlat.values.protocols import Backend, Server
    from pytest_llmlat.values.records import Response


def made_ready(backend: Backend | Server[Any]) -> ManagedServer[Any] | None:
    """Return a backend as a managed server that runs, ``None`` if it is another.

    Raises:
        LLMLatError: it had ended, and does not start again.
    """
    if not isinstance(backend, ManagedServer):
        return None
    backend.begin_cell()
    return backend


def is_elsewhere(backend: Backend | Server[Any]) -> bool:
    """Whether a model, or a step of it, may be on another machine."""
    if isinstance(backend, Stepped):
        return backend.served == "elsewhere"
    return backend.remote and not isinstance(backend, ManagedServer)


def check_running(
    server: ManagedServer[Any] | None, *responses: Response | None
) -> None:
    """Go no further where a managed server has ended: all else would fail too.

    Args:
        server: ``None`` where there is none.
        responses: what came of the last requests; a failed one is a reason to look.

    Raises:
        LLMLatError: it has ended; what was measured before is kept.
    """
    failed = any(one is not None and one.generation is None for one in responses)
    if server is not None and failed:
        server.check()


def check_room(backend: Backend | Server[Any], *, same_cards: bool = True) -> None:
    """See that a server like one that runs may run beside it.

    Args:
        backend: the one that runs.
        same_cards: the other would run on the same GPUs.

    Raises:
        OutOfMemory: as much memory as that one takes is not free.
    """
    if isinstance(backend, ManagedServer):
        told = backend.engine
        lack = lack_of_memory(told.memory_bytes, available_bytes())
        if lack is None and same_cards:
            lack = lack_on_cards(str(backend.facts.get("devices") or ""))
        if lack is not None:
            raise OutOfMemory(f"engine {told.name!r}: {lack}")


def lack_on_cards(devices: str, environ: Mapping[str, str] = os.environ) -> str | None:
    """Say which GPU lacks room for as much again; ``None`` if there may be room.

    All that is used on a card counts for the engine's: it alone may be there.

    Args:
        devices: the engine's cards, such as ``cuda:0, cuda:1``; empty for none.
        environ: of this process.
    """
    cards = [each.strip().removeprefix("cuda:") for each in devices.split(",")]
    if not all(cards):
        return None
    found = gpu_memory({**environ, "CUDA_VISIBLE_DEVICES": ",".join(cards)})
    for card, (used, free) in zip(cards, found or (), strict=False):
        lack = lack_of_memory(used, free)
        if lack is not None:
            return f"on GPU {card} {lack}"
    return None
