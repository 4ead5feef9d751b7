"""Servers that were started for a model: made ready, and missed if they end."""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING, Any

from pytest_llmlat.machine.nvidia import gpu_memory
from pytest_llmlat.machine.process_memory import available_bytes, lack_of_memory
from pytest_llmlat.values.errors import OutOfMemory
from pytest_llmlat.values.protocols import ManagedServer, Restable, Stepped

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_llmlat.values.protocols import Backend, Server
    from pytest_llmlat.values.records import Response

_LOG = logging.getLogger(__name__)


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


def make_room(backend: Backend | Server[Any], *, same_cards: bool = True) -> bool:
    """See that a server like one that runs may run beside it, or end it for a while.

    Args:
        backend: the one that runs.
        same_cards: the other would run on the same GPUs.

    Returns:
        Whether it was ended, since as much memory as it takes is not free.

    Raises:
        OutOfMemory: that is so, and it cannot be started again.
    """
    lack = _lack_beside(backend, same_cards=same_cards)
    if lack is None:
        return False
    if not isinstance(backend, Restable):
        raise OutOfMemory(lack)
    _LOG.info("%s; it is started and stopped in turn with the other", lack)
    backend.rest()
    return True


def check_room(backend: Backend | Server[Any]) -> None:
    """See that a server like one that runs may run beside it, on the same GPUs.

    Raises:
        OutOfMemory: as much memory as that one takes is not free.
    """
    lack = _lack_beside(backend, same_cards=True)
    if lack is not None:
        raise OutOfMemory(lack)


def _lack_beside(backend: Backend | Server[Any], *, same_cards: bool) -> str | None:
    """Say what is lacking for another server like one that runs; ``None``: nothing."""
    if not isinstance(backend, ManagedServer):
        return None
    told = backend.engine
    lack = lack_of_memory(told.memory_bytes, available_bytes())
    if lack is None and same_cards:
        lack = lack_on_cards(str(backend.facts.get("devices") or ""))
    return None if lack is None else f"engine {told.name!r}: {lack}"


def rest(backend: Backend | Server[Any]) -> None:
    """End a server of ours for a while, if it is one that can be started again."""
    if isinstance(backend, Restable):
        backend.rest()


def wake(backend: Backend | Server[Any]) -> bool:
    """Start a server of ours again, if it rests; returns whether it was started.

    Raises:
        LLMLatError: it does not start.
    """
    return isinstance(backend, Restable) and backend.wake()


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
