"""What the kernel holds for a process beside the memory that its limit counts.

``RLIMIT_AS`` counts what is mapped. The tables that say where it lies, and a stack in
the kernel for each thread, it does not: a page in each of many far places takes twice
its size in tables. So they are looked at while a program runs.

Source: ``Documentation/filesystems/proc.rst`` of the Linux kernel.
"""

from __future__ import annotations

import re

MOST_BYTES = 64 << 20
"""Bytes of page tables at most; more is no program's need: 1 GiB in one piece takes 2
MB of tables."""
LOOK_S = 0.01
"""How often one looks, in seconds."""
THREAD_BYTES = 32 << 10
"""About what the kernel keeps of a thread: its stack, and what it knows of it."""
_FIELD = re.compile(rb"^(PPid|Threads|VmPTE):\s*(\d+)", re.MULTILINE)


def kernel_bytes(pid: int, parent: int) -> int:
    """Return what the kernel holds for a process's tables and threads, in bytes.

    Args:
        pid: of the process.
        parent: of whom it must be a child; the number may have gone to another.

    Returns:
        0 where the process has gone, is another's, or nobody tells.
    """
    try:
        with open(f"/proc/{pid}/status", "rb") as status:  # noqa: PTH123 - a hundred times a second
            found = {name: int(value) for name, value in _FIELD.findall(status.read())}
    except OSError:
        return 0
    if found.get(b"PPid") != parent:
        return 0
    tables = found.get(b"VmPTE", 0) << 10
    return tables + found.get(b"Threads", 0) * THREAD_BYTES
