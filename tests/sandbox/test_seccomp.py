"""The system call filters, run by a small interpreter of BPF: both machines."""

from __future__ import annotations

import os
import struct

import pytest

from pytest_llmlat.grading.sandbox.inside import seccomp
from pytest_llmlat.grading.sandbox.inside.syscalls import (
    AUDIT_ARCH,
    CHECKED,
    HARMLESS,
    LOOKING_AT_PATHS,
    MACHINES,
    SERVING,
)

PID = 4711
TABLES = HARMLESS | LOOKING_AT_PATHS | SERVING | CHECKED
REFUSE, ALLOW, KILL = seccomp.REFUSE, seccomp.ALLOW, seccomp.KILL_PROCESS
machines = pytest.mark.parametrize("machine", ["x86_64", "aarch64"])


def answer(code: bytes, machine: str, number: int, *arguments: int) -> int:
    """Return what a filter answers to one system call."""
    padded = (*arguments, 0, 0, 0, 0, 0, 0)[:6]
    arch = AUDIT_ARCH[MACHINES[machine]]
    data = struct.pack("<IIQ6Q", number & 0xFFFFFFFF, arch, 0, *padded)
    return interpret(code, data)


def interpret(code: bytes, data: bytes) -> int:
    """Run classic BPF, the six instructions that the filters use."""
    at = accumulator = 0
    while True:
        kind, hit, miss, value = struct.unpack_from("HBBI", code, 8 * at)
        at += 1
        if kind == seccomp.RETURN:
            return int(value)
        if kind == seccomp.LOAD:
            (accumulator,) = struct.unpack_from("<I", data, value)
            continue
        if kind == seccomp.ALWAYS:
            at += value
            continue
        taken = {
            seccomp.EQUAL: accumulator == value,
            seccomp.AT_LEAST: accumulator >= value,
            seccomp.ANY_BIT: bool(accumulator & value),
        }[kind]
        at += hit if taken else miss


def both(machine: str, name: str, *arguments: int, paths: bool = True) -> int:
    """Return the stricter of the two filters that a child lives under."""
    number = TABLES[name][MACHINES[machine]]
    if number is None:
        return REFUSE
    serving = seccomp.serving(paths=paths, machine=machine)
    running = seccomp.running(PID, machine=machine)
    answers = [answer(code, machine, number, *arguments) for code in (serving, running)]
    return ALLOW if answers == [ALLOW, ALLOW] else min(answers)


@machines
def test_every_number_that_is_not_on_the_list_is_refused(machine: str) -> None:
    """The filter is an allow-list: a call that nobody thought of fails."""
    code = seccomp.serving(paths=True, machine=machine)
    column = MACHINES[machine]
    listed = {numbers[column] for numbers in TABLES.values()}

    allowed = {n for n in range(600) if answer(code, machine, n) == ALLOW}

    assert allowed <= listed
    assert allowed >= {numbers[column] for numbers in HARMLESS.values()} - {None}


@machines
@pytest.mark.parametrize(
    ("name", "arguments", "allowed"),
    [
        ("kill", (PID, 9), True),
        ("kill", (1, 9), False),
        ("kill", (0, 9), False),
        ("kill", (2**32 - 1, 9), False),
        ("tgkill", (PID, PID, 6), True),
        ("tgkill", (1, 1, 6), False),
        ("clone", (0x3D0F00,), True),
        ("clone", (17,), False),
        ("clone", (0x10000 | 0x10000000,), False),
        ("prlimit64", (0, 7, 0, 1), True),
        ("prlimit64", (0, 7, 1, 0), False),
        ("prlimit64", (0, 7, 1 << 32, 0), False),
        ("prlimit64", (PID, 7, 0, 1), True),
        ("prlimit64", (1, 7, 0, 1), False),
        ("prlimit64", (PID, 7, 1, 1), False),
        ("getsockopt", (3, 1, 3), True),
        ("getsockopt", (3, 1, 39), True),
        ("getsockopt", (3, 1, 17), False),
        ("getsockopt", (3, 1, 77), False),
        ("getsockopt", (3, 6, 3), False),
        ("sendto", (3, 1, 1, 0, 0, 0), True),
        ("sendto", (3, 1, 1, 0, 1, 16), False),
        ("sendto", (3, 1, 1, 0, 1 << 32, 16), False),
        ("sendmsg", (3, 1, 0), False),
        ("recvmsg", (3, 1, 0), False),
        ("seccomp", (1, 0, 1), False),
        ("fcntl", (3, 8, 1), False),
        ("fcntl", (3, 10, 9), False),
        ("fcntl", (3, 3), True),
        ("fcntl", (3, 4, os.O_NONBLOCK), True),
        ("fcntl", (3, 4, seccomp.O_ASYNC | os.O_NONBLOCK), False),
        ("fcntl", (3, 3, seccomp.O_ASYNC), True),
        ("fcntl", (3, 1031, 1 << 20), False),
        ("prctl", (15, 1), True),
        ("prctl", (1, 0), False),
        ("prctl", (22, 2), False),
        ("ioctl", (0, 0x5401), True),
        ("ioctl", (0, 0x5412), False),
        ("openat", (0, 0, os.O_RDONLY | os.O_CLOEXEC), True),
        ("openat", (0, 0, os.O_WRONLY), False),
        ("openat", (0, 0, seccomp.ONLY_A_NAME), False),
        ("openat", (0, 0, os.O_RDONLY | os.O_TRUNC), False),
        ("openat", (0, 0, os.O_RDWR | os.O_CREAT), False),
    ],
)
def test_a_child_may_do_this_and_not_that(
    machine: str, name: str, arguments: tuple[int, ...], *, allowed: bool
) -> None:
    """Signals to itself, threads, reading limits and files; and no more of the kind."""
    assert (both(machine, name, *arguments) == ALLOW) is allowed


@machines
def test_no_buffer_of_a_socket_can_be_made_larger(machine: str) -> None:
    """Not by any option of a socket: setting one is not on the list."""
    number = {"x86_64": 54, "aarch64": 208}[machine]

    assert answer(seccomp.serving(paths=True, machine=machine), machine, number) == (
        REFUSE
    )


@machines
def test_without_a_domain_no_path_can_be_opened(machine: str) -> None:
    """Where Landlock is missing, nothing opens or looks at a path."""
    names = ["openat", "open", *LOOKING_AT_PATHS]

    assert {both(machine, name, paths=False) for name in names} == {REFUSE}


@machines
def test_another_architecture_is_killed(machine: str) -> None:
    """Numbers mean other calls there, so no list of ours holds."""
    for code in (
        seccomp.serving(paths=True, machine=machine),
        seccomp.running(PID, machine=machine),
    ):
        foreign = struct.pack("<IIQ6Q", 0, 0x40000003, *[0] * 7)
        assert interpret(code, foreign) == KILL


def test_the_x32_numbers_are_refused() -> None:
    """The third set of numbers of x86 has the same architecture as the first."""
    code = seccomp.serving(paths=True, machine="x86_64")

    assert answer(code, "x86_64", 0x40000000) == REFUSE


@machines
def test_clone3_is_said_to_be_unknown(machine: str) -> None:
    """The C library then takes ``clone``, whose flags a filter can see."""
    code = seccomp.serving(paths=True, machine=machine)

    assert answer(code, machine, 435) == seccomp.FAIL | 38
