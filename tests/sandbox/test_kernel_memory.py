"""What the kernel holds for a process, as it is looked at from outside."""

from __future__ import annotations

import mmap
import os
import sys

import pytest

from pytest_llmlat.grading.sandbox.inside import confine
from pytest_llmlat.grading.sandbox.kernel_memory import THREAD_BYTES, kernel_bytes

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="read from /proc")


def test_tables_grow_with_places_that_were_touched() -> None:
    """A touched byte in each of many places costs a page of tables for each."""
    me, parent = os.getpid(), os.getppid()
    before = kernel_bytes(me, parent)

    with mmap.mmap(-1, 1 << 30) as region:
        for place in range(0, 1 << 30, 1 << 21):
            region[place]
        after = kernel_bytes(me, parent)

    assert before >= THREAD_BYTES
    assert after - before >= 1 << 20


def test_the_process_of_another_is_not_looked_at() -> None:
    """A number may have gone to a process that has nothing to do with it."""
    assert kernel_bytes(os.getpid(), os.getpid()) == 0
    assert kernel_bytes(1 << 29, os.getpid()) == 0


def test_large_buffers_leave_fewer_descriptors(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where a machine gives each socket much, a program may open few of them."""

    class Line:
        def __init__(self, size: int) -> None:
            self.size = size

        def getsockopt(self, *_: int) -> int:
            return self.size

        def close(self) -> None:
            pass

    def files(size: int) -> int:
        pair = (Line(size), Line(size))
        monkeypatch.setattr("socket.socketpair", lambda: pair)
        return confine.most_open_files.__wrapped__()

    assert [files(size) for size in (8192, 212_992, 1 << 20, 1 << 24)] == [
        *(64, 64, 32, 16)
    ]
