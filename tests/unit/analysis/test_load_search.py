"""The search for the highest load that holds, on levels that are made up."""

from __future__ import annotations

import random

import pytest

from pytest_llmlat.analysis.level_tests import JudgedLevel, LevelEvidence, judged
from pytest_llmlat.analysis.load_search import (
    LevelVisit,
    bracket,
    certain,
    ended,
    knee,
    level_range,
    next_visit,
    search,
)
from pytest_llmlat.values.load_goal import LoadGoal

GOAL = LoadGoal()


def seen(
    level: float,
    *,
    good: float = 1.0,
    count: int = 200,
    change: float = 0.0,
    kept_up: bool | None = True,
    limited: str | None = None,
) -> LevelEvidence:
    """Return what was seen of a level with a share of good requests."""
    many = round(good * count)
    return LevelEvidence(
        level=level,
        visits=1,
        good=(True,) * many + (False,) * (count - many),
        qualities=(0.7,) * count,
        changes=(change,) * count,
        kept_up=kept_up,
        limited=limited,
    )


class Stepped:
    """A server that is good up to a knee, and not above it."""

    def __init__(self, at: float, *, worse_from: float = 1e9) -> None:
        """Take the knee, and a level from which on answers are worse."""
        self.at, self.worse_from = at, worse_from
        self.asked: list[LevelVisit] = []

    def visit(self, step: LevelVisit) -> JudgedLevel:
        """Judge one visit, with all requests of the level so far."""
        self.asked.append(step)
        count = sum(s.requests for s in self.asked if s.level == step.level)
        good = 1.0 if step.level <= self.at else 0.2
        change = -0.5 if step.level >= self.worse_from else 0.0
        return judged(seen(step.level, good=good, count=count, change=change), GOAL)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["concurrent", "server"])
def test_a_step_is_found_within_a_tenth(kind: str) -> None:
    """Wherever it lies, and both bounds are certain."""
    draw = random.Random(1)  # noqa: S311
    for _ in range(6):
        at = draw.uniform(1.5, 900)
        server = Stepped(at)
        limits = level_range(GOAL, kind, 1.0)
        levels = search(GOAL, limits, server.visit)
        found, sure = knee(GOAL, limits, levels), certain(levels)

        assert ended(GOAL, limits, levels) == "found"
        assert found is not None
        assert abs(found - at) <= max(0.1 * at, 1.0)
        assert sure.held is not None
        assert sure.upper is not None
        assert sure.held.level <= at < sure.upper.level


def test_no_level_that_holds_is_told_by_the_lowest() -> None:
    """The rate is halved as often as it may be."""
    goal = LoadGoal(low=0.25)
    limits = level_range(goal, "server", 1.0)
    levels = search(goal, limits, Stepped(0.1).visit)

    assert [each.level for each in levels] == [1.0, 0.5, 0.25]
    assert ended(goal, limits, levels) == "none"
    assert knee(goal, limits, levels) is None


def test_a_knee_above_the_highest_level_is_told_as_at_least() -> None:
    """Nothing above is tried, and the level is no estimate of the knee."""
    goal = LoadGoal(high=6)
    limits = level_range(goal, "concurrent", 1.0)
    levels = search(goal, limits, Stepped(100).visit)

    assert [each.level for each in levels] == [1, 2, 4, 6]
    assert ended(goal, limits, levels) == "at least"
    assert knee(goal, limits, levels) == 6


def test_a_load_whose_answers_are_worse_does_not_hold() -> None:
    """However fast it is: good and correct."""
    limits = level_range(GOAL, "concurrent", 1.0)
    levels = search(GOAL, limits, Stepped(100, worse_from=9).visit)
    known = bracket(GOAL, levels)

    assert known.held is not None
    assert known.upper is not None
    assert (known.held.level, known.upper.level) == (8, 9)
    assert known.upper.why == "quality"
    assert knee(GOAL, limits, levels) == 8


def test_what_is_not_clear_is_visited_again_with_as_many_requests_again() -> None:
    """Until it is clear or has had its requests; then figures decide."""
    limits = level_range(GOAL, "concurrent", 1.0)
    unclear = judged(seen(1, good=0.96, count=GOAL.fewest), GOAL)
    assert (unclear.outcome, unclear.why) == ("open", "latency")

    assert next_visit(GOAL, limits, [unclear]) == LevelVisit(
        level=1, requests=GOAL.fewest
    )
    spent = judged(seen(1, good=0.96, count=4 * GOAL.fewest), GOAL)
    assert spent.outcome == "open"
    assert next_visit(GOAL, limits, [spent]) == LevelVisit(
        level=2, requests=GOAL.fewest
    )


def test_a_level_that_is_found_is_looked_at_for_long() -> None:
    """A queue just below the knee is short for long, and then is not."""
    server = Stepped(10)
    limits = level_range(GOAL, "server", 1.0)
    levels = search(GOAL, limits, server.visit)
    held = bracket(GOAL, levels).held

    assert held is not None
    assert held.requests >= 300 * held.level
    assert server.asked[-1].level == held.level


@pytest.mark.parametrize(
    ("told", "outcome", "why"),
    [
        (seen(4), "holds", None),
        (seen(4, good=0.5), "fails", "latency"),
        (seen(4, change=-0.2), "fails", "quality"),
        (seen(4, kept_up=False), "fails", "behind"),
        (seen(4, kept_up=None), "open", "behind"),
        (seen(4, good=0.5, limited="late"), "open", "client"),
        (seen(4, limited="late"), "open", "client"),
        (seen(4, good=0.95), "open", "latency"),
        (seen(4, count=20), "open", "latency"),
    ],
)
def test_a_level_holds_only_if_all_is_shown(
    told: LevelEvidence, outcome: str, why: str | None
) -> None:
    """And fails if one thing is shown not to be so; the rest is open."""
    found = judged(told, GOAL)

    assert (found.outcome, found.why) == (outcome, why)


def test_times_that_nobody_knows_are_not_taken_for_good() -> None:
    """A bound on tokens that came in one piece cannot be judged."""
    told = LevelEvidence(
        level=2,
        visits=1,
        good=(True,) * 199 + (None,),
        qualities=(1.0,) * 200,
        changes=(0.0,) * 200,
        kept_up=True,
    )
    found = judged(told, GOAL)

    assert (found.outcome, found.why, found.final) == ("open", "untimed", True)
    assert not found.likely(GOAL)


def test_requests_that_are_alike_show_less() -> None:
    """As much as so many independent ones; the interval is wider too."""
    one = judged(seen(4, count=140), GOAL)
    alike = judged(
        LevelEvidence(
            level=4,
            visits=1,
            good=(True,) * 140,
            qualities=(0.7,) * 140,
            changes=(0.0,) * 140,
            kept_up=True,
            alike=3.0,
        ),
        GOAL,
    )

    assert (one.outcome, alike.outcome) == ("holds", "open")
    assert one.share.low is not None
    assert alike.share.low is not None
    assert alike.share.low < one.share.low


@pytest.mark.slow
def test_few_searches_call_a_level_good_that_is_not() -> None:
    """At its bound a level holds for certain in less than one case of twenty."""
    draw, wrong = random.Random(2), 0  # noqa: S311
    for _ in range(30):
        good = tuple(draw.random() < GOAL.share for _ in range(500))
        for count in (140, 300, 500):
            told = LevelEvidence(
                level=1,
                visits=1,
                good=good[:count],
                qualities=(1.0,) * count,
                changes=(0.0,) * count,
                kept_up=True,
            )
            if judged(told, GOAL).outcome == "holds":
                wrong += 1
                break

    assert wrong <= 1
