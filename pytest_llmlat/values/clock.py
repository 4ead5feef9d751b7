"""The one clock, as a value that can be handed in."""

from __future__ import annotations

import time
from typing import Protocol

_SPIN_NS = 2_000_000


class Clock(Protocol):
    """A monotonic clock in nanoseconds, and a way to wait on it."""

    def now_ns(self) -> int:
        """Return the present instant."""
        ...

    def wait_until(self, when_ns: int) -> None:
        """Return as soon as the present instant is not before ``when_ns``."""
        ...


class SystemClock:
    """``time.perf_counter_ns``: monotonic, and untouched by corrections of the date."""

    now_ns = staticmethod(time.perf_counter_ns)

    def wait_until(self, when_ns: int) -> None:
        """Sleep through most of the wait and spin through the rest.

        A sleep may end late by as much as a scheduler's slice; the spin makes the
        instant exact to microseconds.
        """
        ahead = when_ns - self.now_ns()
        if ahead > _SPIN_NS:
            time.sleep((ahead - _SPIN_NS) / 1e9)
        while self.now_ns() < when_ns:
            pass


class ManualClock:
    """A clock that moves only when it is told to, for tests."""

    def __init__(self, now_ns: int = 0) -> None:
        """Start at ``now_ns``."""
        self._now_ns = now_ns

    def now_ns(self) -> int:
        """Return the instant at which the clock stands."""
        return self._now_ns

    def wait_until(self, when_ns: int) -> None:
        """Move on to ``when_ns`` at once, never backwards."""
        self._now_ns = max(self._now_ns, when_ns)
