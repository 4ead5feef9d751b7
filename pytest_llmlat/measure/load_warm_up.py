"""The warm-up of a load: requests that go before those that count."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_llmlat.values.scenario import Scenario

_WARM_UP_SHARE = 0.1
_MOST_BEFORE = 10
"""Most warm-up requests, even where fewer count."""
_CROSSINGS = 3


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
