"""Cost budgets that a run has in place of those of its tasks, and what may be mixed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.session.cost_budgets import (
    check_cost_budgets,
    parse_budgets,
    with_cost_budget,
)
from pytest_llmlat.tasks.data import revision
from pytest_llmlat.values.balance import parse_balance
from pytest_llmlat.values.cost_budget import CostBudget
from pytest_llmlat.values.errors import UsageError
from pytest_llmlat.values.price import Price
from pytest_llmlat.values.settings import Settings
from tests.unit.builders import a_model, a_sample, a_task

if TYPE_CHECKING:
    from collections.abc import Sequence

EURO = Price(currency="EUR", source="entry", per_hour="1")


def settings(*budgets: str, balance: str = "quality=1 speed=1 cost=1") -> Settings:
    """Return settings with these cost budgets."""
    return Settings(
        root=Path(),
        folder=Path("r"),
        balance=parse_balance(balance, where="--it"),
        cost_budget=parse_budgets(budgets, where="--it"),
    )


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (("2USD",), "2"),
        (("2USD reasoning=0.5USD",), "0.5"),
        (("reasoning=5USD", "reasoning/sums=3USD"), "3"),
    ],
)
def test_a_task_comes_before_its_family_and_that_before_all(
    texts: Sequence[str], expected: str
) -> None:
    """As with latency budgets."""
    found = with_cost_budget(a_task("reasoning/sums"), settings(*texts), str)

    assert found.cost_budget == CostBudget(amount=expected, unit="USD")


def test_a_task_keeps_its_own_and_is_another_version_with_another() -> None:
    """Without one it is what it was before tasks could say so."""
    own = CostBudget(amount="1", unit="USD")
    plain, priced = a_task(), replace(a_task(), cost_budget=own)
    samples = [a_sample()]

    assert with_cost_budget(priced, settings(), str).cost_budget == own
    assert revision(plain, samples) != revision(priced, samples)
    assert with_cost_budget(plain, settings(balance="geometric"), str) == plain


def test_cost_cannot_be_weighed_where_nobody_says_how_much() -> None:
    """No amount is guessed; what to write is told."""
    with pytest.raises(UsageError, match=r"^balance: .*sums.*cost_budget"):
        with_cost_budget(a_task("reasoning/sums"), settings(), str)


@pytest.mark.parametrize("text", ["2", "a=1USD a=2USD", "=3USD", "a=1USD b=1J"])
def test_what_is_no_budget_is_refused(text: str) -> None:
    """The complaint names the option; units are not mixed."""
    with pytest.raises(UsageError, match=r"^--it: "):
        parse_budgets([text], where="--it")


def test_a_price_in_another_currency_is_refused_before_anything_is_asked() -> None:
    """Amounts of two currencies are not divided by each other."""
    priced = replace(a_model(), price=EURO)

    with pytest.raises(UsageError, match=r"'parrot' is paid in EUR.*budget is in USD"):
        check_cost_budgets([a_task()], [priced], settings("1USD"), str)
    check_cost_budgets([a_task()], [priced], settings("1J"), str)
    check_cost_budgets([a_task()], [a_model()], settings("1USD"), str)


def test_tasks_with_budgets_in_two_units_are_refused() -> None:
    """Half a score of money and half of joules would be of neither."""
    one = replace(a_task("a/one"), cost_budget=CostBudget(amount="1", unit="J"))
    two = replace(a_task("a/two"), cost_budget=CostBudget(amount="1", unit="USD"))

    with pytest.raises(UsageError, match="in one unit"):
        check_cost_budgets([one, two], [a_model()], settings(), str)
