"""How much memory a process and those below it have had, as Linux tells it."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

_PROC = Path("/proc")
_KIB, _GIB = 1024, 1024**3


def peak_of_family(pid: int, proc: Path = _PROC) -> int | None:
    """Return the sum of the highest resident sets of a process and its descendants.

    Each had its own at another time, so that all together had at most that.

    Args:
        pid: of the process.
        proc: where the kernel tells.

    Returns:
        Bytes; ``None`` where that is not told.
    """
    total, found, open_ones = 0, False, [pid]
    while open_ones:
        folder = proc / str(open_ones.pop())
        with suppress(OSError):
            for line in (folder / "status").read_text("ascii", "replace").splitlines():
                if line.startswith("VmHWM:"):
                    total += int(line.split()[1]) * _KIB
                    found = True
            for task in (folder / "task").iterdir():
                below = (task / "children").read_text("ascii").split()
                open_ones += [int(child) for child in below]
    return total if found else None


def lack_of_memory(taken: int | None, available: int | None) -> str | None:
    """Say that there is no room for as much again; ``None`` if there may be.

    Args:
        taken: by what runs already, in bytes; ``None`` where unknown.
        available: what can be had.
    """
    if taken is None or available is None or taken <= available:
        return None
    return (
        f"it takes {taken / _GIB:.1f} GiB, and {available / _GIB:.1f} GiB are free for"
        " another"
    )


def available_bytes(proc: Path = _PROC) -> int | None:
    """Return how much memory can be had without swapping; ``None`` if not told."""
    with suppress(OSError):
        for line in (proc / "meminfo").read_text("ascii", "replace").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * _KIB
    return None
