"""Measuring inside of a running event loop, as a notebook's kernel has one."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def outside_of_loop() -> Iterator[None]:
    """Let clients run an event loop of their own where one is running.

    A notebook's kernel runs its cells inside of one, which waits until the cell is
    done, and asyncio refuses a second in the same thread.
    """
    try:
        outer = asyncio.get_running_loop()
    except RuntimeError:
        yield
        return
    task = asyncio.current_task(outer)
    if task is not None:
        asyncio.tasks._leave_task(outer, task)  # noqa: SLF001 - as loops do
    asyncio._set_running_loop(None)  # noqa: SLF001 - the same
    try:
        yield
    finally:
        asyncio._set_running_loop(outer)  # noqa: SLF001 - the same
        if task is not None:
            asyncio.tasks._enter_task(outer, task)  # noqa: SLF001 - the same
