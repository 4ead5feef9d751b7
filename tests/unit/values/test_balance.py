"""What is called balanced: means, axes and weights as they are typed."""

from __future__ import annotations

import pytest

from pytest_llmlat.values.balance import (
    BALANCES,
    WeighedMean,
    parse_balance,
    weighed,
)
from pytest_llmlat.values.cost_budget import CostBudget, parse_cost_budget
from pytest_llmlat.values.errors import UsageError


@pytest.mark.parametrize("mean", BALANCES)
def test_a_mean_alone_is_of_quality_and_speed_evenly(mean: str) -> None:
    """The names that there were before weights mean what they meant."""
    found = parse_balance(mean, where="--it")

    assert found == mean
    assert weighed(found).shares == {"quality": 0.5, "speed": 0.5}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("quality=1 speed=1", "geometric"),
        ("harmonic quality=2,speed=2", "harmonic"),
        ("quality=1 speed=1 cost=1", "geometric quality=1 speed=1 cost=1"),
        ("cost=1 quality=2 arithmetic", "arithmetic quality=2 cost=1"),
        ("speed=1 quality=3", "geometric quality=3 speed=1"),
        ("quality=999999 speed=.000001", "geometric quality=999999 speed=0.000001"),
    ],
)
def test_each_balance_is_written_in_one_way(text: str, expected: str) -> None:
    """So that two runs that mean the same say the same, and read it back."""
    found = parse_balance(text, where="--it")

    assert str(found) == expected
    assert parse_balance(expected, where="--it") == found


@pytest.mark.parametrize(
    "text",
    [
        *("", "median", "quality", "quality=0 speed=1", "quality=-1 speed=1"),
        *("quality=1 quality=2", "geometric harmonic", "quality=1 price=1"),
        *("speed=1 cost=1", "cost=1"),
    ],
)
def test_what_is_none_is_refused(text: str) -> None:
    """A score without quality would be best of who answers nonsense at once."""
    with pytest.raises(UsageError, match=r"^--it: "):
        parse_balance(text, where="--it")


def test_another_share_of_quality_keeps_the_others_to_each_other() -> None:
    """Speed stays worth three times what cost is."""
    asked = WeighedMean(weights=(("quality", 1.0), ("speed", 3.0), ("cost", 1.0)))

    found = asked.with_quality(0.2).shares

    assert found == pytest.approx({"quality": 0.2, "speed": 0.6, "cost": 0.2})


@pytest.mark.parametrize(
    ("text", "amount", "unit"),
    [("0.002USD", "0.002", "USD"), (".5 eur", ".5", "EUR"), ("40 J", "40", "J")],
)
def test_a_cost_budget_says_what_cost_is(text: str, amount: str, unit: str) -> None:
    """Money of a currency, or joules."""
    found = parse_cost_budget(text, where="--it")

    assert found == CostBudget(amount=amount, unit=unit)
    assert found.sound


@pytest.mark.parametrize("text", ["0.002", "0USD", "-1USD", "1 dollar", "1kJ", "USD"])
def test_a_cost_budget_without_a_unit_is_none(text: str) -> None:
    """Of which currency an amount is nobody may guess."""
    with pytest.raises(UsageError, match=r"^--it: .*0\.002USD"):
        parse_cost_budget(text, where="--it")
