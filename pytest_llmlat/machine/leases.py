"""Leases: what several processes measure on, each for a while alone.

A lease is a lock on a file. The system frees it with the process, however that ends, so
that a dead holder keeps nobody out. Where there are no such locks nothing is held, and
whoever measures is told so.
"""

from __future__ import annotations

import os
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Wanted:
    """A lease that somebody wants."""

    name: str
    """Name of what is leased; a part of a file's name."""
    alone: bool
    """Whether nobody else may have it; else others may share it."""


def locks_work() -> bool:
    """Whether this system has locks that end with their process."""
    try:
        import fcntl  # noqa: F401, PLC0415 - not on every system
    except ImportError:
        return False
    return True


@contextmanager
def leased(folder: Path, wanted: Iterable[Wanted]) -> Iterator[None]:
    """Hold some leases inside a block; waits for those who have them.

    They are taken in the order of their names, so that no two processes wait for each
    other.

    Args:
        folder: where the locks lie; it is made if need be.
        wanted: what to hold.
    """
    with ExitStack() as held:
        for each in sorted(wanted):
            descriptor = _opened(folder, each.name)
            if descriptor is not None:
                held.callback(os.close, descriptor)
                _lock(descriptor, alone=each.alone, wait=True)
        yield


def first_free(folder: Path, names: Sequence[str]) -> tuple[str, int | None]:
    """Take the first of several leases that is free, alone and until it is closed.

    Where none is free, it waits for the first.

    Args:
        folder: where the locks lie; it is made if need be.
        names: at least one, the most wanted first.

    Returns:
        The name, and the descriptor of its lock; ``None`` where there are no locks.
    """
    for name in names:
        descriptor = _opened(folder, name)
        if descriptor is None:
            return names[0], None
        if _lock(descriptor, alone=True, wait=False):
            return name, descriptor
        os.close(descriptor)
    descriptor = _opened(folder, names[0])
    if descriptor is not None:
        _lock(descriptor, alone=True, wait=True)
    return names[0], descriptor


def _opened(folder: Path, name: str) -> int | None:
    """Open the file of a lease; ``None`` where nothing can be locked."""
    if not locks_work():
        return None
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        return os.open(folder / f"{name}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    return None


def _lock(descriptor: int, *, alone: bool, wait: bool) -> bool:
    """Lock a file, and write into it who has it; false if another process has it."""
    import fcntl  # noqa: PLC0415 - not on every system

    kind = fcntl.LOCK_EX if alone else fcntl.LOCK_SH
    try:
        fcntl.flock(descriptor, kind if wait else kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        # A disk without locks: nobody can be kept out.
        return True
    if alone:
        with suppress(OSError):
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{os.getpid()}\n".encode("ascii"), 0)
    return True
