"""How samples are offered, in MLPerf's sense of a scenario.

=================  ==============================================================
``single``         one after the other, each when the one before is done and graded
``offline``        all at once
``concurrent:N``   closed loop: N in flight, the next is sent when one has ended
``server:RATE``    open loop: RATE arrivals a second on average, whoever is ready
``…:search``       the highest level that is good and correct, found by trying some
=================  ==============================================================
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import Literal, TypeAlias, get_args

from pytest_llmlat.values.errors import UsageError

ScenarioKind: TypeAlias = Literal["single", "offline", "concurrent", "server"]


KINDS: tuple[ScenarioKind, ...] = get_args(ScenarioKind)


LEVELLED = ("concurrent", "server")
SEARCH = "search"
"""Word for a level that is to be found."""


_GRAMMAR = (
    "write single, offline, concurrent:N or server:RATE; several levels as"
    " concurrent:1,2,4, or server:search for the highest that holds"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A scenario: one way of offering samples."""

    kind: ScenarioKind
    level: float | None = None
    """Requests in flight, or arrivals a second; ``None`` where there is no such."""
    # Left out of its text, by which what was asked is told from other things.
    searched: bool = field(default=False, repr=False)
    """Whether the level is to be found: it stands for several scenarios in turn."""

    @property
    def name(self) -> str:
        """Name in a cell's id, as the user types it."""
        if self.searched:
            return f"{self.kind}:{SEARCH}"
        if self.level is None:
            return self.kind
        whole = self.level == int(self.level)
        return f"{self.kind}:{int(self.level) if whole else self.level!r}"

    @property
    def warm_up(self) -> int | None:
        """Requests before those that count; ``None`` for a share of them."""
        if self.kind == "concurrent" and self.level is not None:
            return int(self.level)
        return None if self.kind == "server" else 0


SINGLE = Scenario(kind="single")


MOST = 1_000_000
"""Requests in flight, or arrivals a second, up to which a level is no slip."""
_NUMBER = re.compile(r"[0-9]*\.?[0-9]+(?:[eE][+-]?[0-9]+)?|[0-9]+\.")


def parse(text: str, *, where: str) -> tuple[Scenario, ...]:
    """Return the scenarios that one option names.

    Args:
        text: such as ``single``, ``concurrent:1,2,4,8`` or ``server:2.5``.
        where: the option or the file, for the complaint.

    Raises:
        UsageError: shows the grammar.
    """
    kind, colon, levels = text.strip().partition(":")
    known: ScenarioKind | None = next((name for name in KINDS if name == kind), None)
    if known is None or bool(colon) != (known in LEVELLED):
        raise UsageError(f"{where}: {text!r} is no scenario; {_GRAMMAR}")
    if not colon:
        return (Scenario(kind=known),)
    return tuple(
        dict.fromkeys(
            Scenario(kind=known, searched=True)
            if level.strip() == SEARCH
            else Scenario(kind=known, level=_level(known, level, where=where))
            for level in levels.split(",")
        )
    )


def _level(kind: ScenarioKind, text: str, *, where: str) -> float:
    level = float(text) if _NUMBER.fullmatch(text.strip()) else math.nan
    whole = kind == "server" or level == int(level if math.isfinite(level) else 0)
    if not (math.isfinite(level) and level > 0 and whole):
        what = "a rate above 0" if kind == "server" else "a whole number above 0"
        raise UsageError(f"{where}: {kind}:{text} is not {what}; {_GRAMMAR}")
    if level > MOST:
        raise UsageError(
            f"{where}: {kind}:{text} is more than one machine can offer; write at most"
            f" {MOST:,}"
        )
    return level
