"""Times of a cell's requests and what follows from them, once for all figures.

A dozen figures are made of the time of each answer. Of a million records, to work it
out anew for each of them takes longer than the figures do.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llmlat.values.answer_speed import answer_time, speed_score

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmlat.values.records import Record

_TICK_S = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestTimes:
    """Times of the requests of a cell, in the order of its records."""

    e2e_s: Sequence[float | None]
    """End-to-end time of each answer in seconds; ``None`` for a failure."""
    speeds: Sequence[float]
    """Speed score of each, 0 for a failure."""
    logs: Sequence[float | None]
    """Logarithm of each time; ``None`` for a failure."""


def request_times(records: Sequence[Record]) -> RequestTimes:
    """Return the times of requests, from their records."""
    times = [answer_time(record) for record in records]
    return RequestTimes(
        e2e_s=times,
        speeds=[
            speed_score(time, record.budget_s)
            for time, record in zip(times, records, strict=True)
        ],
        # An instant is no time at all to a clock that ticks too slowly.
        logs=[None if time is None else math.log(max(time, _TICK_S)) for time in times],
    )
