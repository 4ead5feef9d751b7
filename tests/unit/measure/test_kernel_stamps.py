"""Stamps of the system on what a socket received."""

from __future__ import annotations

import select
import socket
import sys
import time

import pytest

from pytest_llmlat.measure.instrument.kernel_stamps import received, stamp_arrivals
from pytest_llmlat.values.timing import NS_PER_S

linux = pytest.mark.skipif(sys.platform != "linux", reason="Linux alone stamps so")


def pair() -> tuple[socket.socket, socket.socket]:
    """Return both ends of a connection."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        there = socket.create_connection(door.getsockname(), timeout=30)
        here, _ = door.accept()
    return there, here


@linux
def test_what_is_read_late_was_here_before() -> None:
    """The stamp is of the arrival, whenever it is read.

    The system begins to stamp some time after it was asked to, and gives what came
    before the instant of reading; so it is asked again until it does.
    """
    there, here = pair()
    with there, here:
        assert stamp_arrivals(here)
        asked, stamp, here_by = time.perf_counter_ns(), 1, 0
        while stamp > here_by and time.perf_counter_ns() - asked < 30 * NS_PER_S:
            there.sendall(b"now")
            select.select([here], [], [])
            here_by = time.perf_counter_ns()

            data, stamp = received(here, 100)

            assert data == b"now"
        assert stamp <= here_by


@linux
def test_without_stamps_it_is_the_reading_that_counts() -> None:
    """So it is where the wall clock was set in between."""
    there, here = pair()
    with there, here:
        there.sendall(b"now")
        before = time.perf_counter_ns()

        data, stamp = received(here, 100)

        assert (data, stamp >= before) == (b"now", True)


@linux
@pytest.mark.parametrize("off_s", [-3600, 3600])
def test_a_clock_that_was_set_is_not_believed(
    monkeypatch: pytest.MonkeyPatch, off_s: int
) -> None:
    """A stamp of the future or of long ago is none."""
    there, here = pair()
    with there, here:
        stamp_arrivals(here)
        there.sendall(b"now")
        before = time.perf_counter_ns()
        wall = time.time_ns() + off_s * 1_000_000_000
        monkeypatch.setattr(time, "time_ns", lambda: wall)

        assert received(here, 100)[1] >= before


def test_a_socket_that_cannot_be_stamped() -> None:
    """It is said, and nothing is broken."""
    there, here = pair()
    there.close()
    here.close()

    assert not stamp_arrivals(here)
