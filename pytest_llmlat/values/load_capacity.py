"""Capacity of a server: its highest load within objectives. Decided in ``analysis``."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadCapacity:
    """Capacity of a server, from a load curve that has objectives."""

    task: str
    model: str
    device: str
    kind: str
    """Kind of load: ``concurrent`` or ``server``."""
    level: float | None
    """The highest load at which it and all lower ones were within the objectives;
    ``None`` where none was."""
    requests_per_s: float | None
    """Answered requests a second there."""
    cost_per_answer: float | None
    """Money for each answer there, where a machine is paid by the hour: its price is
    shared by all that it answers; ``None`` without such a price."""
    cost_per_correct: float | None
    """Money for each right answer there."""
    currency: str | None
    """Currency of the money."""
    next_level: float | None
    """Next load that was measured and was not within them; ``None`` where there is
    none."""
    missed: tuple[str, ...]
    """Latencies whose objectives too many answers missed at the next load."""
    behind: bool
    """Whether it did not keep up at the next load."""
    unknown: bool
    """Whether that cannot be told of the next load."""
