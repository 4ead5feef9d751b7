"""The event loop of a client: its own, never that of the thread."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

T = TypeVar("T")

SIGNALS = "_read_from_self"
"""What uvloop calls the callback in which handlers of signals run."""


async def awake_while(main: Coroutine[object, object, T]) -> T:
    """Wait for a coroutine with open eyes: the loop polls and never blocks."""
    task = asyncio.ensure_future(main)
    try:
        while not task.done():  # noqa: ASYNC110 - not to sleep is what it is for
            await asyncio.sleep(0)
    except BaseException:
        task.cancel()
        raise
    return task.result()


async def cancel_all() -> None:
    """End every task of this loop but the one that asks for it."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


def inside_a_loop() -> bool:
    """Whether an event loop is running in this thread."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    """Return uvloop's loops; without it, the standard ones.

    Never ``None``: then the loop would be made that of the thread, and be gone when a
    user's next test asks for it.
    """
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop
    factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return factory
