"""Warm-up: work before the first request that counts, and part of no latency."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pytest_llmlat.backends.constraints import make_ready, refused
from pytest_llmlat.measure import scenarios
from pytest_llmlat.values.errors import Unsupported
from pytest_llmlat.values.protocols import Stepped
from pytest_llmlat.values.timing import NS_PER_S

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmlat.measure.plan import Plan
    from pytest_llmlat.measure.questions import Question
    from pytest_llmlat.values.clock import Clock
    from pytest_llmlat.values.protocols import Backend, Server
    from pytest_llmlat.values.records import Cell, Request, Response

WARMUP_TOKENS = 4


def compile_constraint(
    plan: Plan, backend: Backend | Server[Any], clock: Clock
) -> float | None:
    """Make the constraint on answers ready, before anything is measured.

    Returns:
        How long it took, in seconds; ``None`` where there is nothing, and of a server,
        which compiles when it wants.

    Raises:
        Unsupported: the backend cannot hold answers to it; names the cell.
        MissingExtra: the library that does it is not installed.
    """
    if plan.constraint is None:
        return None
    begin = clock.now_ns()
    try:
        make_ready(backend, plan.constraint)
    except Unsupported as error:
        raise Unsupported(f"{plan.cell.id}: {error}") from error
    return None if backend.remote else (clock.now_ns() - begin) / NS_PER_S


def warm_up(request: Request, backend: Backend | Server[Any], clock: Clock) -> Response:
    """Make one short request whose time is told apart.

    Raises:
        Unsupported: a model that answers does not do so under its schema or grammar.
    """
    few = replace(
        request,
        max_new_tokens=min(WARMUP_TOKENS, request.max_new_tokens),
        # A budget of thoughts would come on top.
        thinking_tokens=None if request.thinking_tokens else request.thinking_tokens,
    )
    if isinstance(backend, Stepped):
        backend.warm_up(few)
    response = scenarios.ask(few, backend, clock)
    if response.generation is None and few.constraint is not None:
        free = scenarios.ask(replace(few, constraint=None), backend, clock)
        if free.generation is not None:
            raise refused(few.constraint, str(response.error))
    return response


def fill_cache(
    questions: Sequence[Question], backend: Backend | Server[Any], clock: Clock
) -> None:
    """Let a server see every prompt once, so that its cache serves all of them.

    But turns that need answers: they find what the turns before have left.
    """
    whole = [question.request for question in questions if not question.needs]
    for request in {(r.prompt, r.system, r.turns): r for r in whole}.values():
        warm_up(request, backend, clock)


def troubled_warm_up(cell: Cell, response: Response) -> tuple[str, ...]:
    """Warn of a warm-up that a server turned away, at first or altogether."""
    if response.generation is None:
        return (f"{cell.id}: the warm-up came to nothing: {response.error}",)
    sent = response.transport
    if sent is None or not sent.retries:
        return ()
    times = "once" if sent.retries == 1 else f"{sent.retries} times"
    why = ", ".join(sent.retried_for)
    return (f"{cell.id}: the warm-up was sent again {times} ({why})",)
