"""Budgets: what is set aside, what is spent, and where a run stops."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmlat.measure.run_budget import Budget, CellAllowance, most_cost
from pytest_llmlat.session.budget import check_spend
from pytest_llmlat.values.clock import ManualClock
from pytest_llmlat.values.errors import BudgetSpent, UsageError
from pytest_llmlat.values.price import Price, TokenRate
from pytest_llmlat.values.records import Request
from pytest_llmlat.values.settings import Settings
from pytest_llmlat.values.spend import parse_spend
from tests.unit.builders import a_model, a_record, a_timing, an_error

if TYPE_CHECKING:
    from pathlib import Path

S = 1_000_000_000
TOKENS = Price(
    currency="USD",
    source="entry",
    input=TokenRate(per_million="1"),
    output=TokenRate(per_million="10"),
)
HOUR = Price(currency="USD", source="entry", per_hour="3600")
REQUEST = Request(prompt="What is 2 + 2?", chat=True, max_new_tokens=100)
MOST = Decimal(14 + 16 + 64) / 10**6 + Decimal(100) / 10**5


def a_budget(text: str, clock: ManualClock | None = None) -> Budget:
    """Return a budget that begins now."""
    now = clock or ManualClock(S)
    limits = parse_spend(text, where="--llm-spend")
    return Budget(limits, now, begin_ns=now.now_ns(), where="--llm-spend")


def test_a_request_may_cost_its_longest_answer_and_a_token_for_each_byte() -> None:
    """No tokenizer makes more tokens of a text than it has bytes."""
    assert most_cost(REQUEST, TOKENS) == MOST


def test_it_stops_before_the_budget_is_exceeded() -> None:
    """What is under way is set aside, and what it really cost takes its place."""
    budget = a_budget(f"usd={3 * MOST}")
    allowance = CellAllowance(budget, TOKENS)

    assert [allowance.admit(REQUEST, place) for place in range(4)] == [
        *(True, True, True),
        False,
    ]
    assert str(allowance.refused).startswith("not measured: budget: ")


def test_what_is_too_dear_beside_others_alone_waits_for_them() -> None:
    """Until they have ended, most for less than was set aside; the run goes on."""
    budget = a_budget(f"usd={Decimal('1.5') * MOST}")
    allowance = CellAllowance(budget, TOKENS)
    before = allowance.waits(REQUEST)
    assert allowance.admit(REQUEST, 0)
    beside = allowance.waits(REQUEST)
    allowance.settle(0, a_record("s0"))

    assert (before, beside, allowance.waits(REQUEST)) == (False, True, False)
    assert allowance.admit(REQUEST, 1)
    assert budget.refused is None


def test_a_short_answer_leaves_more_for_others() -> None:
    """One of 5 and 1 tokens costs a seventieth of the most."""
    budget = a_budget(f"usd={2 * MOST}")
    allowance = CellAllowance(budget, TOKENS)
    made = 0
    while made < 1000 and allowance.admit(REQUEST, made):
        allowance.settle(made, a_record(f"s{made}"))
        made += 1

    assert budget.money == Decimal("0.000015") * made
    assert budget.money <= 2 * MOST < budget.money + MOST


@given(
    st.lists(st.tuples(st.integers(0, 100), st.integers(0, 94)), min_size=1),
    st.integers(1, 8),
    st.floats(1, 20),
)
def test_no_budget_is_exceeded_whatever_answers_cost(
    answers: list[tuple[int, int]], at_once: int, times: float
) -> None:
    """Several are under way at a time, each at most as dear as was set aside."""
    budget = a_budget(f"usd={MOST * Decimal(str(round(times, 3)))}")
    allowance = CellAllowance(budget, TOKENS)
    under_way: list[int] = []
    for place, (output, prompt) in enumerate(answers * 5):
        if not allowance.admit(REQUEST, place):
            break
        under_way.append(place)
        if len(under_way) == at_once:
            record = a_record(f"s{place}")
            done = replace(record, output_tokens=output, prompt_tokens=prompt)
            allowance.settle(under_way.pop(0), done)
    for place in under_way:
        allowance.settle(place, replace(a_record(), output_tokens=100))
    allowance.end()

    assert budget.limits.money is not None
    assert budget.money <= budget.limits.money


def test_a_broken_request_costs_what_was_set_aside() -> None:
    """Nobody knows for how many tokens it is billed."""
    budget = a_budget("usd=1")
    allowance = CellAllowance(budget, TOKENS)
    allowance.admit(REQUEST, 0)
    allowance.settle(0, an_error())

    assert budget.money == MOST


def test_a_machine_by_the_hour_is_paid_for_all_of_its_time() -> None:
    """At a dollar a second, one answer of two seconds more does not fit in five."""
    clock = ManualClock(S)
    allowance = CellAllowance(a_budget("usd=5", clock), HOUR)
    made = 0
    while made < 10 and allowance.admit(REQUEST, made):
        clock.wait_until(clock.now_ns() + 2 * S)
        allowance.settle(made, a_record(timing=a_timing(2.0)))
        made += 1

    assert made == 2


def test_minutes_stop_before_the_next_answer_would_be_too_late() -> None:
    """By the longest answer so far."""
    clock = ManualClock(S)
    budget = a_budget("minutes=1", clock)
    allowance = CellAllowance(budget, None)
    made = 0
    while made < 10 and allowance.admit(REQUEST, made):
        clock.wait_until(clock.now_ns() + 25 * S)
        allowance.settle(made, a_record(timing=a_timing(25.0)))
        made += 1

    assert made == 2
    with pytest.raises(BudgetSpent, match=r"0\.83 of 1 minutes"):
        budget.check()


def test_joules_stop_by_what_the_counters_told() -> None:
    """By the dearest answer so far; one that nothing counted ends it."""
    told = CellAllowance(a_budget("joules=100"), None)
    made = 0
    while made < 10 and told.admit(REQUEST, made):
        told.settle(made, replace(a_record(), energy_j=30.0, energy_s=1.0))
        made += 1
    blind = CellAllowance(a_budget("joules=100"), None)
    blind.admit(REQUEST, 0)
    blind.settle(0, a_record())

    assert made == 3
    assert not blind.admit(REQUEST, 1)
    assert "nothing counted" in str(blind.refused)


def test_a_budget_below_one_answer_is_refused() -> None:
    """Before anything is measured, with what one may cost."""
    allowance = CellAllowance(a_budget("usd=0.000001"), TOKENS)

    with pytest.raises(UsageError, match="less than one answer may cost"):
        allowance.admit(REQUEST, None)


@pytest.mark.parametrize(
    ("spend", "price", "scenarios", "told"),
    [
        ("usd=5", None, (), "'parrot' has no price"),
        ("eur=5", TOKENS, (), "'parrot' is paid in USD"),
        ("joules=5", None, ("concurrent:2",), "known only behind it"),
    ],
)
def test_a_budget_that_cannot_be_kept_is_refused(
    tmp_path: Path,
    spend: str,
    price: Price | None,
    scenarios: tuple[str, ...],
    told: str,
) -> None:
    """At the start, with what to do."""
    settings = Settings(
        root=tmp_path, folder=tmp_path / "r", spend=spend, scenarios=scenarios
    )
    model = replace(a_model(), price=price)

    with pytest.raises(UsageError, match=told):
        check_spend(settings, [model], where="--llm-spend")


@pytest.mark.parametrize(
    "text",
    [
        *("usd", "usd=", "usd=0", "usd=-1", "usd=nan", "usd=1e99", "dollars=5"),
        *("usd=5 eur=5", "usd=5 usd=6", "minutes=x", "joules=inf", "USD=5"),
    ],
)
def test_what_is_no_budget_is_told(text: str) -> None:
    """With the grammar, or with what is wrong."""
    with pytest.raises(UsageError, match="--llm-spend"):
        parse_spend(text, where="--llm-spend")


def test_a_budget_is_read() -> None:
    """Each bound by its name; none where nothing was typed."""
    found = parse_spend("usd=5 minutes=30, joules=1e6", where="")

    assert (found.money, found.currency) == (Decimal(5), "USD")
    assert (found.minutes, found.joules) == (30.0, 1e6)
    assert not parse_spend("", where="").any
