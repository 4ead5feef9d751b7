"""Facts of one of several client processes that offered a load together."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientFacts:
    """Facts of one client process of a load."""

    number: int
    """Its number, from 1."""
    host: str | None
    """Name of the machine that it ran on."""
    requests: int
    """Requests that count and have ended."""
    in_flight: int
    """Most requests of its own that were under way at once."""
    send_lag_p99_s: float | None
    """As of a load, of this process alone."""
    loop_lag_p99_s: float | None
    cpu_share: float | None
    client_limited: str | None
    """Why its figures are its own rather than the server's; ``None`` if not."""
    bias_s: float | None
    """Mean of the reported minus the true TTFT, tried while the others were tried too;
    ``None`` where it could not be tried."""
    jitter_p99_s: float | None
    """99th percentile of the distance of single TTFTs from the true ones."""
    clock_offset_s: float
    """Its clock minus that of the process that leads, by the quickest of some questions
    and answers. No latency is taken across the two: it only joins spans of processes
    to one window, and is not used where it is smaller than its error."""
    clock_offset_error_s: float
    """Half of the time that this question and its answer took."""
