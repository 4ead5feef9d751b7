"""Loads of one cell that were offered one after the other, joined."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_llmlat.values.known_values import most_known

if TYPE_CHECKING:
    from pytest_llmlat.values.cell_facts import LoadFacts


def joined_loads(first: LoadFacts | None, second: LoadFacts | None) -> LoadFacts | None:
    """Return the facts of two loads after each other: sums, and the worse of each."""
    if first is None or second is None:
        return second or first
    steady = None if first.steady is None else first.steady and second.steady
    return replace(
        second,
        window_s=first.window_s + second.window_s,
        ended=first.ended + second.ended,
        failed=first.failed + second.failed,
        before=first.before + second.before,
        after=first.after + second.after,
        in_flight=max(first.in_flight, second.in_flight),
        send_lag_p99_s=most_known((first.send_lag_p99_s, second.send_lag_p99_s)),
        loop_lag_p99_s=most_known((first.loop_lag_p99_s, second.loop_lag_p99_s)),
        cpu_share=most_known((first.cpu_share, second.cpu_share)),
        client_limited=first.client_limited or second.client_limited,
        uncounted_retries=first.uncounted_retries + second.uncounted_retries,
        uncounted_failed=first.uncounted_failed + second.uncounted_failed,
        steady=steady,
    )
