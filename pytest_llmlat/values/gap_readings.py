"""Readings of the gaps between the tokens of an answer, off its record."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmlat.values.figure import NO_VALUES, RecordValues
from pytest_llmlat.values.percentiles import percentile

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmlat.values.records import Record


def gaps(record: Record) -> RecordValues:
    """Return the gaps between stamps of a request; of a time-out the last one is open.

    Where nobody counted tokens, a gap is not known to be one between tokens.
    """
    timing = record.timing
    if timing is None or record.finish == "error":
        return NO_VALUES
    timed_out = record.finish == "timeout"
    if not timing.stamps_ns or not any(timing.stamp_tokens):
        return NO_VALUES
    return RecordValues(values=timing.itl_s, censored=int(timed_out))


def gap(percent: int) -> Callable[[Record], float | None]:
    """Return what reads a percentile of the gaps of one request."""

    def of(record: Record) -> float | None:
        found = gaps(record)
        count = len(found.values) + found.censored
        return percentile(sorted(found.values), percent, of=count)

    return of
