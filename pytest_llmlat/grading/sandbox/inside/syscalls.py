"""System call numbers, (x86_64, aarch64); ``None`` where the machine has no such call.

Source: ``arch/x86/entry/syscalls/syscall_64.tbl`` and
``include/uapi/asm-generic/unistd.h`` of the Linux kernel.
"""

from __future__ import annotations

from typing import TypeAlias

Numbers: TypeAlias = tuple[int | None, int | None]

MACHINES = {"x86_64": 0, "aarch64": 1, "arm64": 1}
"""``platform.machine()`` to the column of the tables."""

AUDIT_ARCH = (0xC000003E, 0xC00000B7)
"""What seccomp calls the two machines (``linux/audit.h``)."""

LANDLOCK_CREATE_RULESET = 444
LANDLOCK_ADD_RULE = 445
LANDLOCK_RESTRICT_SELF = 446
SECCOMP: Numbers = (317, 277)
CAPSET: Numbers = (126, 91)

HARMLESS: dict[str, Numbers] = {
    "read": (0, 63),
    "write": (1, 64),
    "close": (3, 57),
    "fstat": (5, 80),
    "poll": (7, None),
    "lseek": (8, 62),
    "mmap": (9, 222),
    "mprotect": (10, 226),
    "munmap": (11, 215),
    "brk": (12, 214),
    "rt_sigaction": (13, 134),
    "rt_sigprocmask": (14, 135),
    "rt_sigreturn": (15, 139),
    "pread64": (17, 67),
    "readv": (19, 65),
    "writev": (20, 66),
    "pipe": (22, None),
    "select": (23, None),
    "sched_yield": (24, 124),
    "mremap": (25, 216),
    "mincore": (27, 232),
    "madvise": (28, 233),
    "dup": (32, 23),
    "dup2": (33, None),
    "pause": (34, None),
    "nanosleep": (35, 101),
    "getitimer": (36, 102),
    "alarm": (37, None),
    "setitimer": (38, 103),
    "getpid": (39, 172),
    "recvfrom": (45, 207),
    "shutdown": (48, 210),
    "getsockname": (51, 204),
    "getpeername": (52, 205),
    "socketpair": (53, 199),
    "exit": (60, 93),
    "wait4": (61, 260),
    "uname": (63, 160),
    "gettimeofday": (96, 169),
    "getrlimit": (97, 163),
    "getrusage": (98, 165),
    "sysinfo": (99, 179),
    "times": (100, 153),
    "getuid": (102, 174),
    "getgid": (104, 176),
    "geteuid": (107, 175),
    "getegid": (108, 177),
    "getppid": (110, 173),
    "getpgrp": (111, None),
    "getgroups": (115, 158),
    "getresuid": (118, 148),
    "getresgid": (120, 150),
    "rt_sigpending": (127, 136),
    "rt_sigtimedwait": (128, 137),
    "sigaltstack": (131, 132),
    "sched_getparam": (143, 121),
    "sched_getscheduler": (145, 120),
    "sched_get_priority_max": (146, 125),
    "sched_get_priority_min": (147, 126),
    "arch_prctl": (158, None),
    "gettid": (186, 178),
    "time": (201, None),
    "futex": (202, 98),
    "sched_getaffinity": (204, 123),
    "epoll_create": (213, None),
    "set_tid_address": (218, 96),
    "restart_syscall": (219, 128),
    "clock_gettime": (228, 113),
    "clock_getres": (229, 114),
    "clock_nanosleep": (230, 115),
    "exit_group": (231, 94),
    "epoll_wait": (232, None),
    "epoll_ctl": (233, 21),
    "waitid": (247, 95),
    "pselect6": (270, 72),
    "ppoll": (271, 73),
    "set_robust_list": (273, 99),
    "epoll_pwait": (281, 22),
    "eventfd2": (290, 19),
    "epoll_create1": (291, 20),
    "dup3": (292, 24),
    "pipe2": (293, 59),
    "getcpu": (309, 168),
    "getrandom": (318, 278),
    "membarrier": (324, 283),
    "rseq": (334, 293),
    "close_range": (436, 436),
}
"""What an interpreter needs and what reaches nothing outside its own process.

Not ``setsockopt``: it makes the kernel's buffers of a socket larger, which no limit on
memory counts. ``fcntl`` is held to what leaves a pipe as small as it is.
"""

LOOKING_AT_PATHS: dict[str, Numbers] = {
    "stat": (4, None),
    "lstat": (6, None),
    "access": (21, None),
    "getdents": (78, None),
    "getcwd": (79, 17),
    "readlink": (89, None),
    "getdents64": (217, 61),
    "newfstatat": (262, 79),
    "readlinkat": (267, 78),
    "faccessat": (269, 48),
    "statx": (332, 291),
    "faccessat2": (439, 439),
}
"""Allowed beside Landlock, which decides what can be opened and listed."""

SERVING: dict[str, Numbers] = {
    "sendmsg": (46, 211),
    "recvmsg": (47, 212),
    "kill": (62, 129),
    "tgkill": (234, 131),
    "prlimit64": (302, 261),
    "seccomp": SECCOMP,
}
"""What a fork server needs besides; its children refuse it or check its arguments.
``sendmsg`` takes an address from memory, where no filter can look at it."""

CHECKED: dict[str, Numbers] = {
    "open": (2, None),
    "ioctl": (16, 29),
    "sendto": (44, 206),
    "getsockopt": (55, 209),
    "clone": (56, 220),
    "kill": (62, 129),
    "fcntl": (72, 25),
    "prctl": (157, 167),
    "tgkill": (234, 131),
    "openat": (257, 56),
    "prlimit64": (302, 261),
    "clone3": (435, 435),
}
"""Allowed for some arguments only; ``seccomp`` says for which."""
