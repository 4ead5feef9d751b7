"""Visits of one level of a load search, joined: the facts of both together."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_llmlat.session.second_look import both_looks

if TYPE_CHECKING:
    from pytest_llmlat.values.cell_facts import CellFacts, LoadFacts


def both_visits(first: CellFacts, second: CellFacts) -> CellFacts:
    """Return the facts of a level that was visited once more."""
    load = second.load
    if first.load is not None and load is not None:
        load = _both(first.load, load)
    return replace(both_looks(first, second), load=load)


def _both(first: LoadFacts, second: LoadFacts) -> LoadFacts:
    """Return the facts of two loads after each other: sums, and the worse of each."""
    steady = None if first.steady is None else first.steady and second.steady
    return replace(
        second,
        window_s=first.window_s + second.window_s,
        ended=first.ended + second.ended,
        failed=first.failed + second.failed,
        before=first.before + second.before,
        after=first.after + second.after,
        in_flight=max(first.in_flight, second.in_flight),
        send_lag_p99_s=_worse(first.send_lag_p99_s, second.send_lag_p99_s),
        loop_lag_p99_s=_worse(first.loop_lag_p99_s, second.loop_lag_p99_s),
        cpu_share=_worse(first.cpu_share, second.cpu_share),
        client_limited=first.client_limited or second.client_limited,
        uncounted_retries=first.uncounted_retries + second.uncounted_retries,
        uncounted_failed=first.uncounted_failed + second.uncounted_failed,
        steady=steady,
    )


def _worse(first: float | None, second: float | None) -> float | None:
    known = [value for value in (first, second) if value is not None]
    return max(known, default=None)
