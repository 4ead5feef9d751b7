"""The plan of a race: what a budget allows, and what it does not."""

from __future__ import annotations

import pytest

from pytest_llmlat.tuning.goal import Goal, parse_goal
from pytest_llmlat.tuning.race_plan import (
    FIRST,
    LEAST_CONFIRMED,
    TuningBudget,
    parse_budget,
    planned,
)
from pytest_llmlat.values.errors import UsageError


def test_a_quarter_of_the_product_is_usual() -> None:
    """Each of many settings has its first look, and the last look has all items."""
    plan = planned([1] * 400, settings=63, budget=TuningBudget(), where="b")

    assert plan.requests == 63 * 400 / 4
    assert plan.settings == 63
    assert plan.looks[-1] + plan.confirmed == 400
    assert list(plan.looks) == sorted(plan.looks)


@pytest.mark.parametrize("items", [20, 50, 1000])
@pytest.mark.parametrize("settings", [1, 2, 10, 500, None])
@pytest.mark.parametrize("requests", [None, 120, 1000, 100_000])
def test_a_plan_fits_its_budget(
    items: int, settings: int | None, requests: int | None
) -> None:
    """The first look and the confirmation, and no item is in both."""
    budget = TuningBudget(requests=requests)
    plan = planned([1] * items, settings=settings, budget=budget, where="b")

    assert 2 * plan.settings * plan.looks[0] <= plan.for_looks
    assert plan.looks[0] >= FIRST
    assert plan.confirmed >= LEAST_CONFIRMED
    assert plan.looks[-1] + plan.confirmed == items


def test_a_budget_that_decides_nothing_is_refused_with_what_would() -> None:
    """And what it says is enough is enough."""
    with pytest.raises(
        UsageError, match=r"b: 50 requests .*: (\d+) are needed"
    ) as told:
        planned([1] * 100, settings=9, budget=TuningBudget(requests=50), where="b")

    needed = int(str(told.value).split(": ")[2].split()[0])
    budget = TuningBudget(requests=needed)
    assert planned([1] * 100, settings=9, budget=budget, where="b").settings >= 2


def test_too_few_samples_are_refused() -> None:
    """With the number that would do."""
    with pytest.raises(UsageError, match="19 samples are too few"):
        planned([1] * 19, settings=9, budget=TuningBudget(), where="b")


@pytest.mark.parametrize("text", ["many", "requests=0", "requests=1.5", "minutes=-1"])
def test_a_budget_that_is_none_is_refused(text: str) -> None:
    """With the grammar."""
    with pytest.raises(UsageError, match="requests"):
        parse_budget(text, where="b")


def test_a_budget_is_read() -> None:
    """Either part, or both."""
    assert parse_budget("requests=20 minutes=1.5", where="b") == TuningBudget(
        requests=20, seconds=90.0
    )


def test_a_goal_is_read() -> None:
    """The balance where nothing is said; a bound on quality for the others."""
    told = [
        parse_goal(text, balance="geometric", where="g")
        for text in ("", "fastest", "fastest quality>=0.6", "cheapest quality=0.1")
    ]

    assert told == [
        Goal(),
        Goal(kind="fastest", tolerated=0.02),
        Goal(kind="fastest", floor=0.6),
        Goal(kind="cheapest", tolerated=0.1),
    ]


@pytest.mark.parametrize(
    "text", ["best", "balance quality=0.1", "fastest speed>1", "fastest quality>=2"]
)
def test_a_goal_that_is_none_is_refused(text: str) -> None:
    """With the option and what to write."""
    with pytest.raises(UsageError, match=r"^g: "):
        parse_goal(text, balance="geometric", where="g")
