"""What a container may use of its machine: quotas of Linux control groups.

Both versions are read, from the group of this process up to the root: the tightest
quota counts. https://docs.kernel.org/admin-guide/cgroup-v2.html (``cpu.max``,
``memory.max``) and cgroup-v1 (``cpu.cfs_quota_us``, ``memory.limit_in_bytes``).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_ROOT = Path("/")
_GROUPS = "proc/self/cgroup"
_MOUNT = "sys/fs/cgroup"
_UNBOUNDED = 1 << 60
"""Version 1 writes the largest number of pages where there is no limit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quotas:
    """What this process may use; ``None`` where nothing bounds it, or nobody tells."""

    cpu_cores: float | None
    """Processor time a second, in cores: half a core is 0.5."""
    memory_bytes: int | None


def quotas(root: Path = _ROOT) -> Quotas:
    """Return the quotas of this process.

    Args:
        root: where the system's own folders ``proc`` and ``sys`` are.
    """
    cores: list[float] = []
    memory: list[int] = []
    for version, folder in _folders(root):
        if version == 2:  # noqa: PLR2004 - of control groups
            cores += _share(*_words(folder / "cpu.max"))
            memory += _bytes(folder / "memory.max")
        else:
            period = _words(folder / "cpu.cfs_period_us")
            cores += _share(*_words(folder / "cpu.cfs_quota_us"), *period)
            memory += _bytes(folder / "memory.limit_in_bytes")
    return Quotas(
        cpu_cores=min(cores, default=None), memory_bytes=min(memory, default=None)
    )


def _folders(root: Path) -> Iterator[tuple[int, Path]]:
    """Yield every folder that may bound this process, with its version of groups.

    Inside of a container the path may be that of the host, of which only the end, or
    nothing, is there: what is missing is passed over, up to the mount itself.
    """
    mount = root / _MOUNT
    for line in _text(root / _GROUPS).splitlines():
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        parts = [part for part in path.split("/") if part not in ("", "..")]
        if not controllers:
            places = [(2, mount), (2, mount / "unified")]
        else:
            names = dict.fromkeys([controllers, *controllers.split(",")])
            places = [(1, mount / name) for name in names]
        for version, place in places:
            for length in range(len(parts), -1, -1):
                yield version, place.joinpath(*parts[:length])


def _share(*words: str) -> list[float]:
    """Return the cores that a quota and its period, in microseconds, make."""
    match words:
        case (quota, period) if quota.isdecimal() and period.isdecimal():
            return [int(quota) / int(period)] if int(period) and int(quota) else []
        case _:
            return []


def _bytes(path: Path) -> list[int]:
    match _words(path):
        case (number,) if number.isdecimal() and 0 < int(number) < _UNBOUNDED:
            return [int(number)]
        case _:
            return []


def _words(path: Path) -> tuple[str, ...]:
    return tuple(_text(path).split())


def _text(path: Path) -> str:
    try:
        return path.read_text("ascii", "replace")
    except OSError:
        return ""
