"""How much load a server took within its objectives. Decided in ``analysis``."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadCapacity:
    """What came of a load curve that has objectives."""

    task: str
    model: str
    device: str
    kind: str
    """``concurrent`` or ``server``."""
    level: float | None
    """The highest load at which it and all lower ones were within the objectives;
    ``None`` where none was."""
    requests_per_s: float | None
    """Answered requests a second there."""
    next_level: float | None
    """The next load that was measured, which was not; ``None`` where there is none."""
    missed: tuple[str, ...]
    """Latencies whose objectives too many answers missed there."""
    behind: bool
    """Whether it did not keep up there."""
    unknown: bool
    """Whether it cannot be told there."""
