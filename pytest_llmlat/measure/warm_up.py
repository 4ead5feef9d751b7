"""The request before the first that counts: it is no part of any latency."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pytest_llmlat.measure import scenarios

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmlat.values.clock import Clock
    from pytest_llmlat.values.protocols import Backend, Server
    from pytest_llmlat.values.records import Cell, Request, Response

WARMUP_TOKENS = 4


def warm_up(
    requests: Sequence[Request], backend: Backend | Server[Any], clock: Clock
) -> Response:
    """Make one short request whose time is told apart."""
    request = min(requests, key=lambda request: len(request.prompt))
    few = replace(
        request,
        max_new_tokens=min(WARMUP_TOKENS, request.max_new_tokens),
        # A budget of thoughts would come on top.
        thinking_tokens=None if request.thinking_tokens else request.thinking_tokens,
    )
    return scenarios.ask(few, backend, clock)


def troubled_warm_up(cell: Cell, response: Response) -> tuple[str, ...]:
    """Warn of a warm-up that a server turned away at first, or altogether."""
    if response.generation is None:
        return (f"{cell.id}: the warm-up came to nothing: {response.error}",)
    sent = response.transport
    if sent is None or not sent.retries:
        return ()
    times = "once" if sent.retries == 1 else f"{sent.retries} times"
    why = ", ".join(sent.retried_for)
    return (f"{cell.id}: the warm-up was sent again {times} ({why})",)
