"""Tries to break out, in harmless ways: the self-test of a confinement.

Each attempt either raises or is a breach. The last one replaces the process, so its
success shows as an exit status that nothing else gives.
"""

from __future__ import annotations

import ctypes
import fcntl
import json
import mmap
import os
import resource
import socket
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

Targets = dict[str, Any]

EXECUTED = 77
"""The exit status that only another program gives."""
CLONE_NEWUSER = 0x10000000


def attempt(report_pipe: int, targets: Targets) -> None:
    """Make every attempt, write the names of those that succeeded, then try exec."""
    breaches = [name for name, canary in CANARIES.items() if _sings(canary, targets)]
    os.write(report_pipe, json.dumps(breaches).encode())
    os.close(report_pipe)
    os.execve("/bin/sh", ["sh", "-c", f"exit {EXECUTED}"], {})  # noqa: S606 - must fail


def _sings(canary: Callable[[Targets], object], targets: Targets) -> bool:
    try:
        canary(targets)
    except (OSError, ValueError, MemoryError, AttributeError):
        return False
    return True


def _write(targets: Targets) -> None:
    Path(targets["write"]).write_text("breach")


def _read(targets: Targets) -> None:
    Path(targets["read"]).read_bytes()


def _list(targets: Targets) -> None:
    next(Path(targets["read"]).parent.iterdir())


def _tcp(targets: Targets) -> None:
    socket.create_connection(("127.0.0.1", targets["tcp"]), 1).close()


def _udp(targets: Targets) -> None:
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as line:
        line.sendto(b"breach", ("127.0.0.1", targets["udp"]))


def _unix_stream(targets: Targets) -> None:
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)) as line:
        line.connect(targets["unix_stream"])


def _unix_datagram(targets: Targets) -> None:
    near, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with near, far:
        near.sendto(b"breach", targets["unix_datagram"])


def _unix_message(targets: Targets) -> None:
    near, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with near, far:
        near.sendmsg([b"breach"], [], 0, targets["unix_datagram"])


def _fork(_: Targets) -> None:
    if os.fork() == 0:
        os._exit(0)
    os.wait()


def _signal(_: Targets) -> None:
    os.kill(os.getppid(), 0)


def _signal_by_descriptor(_: Targets) -> None:
    fcntl.fcntl(0, fcntl.F_SETOWN, os.getppid())


def _lift_limit(_: Targets) -> None:
    endless = resource.RLIM_INFINITY
    resource.setrlimit(resource.RLIMIT_CPU, (endless, endless))


def _memory(targets: Targets) -> None:
    mmap.mmap(-1, 2 * targets["memory_bytes"]).close()


def _namespace(_: Targets) -> None:
    if ctypes.CDLL(None).unshare(CLONE_NEWUSER):
        raise OSError


def _descriptors(_: Targets) -> None:
    for descriptor in range(5, 256):
        try:
            os.fstat(descriptor)
        except OSError:
            continue
        return
    raise OSError


LINUX_CANARIES: dict[str, Callable[[Targets], object]] = {
    "signal another process through a descriptor": _signal_by_descriptor,
    "allocate more memory than the limit": _memory,
    "make a user namespace": _namespace,
}

CANARIES: dict[str, Callable[[Targets], object]] = {
    "write a file": _write,
    "read a file": _read,
    "list a folder": _list,
    "connect over TCP": _tcp,
    "send over UDP": _udp,
    "connect to a local socket": _unix_stream,
    "send a datagram to a local socket": _unix_datagram,
    "send a message to a local socket": _unix_message,
    "start a process": _fork,
    "signal another process": _signal,
    "lift its own limits": _lift_limit,
    "find an inherited descriptor": _descriptors,
    **(LINUX_CANARIES if sys.platform == "linux" else {}),
}
