"""Cost as a third axis of the score: weighed where asked, and null where unknown."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.analysis import score
from pytest_llmlat.analysis.cost_scores import NO_BUDGET
from pytest_llmlat.analysis.scoreboard import scoreboard
from pytest_llmlat.analysis.summary import summarise
from pytest_llmlat.report.leaders import comparison_lines
from pytest_llmlat.report.score_lines import score_lines
from pytest_llmlat.values.balance import BALANCES, MeanName, WeighedMean
from pytest_llmlat.values.cell_facts import LoadFacts
from pytest_llmlat.values.cost_budget import CostBudget
from pytest_llmlat.values.energy import EnergyFacts
from pytest_llmlat.values.price import Price, TokenRate
from tests.unit.builders import a_cell, a_record, a_timing, an_error, some_facts

if TYPE_CHECKING:
    from pytest_llmlat.values.cell_facts import CellFacts
    from pytest_llmlat.values.records import Record
    from pytest_llmlat.values.results import Scoreboard, Summary

EVEN = WeighedMean(weights=(("quality", 1.0), ("speed", 1.0), ("cost", 1.0)))
TOKENS = Price(
    currency="USD",
    source="entry",
    input=TokenRate(per_million="0"),
    output=TokenRate(per_million="1000"),
)
HOUR = Price(currency="USD", source="entry", per_hour="3.6")
"""A thousandth of a dollar a second."""
MILLI = CostBudget(amount="0.001", unit="USD")


def a_run(
    model: str = "owl",
    *,
    tokens: int = 1,
    right: int = 6,
    seconds: float = 1.0,
    price: Price | None = TOKENS,
    budget: CostBudget | None = MILLI,
    count: int = 8,
) -> tuple[CellFacts, list[Record]]:
    """Return answers of so many tokens, at a thousandth of a dollar each."""
    cell = a_cell(model)
    records = [
        replace(
            a_record(
                f"s{n}",
                cell=cell,
                value=float(n < right),
                timing=a_timing(seconds * (1 + n / 20)),
            ),
            output_tokens=tokens,
        )
        for n in range(count)
    ]
    facts = replace(some_facts(cell, planned=count), price=price, cost_budget=budget)
    return facts, records


def a_summary(**asked: object) -> Summary:
    """Return the figures of one cell, with cost weighed evenly."""
    return summarise(*a_run(**asked), balance=EVEN)  # type: ignore[arg-type]


def a_board(*runs: tuple[CellFacts, list[Record]]) -> Scoreboard:
    """Return the board of several models, with cost weighed evenly."""
    facts = [fact for fact, _ in runs]
    records = [record for _, own in runs for record in own]
    return scoreboard(facts, records, balance=EVEN, seed=0)


def test_an_answer_at_its_budget_has_half_of_the_cost_score() -> None:
    """As one that takes its latency budget has half of the speed."""
    assert a_summary(tokens=1).cost_score.value == pytest.approx(0.5)
    assert a_summary(tokens=3).cost_score.value == pytest.approx(0.25)


@pytest.mark.parametrize("mean", BALANCES)
def test_the_score_is_the_mean_of_three(mean: MeanName) -> None:
    """Of quality, speed and cost, by the weights."""
    found = summarise(*a_run(tokens=3), balance=replace(EVEN, mean=mean))
    q, s, c = (
        each.value or 0.0 for each in (found.normalized, found.speed, found.cost_score)
    )
    x = (q * s / (1 - s) * c / (1 - c)) ** (1 / 3)

    expected = {
        "geometric": (q * s * c) ** (1 / 3),
        "arithmetic": (q + s + c) / 3,
        "harmonic": 3 / (1 / q + 1 / s + 1 / c),
        "proportional": x / (1 + x),
    }
    assert found.balanced.value == pytest.approx(expected[mean])
    assert found.geometric == pytest.approx(math.sqrt(q * s))


@pytest.mark.parametrize("step", [1e-4])
def test_one_per_cent_of_cost_is_worth_its_part_of_the_budget(step: float) -> None:
    """D ln(balanced) / d ln c = -w c / (b + c), as docs/score.md has it."""

    def at(cost: float) -> float:
        return float(score.balance(0.7, 0.6, EVEN, cost=1 / (1 + cost / 2)))

    slope = (math.log(at(3 * (1 + step))) - math.log(at(3))) / math.log1p(step)

    assert slope == pytest.approx(-(1 / 3) * 3 / (2 + 3), rel=1e-3)


def test_without_cost_in_the_balance_nothing_changes() -> None:
    """A price and a budget alone move no default number."""
    priced = summarise(*a_run(), balance="geometric")
    plain = summarise(*a_run(price=None, budget=None), balance="geometric")

    assert priced.balanced == plain.balanced
    assert priced.cost_score.value == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ({"budget": None}, NO_BUDGET),
        ({"price": None}, "no price"),
        ({"budget": replace(MILLI, unit="EUR")}, "its price is in USD, the cost"),
        ({"budget": replace(MILLI, unit="J")}, "joules were not measured"),
    ],
)
def test_where_cost_is_not_known_there_is_no_score(
    asked: dict[str, object], why: str
) -> None:
    """Null with a reason: neither 0 nor what it would be without."""
    found = a_summary(**asked)

    assert found.balanced.value is None
    assert found.cost_score.value is None
    assert why in str(found.no_cost)
    assert found.normalized.value


def test_tokens_that_nobody_counted_are_not_free() -> None:
    """One answer of which they are not known leaves the cell without a score."""
    facts, records = a_run()
    records[3] = replace(records[3], output_tokens=None)

    found = summarise(facts, records, balance=EVEN)

    assert found.balanced.value is None
    assert found.no_cost == "the tokens of 1 of 8 answers are not known"


def test_a_failure_scores_nothing_whatever_it_cost() -> None:
    """Or giving up at once would be thrift."""
    facts, records = a_run()
    records[0] = an_error("s0", cell=facts.cell)

    found = summarise(facts, records, balance=EVEN)

    assert found.cost_score.value == pytest.approx(0.5 * 7 / 8)


def test_joules_are_what_cost_means_where_the_budget_is_in_joules() -> None:
    """Measured ones, gross; the price does not matter then."""
    budget = CostBudget(amount="20", unit="J")
    facts, records = a_run(price=None, budget=budget)
    used = [replace(r, energy_j=20.0, energy_s=1.0) for r in records]

    found = summarise(replace(facts, energy=EnergyFacts()), used, balance=EVEN)

    assert found.cost_score.value == pytest.approx(0.5)


def test_an_hour_is_paid_by_the_time_and_a_token_is_not() -> None:
    """Twice as slow is twice as dear where time is paid."""
    slow, fast = (a_summary(price=HOUR, seconds=s) for s in (2.0, 1.0))

    assert (slow.cost_score.value or 0) < (fast.cost_score.value or 0)
    assert a_summary(seconds=2.0).cost_score == a_summary(seconds=1.0).cost_score


def test_shares_of_a_load_have_no_interval() -> None:
    """Eight requests that share a window agree, and tell nothing of another one's."""
    facts, records = a_run(price=HOUR)
    load = LoadFacts(
        window_s=8.0,
        ended=8,
        failed=0,
        before=0,
        after=0,
        in_flight=2,
        send_lag_p99_s=None,
        loop_lag_p99_s=None,
        cpu_share=None,
        client_limited=None,
    )

    found = summarise(replace(facts, load=load), records, balance=EVEN)

    assert found.cost_score.value == pytest.approx(0.5)
    assert found.cost_score.low is None
    assert found.balanced.low is None


def test_the_interval_reaches_further_where_costs_differ() -> None:
    """The third part brings what it varies with."""
    facts, records = a_run()
    uneven = [replace(r, output_tokens=1 + 2 * (n % 2)) for n, r in enumerate(records)]

    even, wide = (
        summarise(facts, own, balance=EVEN).balanced for own in (records, uneven)
    )

    assert even.low is not None
    assert even.high is not None
    assert wide.low is not None
    assert wide.high is not None
    assert wide.high - wide.low > even.high - even.low


def test_the_dearer_of_two_equal_models_is_worse_for_certain() -> None:
    """In the same resamples only their costs differ."""
    board = a_board(a_run("cheap", tokens=1), a_run("dear", tokens=40))

    (contrast,) = board.contrasts
    assert board.standings[0].model == "cheap"
    assert contrast.certain
    assert [why.value for why in contrast.why] == ["balance"]


@pytest.mark.slow
def test_a_faster_model_is_not_better_for_that_where_it_may_be_dearer() -> None:
    """It is told that it is faster; only its score can make it the better one."""
    runs = (
        a_run("slow", tokens=1, seconds=1.0, right=90, count=120),
        a_run("fast", tokens=2, seconds=0.2, right=90, count=120),
    )

    (contrast,) = a_board(*runs).contrasts
    records = [record for _, own in runs for record in own]
    (plain,) = scoreboard(
        [fact for fact, _ in runs], records, balance="geometric", seed=0
    ).contrasts

    assert contrast.row == plain.row == "fast|cpu|single"
    assert contrast.pace == plain.pace == "faster"
    assert "faster" in {why.value for why in plain.why}
    assert "faster" not in {why.value for why in contrast.why}


def test_a_row_of_which_one_cell_has_no_cost_has_no_score() -> None:
    """An average of the cells that are known would be of fewer tasks."""
    known, records = a_run()
    cell = a_cell("owl", task="sentiment/t")
    unknown = replace(known, cell=cell, price=None)
    others = [replace(record, cell=cell) for record in records]

    board = a_board((known, records), (unknown, others))

    (row,) = board.standings
    assert row.balanced.value is None
    assert row.cost_score.value is None
    assert row.speed.value is not None
    assert board.unscored == (row.id,)


@pytest.mark.slow
def test_the_front_has_three_axes_where_cost_is_weighed() -> None:
    """Slower and no better, but cheaper: off the front of two, on that of three."""
    runs = (
        a_run("fast", tokens=9, seconds=0.5),
        a_run("cheap", tokens=1, seconds=1.0),
        a_run("neither", tokens=9, seconds=2.0),
    )

    board = a_board(*runs)

    (comparison,) = board.comparisons
    assert {id_.partition("|")[0] for id_ in comparison.front} == {"fast", "cheap"}
    assert {s.model for s in board.standings if s.pareto} == {"fast", "cheap"}
    told = "\n".join(comparison_lines(board))
    assert "Pareto front of quality, e2e p50 and cost: " in told
    assert "cost budgets from b/4 to 4b" in told


def test_a_row_without_costs_is_not_ranked_with_the_others() -> None:
    """It has no score, and the reason is told; it is neither last nor first by luck."""
    board = a_board(a_run("known"), a_run("unknown", price=None))

    assert board.unscored == ("unknown|cpu|single",)
    told = "\n".join(score_lines(board))
    assert "no cost score: reasoning/sums, unknown on cpu: its model has no" in told
    assert "an answer earns half of it at 0.001 USD (money)" in told
