"""Threads of numpy's matrix products, where several products are made at once."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

_MANY = 100_000
"""Rows from which on it takes less time to find the libraries than they waste."""


def one_thread_each(rows: int) -> AbstractContextManager[object]:
    """Let each matrix product use one thread, within a ``with`` block.

    Products of two threads of ours would start twice as many of the library's, which
    then wait for each other. Without threadpoolctl (extra ``large``) nothing changes
    but the time that it takes.

    Args:
        rows: how many all products have together; of few, nothing changes either.
    """
    if rows < _MANY:
        return nullcontext()
    try:
        from threadpoolctl import threadpool_limits  # noqa: PLC0415 - of an extra
    except ImportError:
        return nullcontext()
    limits: AbstractContextManager[object] = threadpool_limits(1, user_api="blas")
    return limits
