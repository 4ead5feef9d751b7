"""What a forked child takes away from itself before it runs a line of a program.

The order matters: limits first, while the calls for them are still there; the system
call filter last, because it forbids the rest. Most of it is put on
once, by the server, and inherited, so that a child pays half a millisecond.
"""

from __future__ import annotations

import functools
import math
import os
import resource
import signal
import socket
import sys
from dataclasses import dataclass
from typing import Protocol

LINUX = sys.platform == "linux"
OPEN_FILES = 64
FEWEST_FILES = 16
"""Stdio, the line, and room for a loop of ``asyncio`` and some pipes."""
KERNEL_BUFFERS = 32 << 20
"""Bytes that the kernel may hold for all sockets of a process, beside its memory."""
LAST_DESCRIPTOR = 4
"""The highest number that a role uses: stdio, its line, the verdict."""
ABOVE_ALL_DESCRIPTORS = 256
"""The server was started with two descriptors and opens a handful."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What one process may use."""

    time_s: float
    memory_bytes: int
    file_bytes: int
    """Size of any file it writes; 0 where it can write none anyway."""


class Confinement(Protocol):
    """One way of being confined, in two steps."""

    def enter_server(self) -> None:
        """Take away what neither the server nor a child of it needs again.

        Raises:
            OSError: this kernel does not have it.
        """

    def enter_child(self) -> None:
        """Take away the rest; raises ``OSError`` where that fails."""


class Bare:
    """No confinement beyond the limits."""

    def enter_server(self) -> None:
        """Leave the process as it is."""

    def enter_child(self) -> None:
        """Start a session, so that what it forks can be found and ended."""
        os.setsid()


class Filtered:
    """A system call filter, and before it a Landlock domain where that is asked for.

    Reading the standard library is possible inside the domain, nothing else outside
    the process is. Without a domain no path can be opened, and only what the server
    has imported is there; unless it sits in a mount namespace, which says what is.
    """

    def __init__(self, *, domain: bool, paths: bool) -> None:
        """Choose what is put on."""
        self._domain = domain
        self._paths = paths

    def enter_server(self) -> None:
        """Give up privileges, enter the domain, then the server's filter."""
        from . import kernel, landlock, seccomp  # noqa: PLC0415 - where it is needed

        kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
        if self._domain:
            rules = landlock.ruleset(landlock.standard_library())
            landlock.restrict(rules)
            os.close(rules)
        kernel.drop_capabilities()
        seccomp.install(seccomp.serving(paths=self._paths))

    def enter_child(self) -> None:
        """Add the child's filter."""
        from . import seccomp  # noqa: PLC0415 - where it is needed

        seccomp.install(seccomp.running(os.getpid()))


def prepare(name: str) -> Confinement:
    """Make the confinement ``name`` ready.

    Raises:
        OSError: this kernel does not have it.
        KeyError: no such confinement, or no system call table for this machine.
    """
    most_open_files()  # once for all children
    if name == "seatbelt":
        from .darwin import Seatbelt  # noqa: PLC0415 - where it is needed

        return Seatbelt()
    ways: dict[str, Confinement] = {
        "none": Bare(),
        "landlock+seccomp": Filtered(domain=True, paths=True),
        "seccomp": Filtered(domain=False, paths=False),
        "bwrap": Filtered(domain=False, paths=True),
    }
    return ways[name]


def enter(confinement: Confinement, bounds: Bounds, *, server: int) -> None:
    """Confine this child: limits, then ``confinement``.

    Args:
        confinement: the server has entered its part.
        bounds: the limits of this process.
        server: the process id of the server, with which this process ends.

    Raises:
        OSError: a part of it could not be had; the process must not go on.
    """
    _die_with(server)
    _limit(bounds)
    os.closerange(LAST_DESCRIPTOR + 1, ABOVE_ALL_DESCRIPTORS)
    confinement.enter_child()


def _die_with(server: int) -> None:
    if LINUX:
        from . import kernel  # noqa: PLC0415 - where it is needed

        kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != server:
            os._exit(1)


@functools.cache
def most_open_files() -> int:
    """Return how many descriptors a child may have.

    Each may be a socket with a full buffer, whose size is the machine's to choose.
    """
    ends = socket.socketpair()
    buffer = ends[0].getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF)
    for end in ends:
        end.close()
    return max(FEWEST_FILES, min(OPEN_FILES, KERNEL_BUFFERS // max(1, buffer)))


def _limit(bounds: Bounds) -> None:
    cpu_s = math.ceil(bounds.time_s) + 1
    files = most_open_files()
    limits = {
        resource.RLIMIT_CORE: (0, 0),
        resource.RLIMIT_NOFILE: (files, files),
        resource.RLIMIT_FSIZE: (bounds.file_bytes, bounds.file_bytes),
        resource.RLIMIT_MEMLOCK: (0, 0),
        # The soft limit is a signal that a program can ignore, the hard one is not.
        resource.RLIMIT_CPU: (cpu_s, cpu_s + 1),
    }
    if LINUX:
        limits[resource.RLIMIT_AS] = (bounds.memory_bytes, bounds.memory_bytes)
    for which, wanted in limits.items():
        _, hard = resource.getrlimit(which)
        if hard != resource.RLIM_INFINITY:
            wanted = (min(wanted[0], hard), min(wanted[1], hard))  # noqa: PLW2901 - the nearest that is allowed
        try:
            resource.setrlimit(which, wanted)
        except (ValueError, OSError):
            # macOS refuses some; there the server watches the memory instead.
            if LINUX:
                raise
