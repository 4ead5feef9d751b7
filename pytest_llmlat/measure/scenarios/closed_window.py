"""The window of a closed loop, over which its throughput is counted."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_llmlat.values.protocols import Exchange

_AS_LONG = 0.9
"""Share of another answer's time from which on an answer counts as equally long."""


@dataclass(slots=True)
class RequestSpan:
    """The span of a request: the instant from which it counts, and its end."""

    start_ns: int
    end_ns: int
    failed: bool


def spans_of(
    ended: Iterable[RequestSpan | tuple[int, Exchange]],
) -> tuple[list[RequestSpan], list[RequestSpan]]:
    """Return the spans of all requests that ended, and of those that count.

    Args:
        ended: spans of those that do not count; starts and exchanges of those that do,
            in the order of their ends.
    """
    found, counted = [], []
    for each in ended:
        if isinstance(each, RequestSpan):
            found.append(each)
            continue
        start_ns, exchange = each
        span = RequestSpan(start_ns, exchange.end_ns, exchange.failed)
        found.append(span)
        counted.append(span)
    return found, counted


def closed_window_ns(
    spans: Sequence[RequestSpan],
    measured: Sequence[RequestSpan],
    cut_off_ns: Sequence[int],
    begin: int,
    end: int,
) -> float:
    """Return the time in which as many answers come as were measured, by the rate.

    The part of each answer counts that lies between the two instants, whether it is
    measured or not: so the rate is right wherever in its waves a closed loop is cut
    off, and slots that wait to be let in again make it no larger. The duration of an
    answer that was still under way is taken from those that took longer than it had by
    then; one that had outlasted them all counts for nothing.

    Args:
        spans: spans of all requests that ended.
        measured: spans of those that count, at least one.
        cut_off_ns: starts of the requests that were under way at the end.
        begin: instant of the first measured sending.
        end: instant of the last measured end.
    """
    good = [span for span in measured if not span.failed]
    counted = good or measured
    done = 0.0
    for span in spans:
        inside = min(span.end_ns, end) - max(span.start_ns, begin)
        if inside > 0 and span.failed <= (not good):
            done += inside / (span.end_ns - span.start_ns)
    took = sorted(span.end_ns - span.start_ns for span in counted)
    sums = list(accumulate(1 / max(1, one) for one in reversed(took)))
    for start in cut_off_ns:
        inside = end - max(start, begin)
        longer = len(took) - bisect_left(took, (end - start) * _AS_LONG)
        if inside > 0 and longer:
            done += min(1.0, inside * sums[longer - 1] / longer)
    # Answers that take no time at all are only those of a scripted clock.
    return len(counted) * (end - begin) / (done or len(counted))
