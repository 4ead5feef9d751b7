"""What a process and those below it have taken, and whether there is room for more."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.machine.process_memory import (
    available_bytes,
    lack_of_memory,
    peak_of_family,
)

if TYPE_CHECKING:
    from pathlib import Path

GIB = 1024**3


def a_process(proc: Path, pid: int, *, peak_kib: int, children: str = "") -> None:
    """Write what the kernel tells of a process."""
    task = proc / str(pid) / "task" / str(pid)
    task.mkdir(parents=True)
    (task / "children").write_text(children, "ascii")
    status = f"Name:\tserver\nVmHWM:\t  {peak_kib} kB\n"
    (proc / str(pid) / "status").write_text(status, "ascii")


def test_a_family_takes_what_all_of_it_take(tmp_path: Path) -> None:
    """Children and theirs count; others do not, nor does one that has ended."""
    a_process(tmp_path, 7, peak_kib=100, children="8 9")
    a_process(tmp_path, 8, peak_kib=20, children="11 ")
    a_process(tmp_path, 11, peak_kib=3)
    a_process(tmp_path, 12, peak_kib=5000)

    assert peak_of_family(7, tmp_path) == 123 * 1024
    assert peak_of_family(99, tmp_path) is None


def test_what_is_available_is_read_or_not_known(tmp_path: Path) -> None:
    """The kernel's own estimate."""
    assert available_bytes(tmp_path) is None
    (tmp_path / "meminfo").write_text("MemFree: 1 kB\nMemAvailable: 42 kB\n", "ascii")

    assert available_bytes(tmp_path) == 42 * 1024


def test_room_lacks_only_where_that_is_known() -> None:
    """Both sizes are told."""
    assert lack_of_memory(3 * GIB, 2 * GIB) == (
        "it takes 3.0 GiB, and 2.0 GiB are free for another"
    )
    assert lack_of_memory(2 * GIB, 2 * GIB) is None
    assert lack_of_memory(None, 1) is None
    assert lack_of_memory(1, None) is None


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells")
def test_this_very_process_is_seen() -> None:
    """The real thing is some megabytes."""
    found = peak_of_family(os.getpid())

    assert found is not None
    assert found > 1_000_000
