"""What an engine counted during a cell, over all processes that served it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class CountedSpans:
    """The counters of an engine from process to process: each begins anew."""

    def __init__(self, first: Mapping[str, float]) -> None:
        """Begin with a cell.

        Args:
            first: what the engine has counted by then, by the names of its counters.
        """
        self._first, self._begin = first, first
        self._ended: dict[str, float] = {}

    def end_span(self, now: Mapping[str, float]) -> None:
        """Keep what was counted until now: the process ends."""
        for name, value in now.items():
            rise = value - self._begin.get(name, 0.0)
            self._ended[name] = self._ended.get(name, 0.0) + rise
        self._begin = {}

    def begin_span(self, now: Mapping[str, float]) -> None:
        """Go on with another process, which has counted so much already."""
        self._begin = now

    def told(
        self, now: Mapping[str, float]
    ) -> tuple[tuple[str, float | None, float | None], ...]:
        """Return (name, before the cell, after it) of every counter.

        Args:
            now: what the process that runs has counted; empty where none does.
        """
        names = dict.fromkeys((*self._first, *self._ended, *now))
        return tuple(
            (name, self._first.get(name), self._after(name, now)) for name in names
        )

    def _after(self, name: str, now: Mapping[str, float]) -> float | None:
        if name not in self._ended:
            return now.get(name)
        rise = now[name] - self._begin.get(name, 0.0) if name in now else 0.0
        return self._first.get(name, 0.0) + self._ended[name] + rise
