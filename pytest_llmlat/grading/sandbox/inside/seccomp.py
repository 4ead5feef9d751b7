"""A system call filter: an allow-list as a hand-made BPF program, no library.

What is not on the list fails with ``EPERM``, so that the interpreter turns it into an
exception; a foreign architecture is killed. Landlock bounds which paths can be opened,
but not datagrams, local sockets, processes, System V memory and much else: that is
this filter's part.

Sources: seccomp(2), bpf(2), ``linux/filter.h``, ``linux/seccomp.h``, fcntl(2),
clone(2), prctl(2).
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct

from .kernel import PR_SET_PDEATHSIG, call
from .syscalls import (
    AUDIT_ARCH,
    CHECKED,
    HARMLESS,
    LOOKING_AT_PATHS,
    MACHINES,
    SECCOMP,
    SERVING,
)

SET_MODE_FILTER = 1
ALLOW = 0x7FFF0000
FAIL = 0x00050000
KILL_PROCESS = 0x80000000
REFUSE = FAIL | errno.EPERM

LOAD, EQUAL, AT_LEAST, ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
ALWAYS = 0x05
AT_NUMBER, AT_ARCH, AT_ARGUMENTS = 0, 4, 16
X32_BIT = 0x40000000

CLONE_THREAD = 0x00010000
CLONE_NEW_ANY = 0x7E020000
"""Every ``CLONE_NEW*`` flag that ``clone`` knows: new namespaces."""
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
ONLY_A_NAME = 0x200000
"""O_PATH: a hold of any path at all, which Landlock does not ask about."""
TERMINAL_QUESTIONS = (0x5401, 0x5413, 0x5421, 0x541B, 0x5450, 0x5451)
"""TCGETS, TIOCGWINSZ, FIONBIO, FIONREAD, FIONCLEX, FIOCLEX."""
FCNTL_COMMANDS = (0, 1, 2, 3, 4, 1030)
"""F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_DUPFD_CLOEXEC. Not F_SETOWN and
F_SETSIG: with them the kernel sends any signal to any process of the same user."""
SET_FLAGS = 4
O_ASYNC = 0x2000
SOCKET_LEVEL = 1
SOCKET_QUESTIONS = (3, 4, 7, 8, 38, 39)
"""SO_TYPE, SO_ERROR, SO_SNDBUF, SO_RCVBUF, SO_PROTOCOL, SO_DOMAIN. Not SO_PEERCRED and
SO_PEERPIDFD, which name the process at the other end and hand out a hold of it."""
PRCTL_NAMES = (15, 16, 0x53564D41)
"""PR_SET_NAME, PR_GET_NAME, PR_SET_VMA: names of threads and of mappings."""


class BpfProgram:
    """A BPF program under construction; knows the columns of one machine."""

    def __init__(self, machine: str) -> None:
        """Choose the numbers of ``machine``; ``KeyError`` where there are none."""
        self._column = MACHINES[machine]
        self._code = bytearray()

    def compiled(self) -> bytes:
        """Return the instructions, eight bytes each."""
        return bytes(self._code)

    def add(self, code: int, value: int, hit: int = 0, miss: int = 0) -> None:
        """Append one instruction; ``hit`` and ``miss`` count what a jump skips."""
        self._code += struct.pack("HBBI", code, hit, miss, value & 0xFFFFFFFF)

    def guard_architecture(self) -> None:
        """Kill calls made by another architecture's entry, refuse the x32 ones."""
        self.add(LOAD, AT_ARCH)
        self.add(EQUAL, AUDIT_ARCH[self._column], hit=1)
        self.add(RETURN, KILL_PROCESS)
        self.add(LOAD, AT_NUMBER)
        if self._column == MACHINES["x86_64"]:
            self.add(AT_LEAST, X32_BIT, miss=1)
            self.add(RETURN, REFUSE)

    def answer(self, numbers: tuple[int | None, int | None], result: int) -> None:
        """Decide a call whatever its arguments are."""
        number = numbers[self._column]
        if number is not None:
            self.add(EQUAL, number, miss=1)
            self.add(RETURN, result)

    def check(self, name: str, steps: list[tuple[int, int, int, int]]) -> None:
        """Decide a call by ``steps``; refuse it where they come to no answer."""
        number = CHECKED[name][self._column]
        if number is not None:
            self.add(EQUAL, number, miss=len(steps) + 1)
            for step in steps:
                self.add(*step)
            self.add(RETURN, REFUSE)


def argument(index: int, *, high: bool = False) -> tuple[int, int, int, int]:
    """Load one half of a 64-bit argument (both machines are little-endian)."""
    return (LOAD, AT_ARGUMENTS + 8 * index + 4 * high, 0, 0)


def one_of(index: int, values: tuple[int, ...]) -> list[tuple[int, int, int, int]]:
    """Allow where an argument is one of ``values``."""
    steps = [argument(index)]
    for value in values:
        steps += [(EQUAL, value, 0, 1), (RETURN, ALLOW, 0, 0)]
    return steps


def null(index: int) -> list[tuple[int, int, int, int]]:
    """Allow where a pointer is null: both halves of it."""
    return [
        argument(index),
        (EQUAL, 0, 0, 3),
        argument(index, high=True),
        (EQUAL, 0, 0, 1),
        (RETURN, ALLOW, 0, 0),
    ]


def both(
    first: list[tuple[int, int, int, int]], second: list[tuple[int, int, int, int]]
) -> list[tuple[int, int, int, int]]:
    """Allow where both would: what the first allows goes on to the second."""
    size = len(first)
    steps = [
        # A jump to the end of the first, where the second begins.
        (ALWAYS, size - place, 0, 0) if step[:2] == (RETURN, ALLOW) else step
        for place, step in enumerate(first)
    ]
    return [*steps, (RETURN, REFUSE, 0, 0), *second]


def unless(index: int, value: int) -> list[tuple[int, int, int, int]]:
    """Allow where an argument is not ``value``; else the next steps decide."""
    return [argument(index), (EQUAL, value, 1, 0), (RETURN, ALLOW, 0, 0)]


def without_bits(index: int, bits: int) -> list[tuple[int, int, int, int]]:
    """Allow where an argument has none of ``bits``."""
    return [argument(index), (ANY_BIT, bits, 1, 0), (RETURN, ALLOW, 0, 0)]


def with_bits(index: int, bits: int) -> list[tuple[int, int, int, int]]:
    """Allow where an argument has one of ``bits``."""
    return [argument(index), (ANY_BIT, bits, 0, 1), (RETURN, ALLOW, 0, 0)]


def serving(*, paths: bool, machine: str | None = None) -> bytes:
    """Return the filter of a fork server, which all its children inherit.

    Args:
        paths: whether paths can be opened for reading. Only inside a Landlock domain
            or a mount namespace; without one, no path can be opened at all.
        machine: as ``platform.machine()``; by default this one.

    Raises:
        KeyError: the machine is neither x86_64 nor aarch64.
    """
    program = BpfProgram(machine or platform.machine())
    program.guard_architecture()
    allowed = HARMLESS | SERVING | (LOOKING_AT_PATHS if paths else {})
    for numbers in allowed.values():
        program.answer(numbers, ALLOW)
    # glibc falls back from clone3, whose flags lie in memory, to clone.
    program.answer(CHECKED["clone3"], FAIL | errno.ENOSYS)
    if paths:
        # This closes O_TRUNC too, which Landlock lets through before its ABI 3.
        program.check("openat", without_bits(2, WRITING | ONLY_A_NAME))
        program.check("open", without_bits(1, WRITING | ONLY_A_NAME))
    program.check("clone", without_bits(0, CLONE_NEW_ANY))
    # With an address, a datagram of a socket pair reaches any local socket.
    program.check("sendto", null(4))
    program.check("fcntl", one_of(1, FCNTL_COMMANDS))
    asking = both(one_of(1, (SOCKET_LEVEL,)), one_of(2, SOCKET_QUESTIONS))
    program.check("getsockopt", asking)
    program.check("ioctl", one_of(1, TERMINAL_QUESTIONS))
    program.check("prctl", one_of(0, (*PRCTL_NAMES, PR_SET_PDEATHSIG)))
    program.add(RETURN, REFUSE)
    return program.compiled()


def running(pid: int, *, machine: str | None = None) -> bytes:
    """Return the filter that a child adds: it refuses what only a server may do.

    Two filters cost less than one: the long one is put on once, and the kernel takes
    the stricter answer of the two.

    Args:
        pid: the only process that may be signalled: the filtered one.
        machine: as ``platform.machine()``; by default this one.

    Raises:
        KeyError: the machine is neither x86_64 nor aarch64.
    """
    program = BpfProgram(machine or platform.machine())
    program.guard_architecture()
    program.check("clone", with_bits(0, CLONE_THREAD))
    program.check("kill", one_of(0, (pid,)))
    program.check("tgkill", one_of(0, (pid,)))
    # Reading its own limits is allowed, setting is not: root could lift its own.
    program.check("prlimit64", both(one_of(0, (0, pid)), null(2)))
    program.check("fcntl", [*unless(1, SET_FLAGS), *without_bits(2, O_ASYNC)])
    program.check("prctl", one_of(0, PRCTL_NAMES))
    for name, numbers in SERVING.items():
        if name not in CHECKED:
            program.answer(numbers, REFUSE)
    program.add(RETURN, ALLOW)
    return program.compiled()


class _FilterProgram(ctypes.Structure):
    """``struct sock_fprog`` of ``linux/filter.h``."""

    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))


def install(code: bytes) -> None:
    """Put the filter on this process for good; needs ``no_new_privs``.

    Raises:
        OSError: the kernel has no seccomp filters, or refuses this one.
    """
    buffer = ctypes.create_string_buffer(code, len(code))
    program = _FilterProgram(len(code) // 8, ctypes.addressof(buffer))
    number = SECCOMP[MACHINES[platform.machine()]]
    call("seccomp", number, SET_MODE_FILTER, 0, ctypes.addressof(program))
