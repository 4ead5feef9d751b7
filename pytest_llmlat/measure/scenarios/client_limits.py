"""When the figures of a load are the client's own, and not the server's."""

from __future__ import annotations

LATE_S = 0.005
"""Lateness, in seconds, (99th percentile) from which on a figure is the client's
own."""
BUSY = 0.9
"""Share of a core from which on the client cannot keep up with more."""


def why_limited(
    lag: float | None, send_lag: float | None, share: float | None
) -> str | None:
    """Say why the figures are this client's; ``None`` if they are the server's."""
    if share is not None and share > BUSY:
        return f"the client used {share:.0%} of its core"
    if lag is not None and lag > LATE_S:
        return f"the client woke up {lag * 1000:.1f} ms late (p99)"
    if send_lag is not None and send_lag > LATE_S:
        return f"the client sent {send_lag * 1000:.1f} ms late (p99)"
    return None
