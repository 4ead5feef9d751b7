"""Servers that were started for a model: made ready, and missed if they end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_llmlat.machine.process_memory import available_bytes, lack_of_memory
from pytest_llmlat.values.errors import OutOfMemory
from pytest_llmlat.values.protocols import ManagedServer

if TYPE_CHECKING:
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


def check_room(backend: Backend | Server[Any]) -> None:
    """See that a server like one that runs may run beside it; a GPU is not looked at.

    Raises:
        OutOfMemory: as much memory as that one takes is not free.
    """
    if isinstance(backend, ManagedServer):
        told = backend.engine
        lack = lack_of_memory(told.memory_bytes, available_bytes())
        if lack is not None:
            raise OutOfMemory(f"engine {told.name!r}: {lack}")
