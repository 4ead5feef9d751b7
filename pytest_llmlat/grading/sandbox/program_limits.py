"""The limits of a generated program: time, memory, output."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramLimits:
    """What one program may use."""

    time_s: float = 5.0
    """Wall time of the whole program: import and all calls, in seconds."""
    memory_bytes: int = 1 << 30
    """Address space of the candidate's process; the judge's is held to the same."""
    output_bytes: int = 1 << 20
    """What it may print, and how long one of its answers may be."""
