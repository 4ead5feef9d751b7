"""Stamps of the system on what a socket received, before any process has woken up.

A server that is late in reading a request would else count its own lateness as time
that the request was under way, and so as an error of the client.
"""

from __future__ import annotations

import socket
import struct
import sys
import time

from pytest_llmlat.values.timing import NS_PER_S

_SO_TIMESTAMPNS = 35
"""Linux's option (asm-generic/socket.h), which :mod:`socket` has no name for."""
_TIMESPEC = struct.Struct("qq")
_SPACE = 64
"""Bytes for what comes beside the data: one head and one stamp."""
_LATEST_NS = NS_PER_S
"""A stamp further back is not believed: the wall clock was set meanwhile."""


def stamp_arrivals(line: socket.socket) -> bool:
    """Have the system stamp what arrives on a socket; return whether it does."""
    if sys.platform != "linux":
        return False
    try:
        line.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
    except OSError:
        return False
    return True


def received(line: socket.socket, size: int) -> tuple[bytes, int]:
    """Return what has come on a socket, and when the last of it was here.

    The instant is one of ``perf_counter_ns``: that of the system, else that of reading.

    Raises:
        OSError: as ``recv`` does.
    """
    data, beside, _, _ = line.recvmsg(size, _SPACE)
    read, wall = time.perf_counter_ns(), time.time_ns()
    for level, kind, told in beside:
        if level == socket.SOL_SOCKET and kind == _SO_TIMESTAMPNS:
            seconds, rest = _TIMESPEC.unpack_from(told)
            ago = wall - (seconds * NS_PER_S + rest)
            if 0 <= ago < _LATEST_NS:
                return data, read - ago
    return data, read
