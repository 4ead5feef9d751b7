"""Worker processes that read cells, where there are very many records.

To read a record takes the interpreter some thirty microseconds, and threads would take
turns at it. Processes cost most of a second to start, so few records are read here.
"""

from __future__ import annotations

import gc
import os
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from typing import TYPE_CHECKING, TypeVar

from pytest_llmlat.grading.metrics import METRICS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

MANY = 200_000
"""Number of records from which on worker processes are started."""
_MOST = 4
"""Worker processes at most: more would wait for the disk, and hold more cells in
memory."""


T = TypeVar("T")
R = TypeVar("R")


def in_processes(
    read: Callable[[T], R], sheets: Sequence[T], lines: int
) -> Iterator[R]:
    """Yield the results of ``read`` for all sheets, in their order.

    Args:
        read: a function of a module, so that another process finds it.
        sheets: what to read, with no more than that takes.
        lines: how many records they have together.
    """
    workers = min(_MOST, os.cpu_count() or 1, len(sheets))
    done = 0
    # Another process reads no conftest file, and lacks the metrics that those add.
    if lines >= MANY and workers > 1 and not METRICS.added:
        # A fresh interpreter: whoever measured has threads of a model library, and a
        # copy of those can stand still for ever.
        context = get_context("spawn")
        try:
            # They read and end: a collection would walk a whole cell in vain.
            with ProcessPoolExecutor(
                workers, mp_context=context, initializer=gc.disable
            ) as pool:
                for found in pool.map(read, sheets):
                    done += 1
                    yield found
        except (BrokenProcessPool, OSError):
            # Where no process may be started, or one was ended: the rest is read here.
            pass
    yield from map(read, sheets[done:])
