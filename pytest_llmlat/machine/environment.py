"""What machine and software a run was made on, and how much memory a cell took."""

from __future__ import annotations

import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median_low
from typing import TYPE_CHECKING

from pytest_llmlat.machine.leases import locks_work
from pytest_llmlat.machine.quotas import quotas
from pytest_llmlat.machine.sibling_workers import has_siblings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_llmlat.machine.devices import Inventory
    from pytest_llmlat.values.entities import Scalar

_STATUS = Path("/proc/self/status")
_CLEAR_REFS = Path("/proc/self/clear_refs")
_RESET_PEAK = "5"
"""Resets the peak resident set alone (man 5 proc_pid_clear_refs)."""
_KIB = 1024
_COMMITS = ("GITHUB_SHA", "CI_COMMIT_SHA")
_LIBRARIES = (
    "pytest-llmlat",
    "pytest",
    "numpy",
    "torch",
    "transformers",
    "peft",
    "llama_cpp_python",
    "sacrebleu",
    "rouge_score",
)


def fingerprint(inventory: Inventory) -> dict[str, Scalar | None]:
    """Return what must agree before two runs' latencies are compared."""
    bounds = quotas()
    facts: dict[str, Scalar | None] = {
        "python": platform.python_version(),
        "system": platform.system(),
        "release": platform.release(),
        "machine": platform.machine(),
        "cpu": _cpu_name(),
        "cores": usable_cores(),
        "cpu_quota": bounds.cpu_cores,
        "memory_limit": bounds.memory_bytes,
        "gpus": ", ".join(inventory.gpus) or None,
        "gpu_driver": inventory.gpu_driver if inventory.gpus else None,
    }
    if others := (*inventory.amd_gpus, *inventory.intel_gpus):
        facts["other_gpus"] = ", ".join(others)
    for name in _LIBRARIES:
        facts[name] = _version(name)
    return facts


def commit_of(root: Path, environ: Mapping[str, str] = os.environ) -> str | None:
    """Return the commit that a project stands at, ``None`` where that is not known.

    CI services tell it; else git's own files do, which are read without git.
    """
    for name in _COMMITS:
        if environ.get(name):
            return environ[name]
    folder = root / ".git"
    try:
        if folder.is_file():  # a worktree: the file says where its folder is
            folder = root / folder.read_text("utf-8").partition("gitdir:")[2].strip()
        head = (folder / "HEAD").read_text("utf-8").strip()
        if not head.startswith("ref:"):
            return head or None
        name = head.removeprefix("ref:").strip()
        common = folder / "commondir"
        shared = (
            folder / common.read_text("utf-8").strip() if common.exists() else folder
        )
        if (shared / name).is_file():
            return (shared / name).read_text("utf-8").strip()
        for line in (shared / "packed-refs").read_text("utf-8").splitlines():
            commit, _, ref = line.partition(" ")
            if ref == name:
                return commit
    except (OSError, UnicodeDecodeError):
        pass
    return None


def usable_cores() -> int:
    """Count the cores this process may use, which a container can make fewer."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def disturbances(environ: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """Name what makes this process slower than a user's, one line each."""
    found = []
    if sys.gettrace() or sys.getprofile() or _monitored():
        found.append(
            "a tracer or profiler was active (coverage, a debugger): latencies are"
            " too long"
        )
    # Else they take turns at what they measure on.
    if has_siblings(environ) and not locks_work():
        found.append("other workers of the run ran beside: latencies are contended")
    return tuple(found)


class PeakMemory:
    """The highest resident set of this process since a moment, and the usual one.

    Linux can reset its counter. Elsewhere the counter covers the whole life of the
    process, and says something of the span only if it rose in it.
    """

    def __init__(self) -> None:
        """Begin to watch now."""
        self._reset = _reset_peak()
        self._before = None if self._reset else _lifetime_peak()
        self._resident: list[int] = []

    def note(self) -> None:
        """Note what is resident now, between two answers."""
        now = _linux_status("VmRSS:")
        if now is not None:
            self._resident.append(now)

    def steady_bytes(self) -> int | None:
        """Return the median of what was noted; ``None`` where it cannot be told."""
        return median_low(self._resident) if self._resident else None

    def bytes(self) -> int | None:
        """Return the peak since the start, ``None`` where it cannot be told."""
        if self._reset:
            return _linux_peak()
        peak = _lifetime_peak()
        if peak is None or self._before is None or peak <= self._before:
            return None
        return peak


def _reset_peak() -> bool:
    try:
        _CLEAR_REFS.write_text(_RESET_PEAK, "ascii")
    except OSError:
        return False
    return _linux_peak() is not None


def _linux_peak() -> int | None:
    return _linux_status("VmHWM:")


def _linux_status(name: str) -> int | None:
    """Return an amount of memory that Linux tells of this process, in bytes."""
    try:
        lines = _STATUS.read_text("ascii", "replace").splitlines()
    except OSError:
        return None
    for line in lines:
        if line.startswith(name):
            return int(line.split()[1]) * _KIB
    return None


def _lifetime_peak() -> int | None:
    try:
        import resource  # noqa: PLC0415 - absent on Windows
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # Bytes on macOS, KiB elsewhere (man 2 getrusage of each).
    return peak if sys.platform == "darwin" else peak * _KIB


def _monitored() -> bool:
    """Whether a tool of sys.monitoring (Python 3.12) is on; coverage is one."""
    monitoring = getattr(sys, "monitoring", None)
    if monitoring is None:
        return False
    return any(monitoring.get_tool(number) for number in range(6))


def _cpu_name() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text("utf-8", "replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
