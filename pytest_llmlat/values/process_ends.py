"""How processes end, in words."""

from __future__ import annotations

import signal


def signal_name(status: int) -> str:
    """Return the signal that ended a process, such as ``SIGKILL``.

    Args:
        status: as ``subprocess`` has it: the signal's number below 0.

    Returns:
        ``signal 35`` for one without a name.
    """
    try:
        return signal.Signals(-status).name
    except ValueError:
        return f"signal {-status}"
