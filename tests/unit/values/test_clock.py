"""The clock is monotonic, and a manual one moves only when it is told to."""

from __future__ import annotations

import time

from hypothesis import given
from hypothesis import strategies as st

from pytest_llmlat.values.clock import ManualClock, SystemClock


def test_manual_clock_stands_still() -> None:
    """Reading the clock does not move it."""
    clock = ManualClock(5)

    assert [clock.now_ns(), clock.now_ns()] == [5, 5]


@given(st.lists(st.integers(-10, 10)))
def test_manual_clock_never_goes_back(instants: list[int]) -> None:
    """Waiting for an instant that is over changes nothing."""
    clock = ManualClock()

    for instant in instants:
        clock.wait_until(instant)

    assert clock.now_ns() == max([0, *instants])


def test_system_clock_is_the_performance_counter() -> None:
    """Corrections of the date do not touch a measurement."""
    before = time.perf_counter_ns()
    now = SystemClock().now_ns()

    assert before <= now <= time.perf_counter_ns()


def test_system_clock_waits_no_shorter_than_told() -> None:
    """The wait ends at the instant or after it, whether it sleeps or spins."""
    clock = SystemClock()
    for ahead_ns in (-1, 0, 50_000, 2_500_000):
        when = clock.now_ns() + ahead_ns

        clock.wait_until(when)

        assert clock.now_ns() >= when
