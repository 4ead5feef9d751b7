"""Requests to a judge: as many at once as its server takes, or one after the other.

Judges are asked when nothing is measured any more, so no clock of a cell is near.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Protocol

from pytest_llmlat.measure.scenarios.alone import ask

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from decimal import Decimal

    from pytest_llmlat.values.clock import Clock
    from pytest_llmlat.values.protocols import Backend, Server
    from pytest_llmlat.values.records import Request, Response


class JudgeAllowance(Protocol):
    """An allowance of one judge, from what a run may spend."""

    def admit(self, request: Request, place: int) -> bool:
        """Whether a judge may be asked; sets aside the most that this may cost."""
        ...

    def waits(self, request: Request) -> bool:
        """Whether a request is too dear only beside what is under way.

        What was set aside for that is the most; most votes cost less.
        """
        ...

    def settle_vote(self, place: int, cost: Decimal | None, seconds: float) -> None:
        """Put what a vote really cost in the place of what was set aside."""
        ...

    def end(self) -> None:
        """Learn that nothing more is asked."""
        ...


class AskedFreely:
    """The allowance of judges that may spend what they like."""

    def admit(
        self,
        request: Request,  # noqa: ARG002 - any may be made
        place: int,  # noqa: ARG002 - any may be made
    ) -> bool:
        """Let every request be made."""
        return True

    def waits(self, request: Request) -> bool:  # noqa: ARG002 - none is too dear
        """Let no request wait."""
        return False

    def settle_vote(self, place: int, cost: Decimal | None, seconds: float) -> None:
        """Do nothing."""

    def end(self) -> None:
        """Do nothing."""


def ask_judge(
    requests: Sequence[Request],
    backend: Backend | Server[Any],
    clock: Clock,
    *,
    in_flight: int,
    admit: Callable[[Request, int], bool],
    waits: Callable[[Request], bool],
    on_response: Callable[[int, Response], None],
) -> None:
    """Ask a judge all requests, or those that may be made.

    Args:
        requests: what to ask.
        backend: the judge.
        clock: tells how long each took.
        in_flight: how many a server is asked at once, at least 1; a model of this
            process answers one after the other.
        admit: whether a request may be made, by its number; after the first that may
            not, none is.
        waits: whether a request is to wait until one that is under way has ended.
        on_response: called as each response is there, with the number of its request.
    """
    if not backend.remote:
        for number, request in enumerate(requests):
            if not admit(request, number):
                return
            on_response(number, ask(request, backend, clock))
        return
    numbered = iter(enumerate(requests))
    ended = asyncio.Event()

    async def next_ones() -> None:
        for number, request in numbered:
            while waits(request):
                ended.clear()
                await ended.wait()
            if not admit(request, number):
                return
            exchange = await backend.exchange(request, clock.now_ns())
            on_response(number, backend.read(request, exchange))
            ended.set()

    async def all_of_them() -> None:
        workers = min(in_flight, len(requests))
        await backend.connect(workers)
        await asyncio.gather(*(next_ones() for _ in range(workers)))

    if requests:
        backend.run(all_of_them())
