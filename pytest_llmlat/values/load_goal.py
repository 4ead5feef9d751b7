"""Goal of a load search: what makes a load hold, and how sure that must be.

A load holds where a share of its requests met every objective of latency and its
answers are good enough. It is written as ``share=95% quality=0.6 from=1 to=64``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llmlat.values.errors import UsageError
from pytest_llmlat.values.units import named

if TYPE_CHECKING:
    from collections.abc import Callable

MOST_LEVELS = 16
"""Levels that a search tries at most; its confidence is shared among them."""
_NAMES = ("share", "quality", "lost", "confidence", "within", "from", "to")
_LEAST_SHARE = 0.01
_LEAST_WITHIN = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadGoal:
    """The goal of a search for the highest load that holds."""

    share: float = 0.95
    """Share of requests that must meet every objective."""
    quality: float | None = None
    """Least mean quality of the answers; ``None`` for one beside answers alone."""
    lost: float = 0.05
    """Points of quality below that of the same samples asked alone which are not yet
    too many. It counts where ``quality`` is ``None``."""
    confidence: float = 0.95
    """Probability with which all levels that are said to hold do so."""
    within: float = 0.1
    """Share of a level by which the next higher one may be off at the end."""
    low: float | None = None
    """Lowest level to try; ``None`` for one in flight, or a rate far below that of
    requests one after the other."""
    high: float | None = None
    """Highest level to try; ``None`` for 1024."""
    requests: int | None = None
    """Requests of one level at most; ``None`` for four times the fewest."""

    @property
    def alpha(self) -> float:
        """Probability of a wrong result at one level."""
        return (1 - self.confidence) / MOST_LEVELS

    @property
    def fewest(self) -> int:
        """Requests after which a level can hold, if all of them were good."""
        needed = math.log(2 / self.alpha) / -math.log(self.share)
        if self.quality is None:
            # Differences lie between -1 and 1: as far from the mean as a share.
            needed = max(needed, math.log(2 / self.alpha) / math.log1p(self._step))
        return math.ceil(needed * 1.02)

    @property
    def most(self) -> int:
        """Requests of one level at most."""
        return 4 * self.fewest if self.requests is None else self.requests

    @property
    def _step(self) -> float:
        return 0.5 / (0.5 - self.lost / 2) - 1

    @property
    def sound(self) -> bool:
        """Whether it is as it was written, as a file may have been edited."""
        shares = (self.share, self.confidence)
        return (
            all(0 < each < 1 for each in (*shares, self.lost, self.within))
            and (self.quality is None or 0 < self.quality <= 1)
            and all(e is None or e > 0 for e in (self.low, self.high, self.requests))
        )


def parse_goal(text: str, *, requests: int | None, where: str) -> LoadGoal:
    """Return the goal that was typed.

    Args:
        text: such as ``share=95% quality=0.6``; empty for the usual one.
        requests: of one level at most, where that was said.
        where: the option, for the complaint.

    Raises:
        UsageError: shows the place and what may stand there.
    """
    found = named(text, _NAMES, where=where) if text.strip() else {}
    goal = LoadGoal(requests=requests)
    kinds: dict[str, Callable[[str, str], float]] = {
        "share": _between(_LEAST_SHARE, 0.999),
        "quality": _between(0.001, 1.0),
        "lost": _between(0.001, 0.9),
        "confidence": _between(0.5, 0.999),
        "within": _between(_LEAST_WITHIN, 0.9),
        "from": _level,
        "to": _level,
    }
    values = {
        {"from": "low", "to": "high"}.get(name, name): kinds[name](
            text, f"{where}: {name}"
        )
        for name, text in found.items()
    }
    goal = LoadGoal(**values, requests=requests)
    if goal.low is not None and goal.high is not None and goal.low > goal.high:
        raise UsageError(f"{where}: from={goal.low:g} is above to={goal.high:g}")
    if goal.most < goal.fewest:
        raise UsageError(
            f"{where}: {goal.most} requests at a level cannot show that a load holds"
            f" ({goal.share:.0%} good with {goal.confidence:.0%} confidence takes at"
            f" least {goal.fewest}): allow more, or a lower share or confidence"
        )
    return goal


def _between(least: float, most: float) -> Callable[[str, str], float]:
    """Return what reads a share, from 0.95 or 95%."""

    def read(text: str, where: str) -> float:
        bare = text.removesuffix("%")
        try:
            value = float(bare) / (1 if bare == text else 100)
        except ValueError:
            value = math.nan
        if not least <= value <= most:
            raise UsageError(
                f"{where}: {text!r} is not understood; write a share between"
                f" {least:g} and {most:g}, such as 0.9 or 90%"
            )
        return value

    return read


def _level(text: str, where: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        raise UsageError(f"{where}: {text!r} is no load; write a number above 0")
    return value
