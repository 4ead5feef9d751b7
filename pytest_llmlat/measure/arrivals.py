"""Arrivals: when each request of a cell is sent, in rounds or as a Poisson process."""

from __future__ import annotations

import math
import random
from typing import TYPE_CHECKING

from pytest_llmlat.values.timing import NS_PER_S

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmlat.values.entities import Sample
    from pytest_llmlat.values.scenario import Scenario


_MOST_STREAMS = 1024


def visits(samples: Sequence[Sample], requests: int) -> tuple[tuple[Sample, int], ...]:
    """Return the order of asking: each sample with the number of its round.

    Args:
        samples: the drawn samples of a task, at least one.
        requests: how many there are to be; goes round the samples where there are
            fewer, and stops early where there are more.
    """
    return tuple(
        (samples[n % len(samples)], n // len(samples)) for n in range(requests)
    )


def streams_of(scenario: Scenario, requests: int) -> int:
    """Return about how many requests a scenario has in flight, to try the clock with.

    Of an open loop nobody knows before; as many as arrive in a second stand for it.
    """
    expected = {
        "single": 1,
        "offline": requests,
        "concurrent": scenario.level or 1,
        "server": scenario.level or 1,
    }
    return min(_MOST_STREAMS, max(1, math.ceil(expected[scenario.kind])))


class Arrivals:
    """Poisson arrivals at a mean rate, fixed by a seed before the first is sent."""

    def __init__(self, rate: float, seed: int) -> None:
        """Draw nothing yet.

        Args:
            rate: arrivals a second.
            seed: of the session; the same seed gives the same instants.
        """
        # random() is the one method whose sequence Python promises to keep.
        self._source = random.Random(f"{seed}|{rate:.17g}")  # noqa: S311 - no secret
        self._rate = rate
        self._at_s = 0.0

    def next_ns(self) -> int:
        """Return the next arrival, in nanoseconds from the beginning."""
        self._at_s -= math.log(1.0 - self._source.random()) / self._rate
        return round(self._at_s * NS_PER_S)


class DealtArrivals(Arrivals):
    """Those arrivals of one schedule that are dealt to one of several clients."""

    def __init__(self, rate: float, seed: int, *, place: int, among: int) -> None:
        """Draw nothing yet.

        Args:
            rate: of all arrivals together, a second.
            seed: of the whole schedule.
            place: of the client, from 0.
            among: how many clients there are; each takes every so many-th arrival.
        """
        super().__init__(rate, seed)
        self._others, self._among = place, among

    def next_ns(self) -> int:
        """Return the next arrival of its own, in nanoseconds from the beginning."""
        for _ in range(self._others):
            super().next_ns()
        self._others = self._among - 1
        return super().next_ns()
