"""Requests to a judge: as many at once as its server takes, or one after the other.

Judges are asked when nothing is measured any more, so no clock of a cell is near.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from pytest_llmlat.measure.scenarios.alone import ask

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_llmlat.values.clock import Clock
    from pytest_llmlat.values.protocols import Backend, Server
    from pytest_llmlat.values.records import Request, Response


def ask_judge(
    requests: Sequence[Request],
    backend: Backend | Server[Any],
    clock: Clock,
    *,
    in_flight: int,
    on_response: Callable[[int, Response], None],
) -> None:
    """Ask a judge all requests.

    Args:
        requests: what to ask.
        backend: the judge.
        clock: tells how long each took.
        in_flight: how many a server is asked at once, at least 1; a model of this
            process answers one after the other.
        on_response: called as each response is there, with the number of its request.
    """
    if not backend.remote:
        for number, request in enumerate(requests):
            on_response(number, ask(request, backend, clock))
        return
    numbered = iter(enumerate(requests))

    async def next_ones() -> None:
        for number, request in numbered:
            exchange = await backend.exchange(request, clock.now_ns())
            on_response(number, backend.read(request, exchange))

    async def all_of_them() -> None:
        workers = min(in_flight, len(requests))
        await backend.connect(workers)
        await asyncio.gather(*(next_ones() for _ in range(workers)))

    if requests:
        backend.run(all_of_them())
