"""System calls that the standard library has no function for."""

from __future__ import annotations

import ctypes
import functools
import os
import platform
import struct

from .syscalls import CAPSET, MACHINES

PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
PR_SET_CHILD_SUBREAPER = 36
PR_SET_NO_NEW_PRIVS = 38
CAPABILITY_VERSION_3 = 0x20080522


@functools.cache
def libc() -> ctypes.CDLL:
    """Return the C library that the interpreter itself runs on."""
    library = ctypes.CDLL(None, use_errno=True)
    library.syscall.restype = ctypes.c_long
    return library


def call(what: str, number: int | None, *arguments: int | bytes) -> int:
    """Make a system call by number.

    Raises:
        OSError: it failed; ``what`` stands in the message.
    """
    if number is None:
        raise OSError(f"{what}: not on this machine")
    passed = [
        ctypes.c_char_p(value) if isinstance(value, bytes) else ctypes.c_void_p(value)
        for value in arguments
    ]
    result = int(libc().syscall(ctypes.c_long(number), *passed))
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{what}: {os.strerror(code)}")
    return result


def prctl(option: int, value: int) -> None:
    """Set a property of this process.

    Source: prctl(2).

    Raises:
        OSError: the kernel does not have it.
    """
    unused = ctypes.c_ulong(0)
    if libc().prctl(option, ctypes.c_ulong(value), unused, unused, unused) < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"prctl {option}: {os.strerror(code)}")


def drop_capabilities() -> None:
    """Give up every capability, which matters to root alone, see capset(2).

    Raises:
        OSError: the kernel refuses.
    """
    header = struct.pack("=Ii", CAPABILITY_VERSION_3, 0)
    number = CAPSET[MACHINES[platform.machine()]]
    call("capset", number, header, bytes(24))
