"""What is told of an engine that was started for a cell."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineFacts:
    """An engine of ours, as it served one cell."""

    name: str
    """As the catalogue calls it, such as ``vllm``."""
    version: str | None
    """As it tells it itself; ``None`` where it does not."""
    command: str
    """What started it, its port left open and without secrets."""
    startup_s: float
    """Seconds from the start of its process until it was ready."""
    starts: int
    """How often it was started; more than once after it had ended by itself."""
    counters: tuple[tuple[str, float | None, float | None], ...] = ()
    """(name, before the cell, after it) of what it counts itself; ``None`` for what it
    did not tell then."""
    memory_bytes: int | None = None
    """The highest resident set of its processes together, since they started; pages
    that they share count for each."""

    @property
    def sound(self) -> bool:
        """Whether it is as it was written, as a file may have been edited."""
        numbers = [self.startup_s, *(n for _, *both in self.counters for n in both)]
        return (
            all(type(text) is str for text in (self.name, self.command))
            and type(self.version) in (str, type(None))
            and type(self.starts) is int
            and type(self.memory_bytes) in (int, type(None))
            and all(type(name) is str for name, _, _ in self.counters)
            and all(
                number is None
                or (type(number) in (int, float) and math.isfinite(number))
                for number in numbers
            )
        )
