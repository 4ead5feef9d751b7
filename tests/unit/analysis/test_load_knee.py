"""The knee of a load, on levels whose shares follow a curve that is known."""

from __future__ import annotations

import math
import random
import statistics
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.analysis.level_tests import LevelEvidence, judged
from pytest_llmlat.analysis.load_knee import fitted_knee, pooled_knee
from pytest_llmlat.analysis.load_search import bracket, level_range, next_visit, search
from pytest_llmlat.values.load_goal import LoadGoal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmlat.analysis.level_tests import JudgedLevel
    from pytest_llmlat.analysis.load_search import LevelVisit

GOAL = LoadGoal()
AT = 2.0
"""Level at which the curve crosses the share that is asked for."""
SLOPE = -4.0


def share_at(level: float) -> float:
    """Return the share of good requests: its logit falls with the log of the level."""
    logit = math.log(GOAL.share / (1 - GOAL.share)) + SLOPE * math.log(level / AT)
    return 1 / (1 + math.exp(-logit))


def told(
    level: float,
    good: Sequence[bool],
    *,
    kept_up: bool = True,
    alike: float = 1.0,
    change: float = 0.0,
) -> JudgedLevel:
    """Return what is known of a level."""
    return judged(
        LevelEvidence(
            level=level,
            visits=1,
            good=tuple(good),
            qualities=(0.7,) * len(good),
            changes=(change,) * len(good),
            kept_up=kept_up,
            alike=alike,
        ),
        GOAL,
    )


def exactly(level: float, count: int = 4000, alike: float = 1.0) -> JudgedLevel:
    """Return a level whose share is that of the curve."""
    many = round(share_at(level) * count)
    return told(level, (True,) * many + (False,) * (count - many), alike=alike)


def drawn(level: float, count: int, draw: random.Random) -> list[bool]:
    """Return so many requests of a level, each good by chance."""
    return [draw.random() < share_at(level) for _ in range(count)]


def test_levels_on_a_curve_give_its_knee() -> None:
    """To a hundredth, be it between two levels or far from their middle."""
    found = fitted_knee(GOAL, [exactly(level) for level in (1.5, 1.9, 2.2, 2.9)])

    assert found is not None
    assert found.level == pytest.approx(AT, rel=0.01)
    assert found.error < 0.02


@pytest.mark.slow
def test_the_error_is_that_of_repeated_searches() -> None:
    """Estimates of levels drawn anew differ as much as their errors say."""
    draw = random.Random(3)  # noqa: S311
    off = []
    for _ in range(60):
        levels = [told(x, drawn(x, 600, draw)) for x in (1.5, 1.8, 2.1, 2.6)]
        found = fitted_knee(GOAL, levels)
        if found is not None:
            off.append(math.log(found.level / AT) / found.error)

    assert len(off) >= 55
    assert 0.75 < statistics.stdev(off) < 1.25
    assert abs(statistics.mean(off)) < 0.5


def test_requests_that_are_alike_make_the_knee_less_sure() -> None:
    """Four that tell as much as one double its error, and leave it where it is."""
    levels = (1.5, 1.9, 2.2, 2.9)
    one = fitted_knee(GOAL, [exactly(level) for level in levels])
    alike = fitted_knee(GOAL, [exactly(level, alike=4.0) for level in levels])

    assert one is not None
    assert alike is not None
    assert alike.error == pytest.approx(2 * one.error)
    assert alike.level == pytest.approx(one.level)


def test_levels_that_lie_on_no_line_are_not_near_enough() -> None:
    """Of a knee that is sharp only its neighbours tell where it is."""
    sharp = [
        told(1.4, (True,) * 400),
        told(1.9, (True,) * 390 + (False,) * 10),
        told(2.1, (True,) * 300 + (False,) * 100),
        told(2.8, (False,) * 400),
    ]
    found = fitted_knee(GOAL, sharp)

    assert found is not None
    assert 1.9 < found.level < 2.1


@pytest.mark.parametrize(
    "levels",
    [
        [exactly(1.5), exactly(1.8)],
        [exactly(2.3), exactly(2.6)],
        [exactly(1.8), exactly(2.2), told(1.9, (True,) * 400, kept_up=False)],
        [exactly(1.8), exactly(2.2), told(1.9, (True,) * 400, change=-0.5)],
    ],
    ids=["all hold", "none holds", "a queue that grows", "worse answers"],
)
def test_no_curve_is_fitted_where_there_is_none(levels: list[JudgedLevel]) -> None:
    """Where shares do not cross the bound, or something else ends what holds."""
    assert fitted_knee(GOAL, levels) is None


def test_shares_that_rise_are_pooled_with_their_neighbours() -> None:
    """A lower level that happened to do worse says no more than both together."""
    levels = [
        told(1.0, (True,) * 400),
        told(1.5, (True,) * 380 + (False,) * 20),
        told(1.6, (True,) * 390 + (False,) * 10),
        told(2.0, (True,) * 200 + (False,) * 200),
    ]
    found = pooled_knee(GOAL, levels)

    assert found is not None
    assert 1.6 < found < 1.7


@pytest.mark.slow
def test_a_search_goes_on_until_the_knee_is_known_well_enough() -> None:
    """Levels beside a knee where the share falls slowly get more requests."""
    draw = random.Random(5)  # noqa: S311
    seen: dict[float, list[bool]] = {}

    def visit(step: LevelVisit) -> JudgedLevel:
        own = seen.setdefault(step.level, [])
        own += drawn(step.level, step.requests, draw)
        return told(step.level, own)

    limits = level_range(GOAL, "server", 1.0)
    levels = search(GOAL, limits, visit)
    found = fitted_knee(GOAL, levels)

    assert found is not None
    assert 1.96 * found.error <= math.log1p(GOAL.within)
    assert found.level == pytest.approx(AT, rel=0.1)


def test_more_requests_go_to_the_side_of_the_knee_that_had_fewer() -> None:
    """As many again, so that both sides are known alike."""
    goal = LoadGoal(within=0.02)
    limits = level_range(goal, "server", 0.001)
    below, above = exactly(1.99, count=3000), exactly(2.02, count=2000)
    levels = [below, above]
    known = bracket(goal, levels)
    assert (known.held, known.upper) == (below, above)

    step = next_visit(goal, limits, levels)

    assert step is not None
    assert (step.level, step.requests) == (above.level, 2000)


def test_a_number_of_requests_that_was_asked_for_is_kept() -> None:
    """What a user allowed for one level ends the search, however unsure the knee is."""
    goal = LoadGoal(within=0.02, requests=2000)
    limits = level_range(goal, "server", 0.001)
    levels = [exactly(1.99, count=2000), exactly(2.02, count=2000)]

    assert next_visit(goal, limits, levels) is None
