"""Search for the highest load that holds: by doubling, then by bisection.

Levels are visited one after another, each until it holds or fails for certain or has
had its requests. One that is not clear by then counts as what its figures say, so that
the search goes on towards the knee; what is certain bounds it to both sides. Nothing
here measures: the same levels give the same next step, so that the result can be
computed again from the records of a run.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pytest_llmlat.analysis.level_tests import BEHIND
from pytest_llmlat.analysis.load_knee import fitted_knee, pooled_knee
from pytest_llmlat.values.load_goal import MOST_LEVELS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from pytest_llmlat.analysis.level_tests import JudgedLevel
    from pytest_llmlat.values.load_goal import LoadGoal
    from pytest_llmlat.values.searched_load import SearchEnd

_HIGHEST = 1024.0
_ROUNDS = 6
"""Requests of each place in flight, at least."""
_LONG = {"concurrent": 300, "server": 600}
"""Requests one after the other in whose time arrivals at the level that is found must
have come: more in an open loop, whose queue takes long to become what it will be."""
_VISITS = 4
"""Times the fewest requests that a level has at most."""
_MOST_VISITS = 32
"""Times the fewest requests that a level beside the knee has at most."""
_SURE = 2.24
"""Standard errors that must lie within what is asked for: somewhat more than the 1.96
of 95 %, since a search ends when they happen to look small."""
_BELOW_START = 64
"""Factor by which the lowest rate lies below the first one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelRange:
    """The levels that a search may try."""

    whole: bool
    """Whether a level is a number of requests in flight."""
    start: float
    low: float
    high: float
    long_s: float = 0.0
    """Duration, in seconds, over which arrivals at the level that is found must have
    come."""

    def fewest(self, goal: LoadGoal, level: float) -> int:
        """Return the requests of a first visit."""
        return max(goal.fewest, _ROUNDS * int(level) if self.whole else 0)

    def enough(self, goal: LoadGoal, level: float) -> int:
        """Return the requests after which a level may be the result.

        Just below the knee of an open loop a queue is short for long, and then is not:
        a short run sees only the one.
        """
        needed = max(self.fewest(goal, level), math.ceil(self.long_s * level))
        return needed if goal.requests is None else min(needed, goal.requests)

    def rounded(self, level: float) -> float:
        """Return a level that may be tried: a whole one, or of three digits."""
        near = float(round(level)) if self.whole else float(f"{level:.3g}")
        return min(self.high, max(self.low, near))


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelVisit:
    """The next visit of a search."""

    level: float
    requests: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Bracket:
    """The levels between which the highest load that holds lies."""

    held: JudgedLevel | None
    """The highest level that holds, below all that do not."""
    upper: JudgedLevel | None
    """The lowest level that does not hold."""


def level_range(goal: LoadGoal, kind: str, alone_s: float | None) -> LevelRange:
    """Return the levels that may be tried.

    Args:
        goal: of the search.
        kind: of load, ``concurrent`` or ``server``.
        alone_s: mean time of a request alone; ``None`` if none was answered.
    """
    whole = kind == "concurrent"
    start = 1.0 if whole else float(f"{1 / (alone_s or 1.0):.2g}")
    if whole:
        low = float(math.ceil(goal.low or 1))
        high = max(low, float(math.floor(goal.high or _HIGHEST)))
    else:
        high = goal.high or max(_HIGHEST, start)
        low = min(high, goal.low or float(f"{start / _BELOW_START:.2g}"))
    return LevelRange(
        whole=whole,
        start=min(high, max(low, start)),
        low=low,
        high=high,
        long_s=_LONG[kind] * (alone_s or 0.0),
    )


def bracket(goal: LoadGoal, levels: Iterable[JudgedLevel]) -> Bracket:
    """Return the bracket by all figures, be they certain or not."""
    return _between(levels, lambda level: level.likely(goal))


def certain(levels: Iterable[JudgedLevel]) -> Bracket:
    """Return the bracket by what is certain alone."""
    return _between(
        (level for level in levels if level.outcome != "open"),
        lambda level: level.outcome == "holds",
    )


def _between(
    levels: Iterable[JudgedLevel], holds: Callable[[JudgedLevel], bool]
) -> Bracket:
    held: JudgedLevel | None = None
    for level in sorted(levels, key=lambda each: each.level):
        if not holds(level):
            return Bracket(held=held, upper=level)
        held = level
    return Bracket(held=held, upper=None)


def knee(
    goal: LoadGoal, limits: LevelRange, levels: Iterable[JudgedLevel]
) -> float | None:
    """Return the level at which the share of good requests falls below its bound.

    In an open loop the share falls slowly, so the levels near the knee are fitted
    together; elsewhere, and where they cannot be, neighbours decide
    (:mod:`pytest_llmlat.analysis.load_knee`).

    Returns:
        ``None`` where not even the lowest level holds; the highest one where all do.
    """
    levels = tuple(levels)
    fitted = None if limits.whole else fitted_knee(goal, levels)
    if fitted is not None:
        return limits.rounded(fitted.level)
    found = pooled_knee(goal, levels)
    if found is None:
        return None
    return float(math.floor(found)) if limits.whole else limits.rounded(found)


def next_visit(
    goal: LoadGoal, limits: LevelRange, levels: Sequence[JudgedLevel]
) -> LevelVisit | None:
    """Return which level to visit next, and with how many requests.

    Returns:
        ``None`` at the end of the search.
    """
    for each in levels:
        # A level that is good but for a queue that may grow would count as one that
        # does not hold, however far below the knee it is.
        visits = _MOST_VISITS if _only_queueing(each, goal) else _VISITS
        usual = visits * limits.fewest(goal, each.level)
        most = goal.requests or max(usual, limits.enough(goal, each.level))
        if not each.final and each.requests < most:
            # As many again as there were: the number doubles with every visit.
            more = min(each.requests, most - each.requests)
            return LevelVisit(level=each.level, requests=more)
    if len(levels) >= MOST_LEVELS:
        return None
    level = _next_level(goal, limits, levels)
    if level is None:
        return _confirmation(goal, limits, levels)
    first = limits.fewest(goal, level)
    most = goal.requests or first
    return LevelVisit(level=level, requests=min(first, most))


def _only_queueing(level: JudgedLevel, goal: LoadGoal) -> bool:
    """Whether a level would hold if it were known that the server keeps up."""
    return level.kept_up is None and replace(level, kept_up=True).likely(goal)


def _confirmation(
    goal: LoadGoal, limits: LevelRange, levels: Sequence[JudgedLevel]
) -> LevelVisit | None:
    """Return a longer visit of the level that was found; ``None`` if it had one.

    It was taken for it looked good: what is seen from now on was not chosen by.
    """
    held = bracket(goal, levels).held
    if held is None:
        return None
    lacking = limits.enough(goal, held.level) - held.requests
    if lacking > 0:
        return LevelVisit(level=held.level, requests=lacking)
    return None if limits.whole else _closer(goal, limits, levels)


def _closer(
    goal: LoadGoal, limits: LevelRange, levels: Sequence[JudgedLevel]
) -> LevelVisit | None:
    """Return a visit beside the knee while its error is too large; ``None`` if not.

    Where the share falls slowly, levels a tenth apart do not say that the knee is known
    to a tenth.
    """
    fitted = fitted_knee(goal, levels)
    if fitted is None or _SURE * fitted.error <= math.log1p(goal.within):
        return None
    known = bracket(goal, levels)
    beside = [
        (each.requests, each.level)
        for each in (known.held, known.upper)
        if each is not None and each.why != BEHIND
    ]
    for requests, level in sorted(beside):
        most = goal.requests or _MOST_VISITS * limits.fewest(goal, level)
        if requests < most:
            return LevelVisit(level=level, requests=min(requests, most - requests))
    return None


def _next_level(
    goal: LoadGoal, limits: LevelRange, levels: Sequence[JudgedLevel]
) -> float | None:
    if not levels:
        return limits.start
    known = bracket(goal, levels)
    held = None if known.held is None else known.held.level
    upper = None if known.upper is None else known.upper.level
    if upper is None and held is not None:
        return None if held >= limits.high else limits.rounded(2 * held)
    if upper is None:
        return None
    if held is None:
        return None if upper <= limits.low else limits.rounded(upper / 2)
    middle = limits.rounded(math.sqrt(held * upper))
    close = upper <= held * (1 + goal.within) or not held < middle < upper
    return None if close else middle


def ended(
    goal: LoadGoal, limits: LevelRange, levels: Sequence[JudgedLevel]
) -> SearchEnd:
    """Say how a search ended."""
    if not levels or next_visit(goal, limits, levels) is not None:
        return "unfinished"
    known = bracket(goal, levels)
    if known.held is None:
        return "none"
    if known.upper is None:
        return "at least"
    return "found" if _next_level(goal, limits, levels) is None else "levels"


def search(
    goal: LoadGoal, limits: LevelRange, visit: Callable[[LevelVisit], JudgedLevel]
) -> tuple[JudgedLevel, ...]:
    """Search to the end, and return all levels in the order of their first visit.

    Args:
        goal: when a level holds.
        limits: which levels may be tried.
        visit: measures a visit, and returns what is known of its level by then.
    """
    levels: dict[float, JudgedLevel] = {}
    while (step := next_visit(goal, limits, tuple(levels.values()))) is not None:
        levels[step.level] = visit(step)
    return tuple(levels.values())
