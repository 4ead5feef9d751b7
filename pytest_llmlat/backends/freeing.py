"""Giving memory back to the system after a model was dropped."""

from __future__ import annotations

import ctypes
import gc
import sys
from contextlib import suppress


def free_memory() -> None:
    """Collect what nobody holds any more, and hand free memory to the system.

    The C library keeps freed blocks for itself; without the second step the next
    model's resident memory would hold a part of the last one's.
    """
    gc.collect()
    if sys.platform == "linux":
        # Another C library than glibc has no such function, and no such habit.
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).malloc_trim(0)
