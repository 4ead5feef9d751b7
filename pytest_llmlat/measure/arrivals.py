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


_WARM_UP_SHARE = 0.1
_MOST_BEFORE = 10
"""Most warm-up requests, even where fewer count."""
_CROSSINGS = 3
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


class WarmUp:
    """The warm-up of a load: when it has lasted long enough for requests to count.

    A closed loop is filled once. An open one begins with an empty server, which is
    faster than one that has filled: so requests go before until answers take as long as
    they have taken, that is, until their times have crossed their own mean three times
    (Fishman 1973; Gafarian, Ancker & Morisaki 1978). To wait for a quiet moment would
    flatter. Times that only grow never cross it: then as many go before as count.
    """

    def __init__(self, scenario: Scenario, measured: int) -> None:
        """Begin before the first request.

        Args:
            scenario: how requests are offered.
            measured: how many are to count.
        """
        self._open = scenario.kind == "server"
        self._least = scenario.warm_up or 0
        self._most = self._least
        if self._open:
            self._least = max(1, math.ceil(_WARM_UP_SHARE * measured))
            self._most = max(_MOST_BEFORE, measured)
        self._over = False
        self._ended = self._sum_ns = self._crossings = self._side = 0

    def over(self, sent: int) -> bool:
        """Say whether the warm-up is over: the next request and all later ones count.

        Args:
            sent: how many have been sent.
        """
        enough = self.steady is not False or sent >= self._most
        self._over = self._over or (sent >= self._least and enough)
        return self._over

    def ended(self, took_ns: int) -> None:
        """Note how long a request took from its arrival, whatever came of it."""
        if self._over:
            return
        self._ended += 1
        self._sum_ns += took_ns
        # In whole numbers: answers that all take the same are at their mean.
        beside = self._ended * took_ns - self._sum_ns
        side = (beside > 0) - (beside < 0)
        if self._ended > 1 and side in (0, -self._side):
            self._crossings += 1
        self._side = side or self._side

    @property
    def steady(self) -> bool | None:
        """Whether answers had stopped becoming slower before any counted.

        ``None`` where this is not looked at: in no other than an open loop.
        """
        return self._crossings >= _CROSSINGS if self._open else None


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
