"""The lock on a run's folder: who measures in it, and who may go on with it.

Whoever measures shares it, a controller of pytest-xdist and its workers; who goes on
with a run must have it alone first. The system frees it with the process, however that
ends. Where a system or a disk has no such locks, nothing is held.
"""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from typing import TYPE_CHECKING

from pytest_llmlat.store.run_sittings import sittings_of
from pytest_llmlat.values.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from typing import Any

_HELD = (errno.EWOULDBLOCK, errno.EACCES, errno.EAGAIN)


class RunLock:
    """A process's hold on the folder of a run."""

    def __init__(self, folder: Path) -> None:
        """Hold nothing yet."""
        self._folder = folder
        self._descriptor = -1

    def share(self) -> None:
        """Say that this process measures in the folder, which is there."""
        self._take(alone=False)

    def take_over(self, told: Mapping[str, Any]) -> None:
        """Take the folder of a run that was cut off, so that nobody else goes on.

        Args:
            told: what ``run.json`` says.

        Raises:
            UsageError: somebody measures in it; names the process.
        """
        # It is shared again at once, for this run's own workers. Of two that try at
        # the same time one at least fails here.
        if self._take(alone=True) and self._take(alone=False):
            return
        last = sittings_of(told)[-1]
        pid, host = last.get("pid"), last.get("host")
        who = "another process" if pid is None else f"process {pid}"
        where = "" if host is None else f" on {host}"
        raise UsageError(
            f"run {self._folder.name}: {who}{where}, or a worker of it, measures in it"
            " now; wait until it has ended, or name another run"
        )

    def free(self) -> None:
        """Let go of the folder."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _take(self, *, alone: bool) -> bool:
        """Take the lock; false where another process keeps us from it."""
        with suppress(ImportError):
            import fcntl  # noqa: PLC0415 - not on every system

            kind = fcntl.LOCK_EX if alone else fcntl.LOCK_SH
            try:
                if self._descriptor < 0:
                    self._descriptor = os.open(self._folder, os.O_RDONLY)
                fcntl.flock(self._descriptor, kind | fcntl.LOCK_NB)
            except OSError as error:
                return error.errno not in _HELD
        return True


def is_held(folder: Path) -> bool | None:
    """Whether a process measures in a folder; ``None`` where that cannot be told.

    Takes the lock for a moment where nobody has it, and writes nothing.
    """
    try:
        import fcntl  # noqa: PLC0415 - not on every system

        descriptor = os.open(folder, os.O_RDONLY)
    except (ImportError, OSError):
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return True if error.errno in _HELD else None
    finally:
        os.close(descriptor)
    return False
