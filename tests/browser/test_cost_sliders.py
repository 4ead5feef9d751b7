"""The page where what answers cost is an axis: a slider for each weight, a plane."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmlat.analysis.scoreboard import scoreboard
from pytest_llmlat.values.balance import WeighedMean
from pytest_llmlat.values.cost_budget import CostBudget
from pytest_llmlat.values.price import Price, TokenRate
from tests.unit.builders import a_cell, a_record, a_timing, some_facts

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmlat.values.balance import Balance, MeanName
    from pytest_llmlat.values.records import Record
    from pytest_llmlat.values.results import Scoreboard

EVEN = WeighedMean(weights=(("quality", 1.0), ("speed", 1.0), ("cost", 1.0)))
PRICE = Price(
    currency="USD",
    source="entry",
    input=TokenRate(per_million="0"),
    output=TokenRate(per_million="100"),
)
MODELS = {"good": (9, 1.5, 30), "fast": (7, 0.2, 12), "cheap": (7, 1.2, 2)}
"""Right answers of ten, seconds, and tokens of each."""


def a_board(balance: Balance = EVEN) -> tuple[Scoreboard, list[Record]]:
    """Return three models of which each is the best on one axis."""
    facts, records = [], []
    for model, (right, seconds, tokens) in MODELS.items():
        cell = a_cell(model)
        budget = CostBudget(amount="0.001", unit="USD")
        own = replace(some_facts(cell, planned=10), price=PRICE, cost_budget=budget)
        facts.append(own)
        records += [
            replace(
                a_record(
                    f"s{n}",
                    cell=cell,
                    value=float(n < right),
                    timing=a_timing(seconds * (1 + n / 30)),
                ),
                output_tokens=tokens,
            )
            for n in range(10)
        ]
    return scoreboard(facts, records, balance=balance, seed=0), records


def ranking(page: Any) -> list[str]:  # noqa: ANN401 - playwright has no types here
    """Return the models in their order."""
    names: list[str] = page.locator("#ranking .who").all_inner_texts()
    return names


@pytest.mark.parametrize(
    "mean", ["geometric", "arithmetic", "harmonic", "proportional"]
)
def test_three_sliders_rank_by_three_weights(
    open_run: Callable[..., Any], mean: MeanName
) -> None:
    """At the run's weights it is the scoreboard; at an end one axis alone counts."""
    board, records = a_board(replace(EVEN, mean=mean))
    opened = open_run(board, records)
    page = opened.page
    scores = page.locator("#ranking li").evaluate_all(
        "items => items.map((item) => Number(item.dataset.score))"
    )

    assert ranking(page) == [s.model for s in board.standings]
    assert scores == pytest.approx([s.balanced.value for s in board.standings])
    for slider, best in (
        *(("#weight", "good"), ("#weight-speed", "fast")),
        ("#weight-cost", "cheap"),
    ):
        page.locator(slider).fill("1")
        assert ranking(page)[0] == best
        assert page.locator(f"{slider}-out").inner_text() == "1.00"
    assert page.locator("#weight-out").inner_text() == "0.00"
    assert opened.quiet(), opened.heard


def test_the_plane_of_cost_has_its_front(open_run: Callable[..., Any]) -> None:
    """Decided with the scoreboard: the fast one is dearer, and no better, than one."""
    opened = open_run(*a_board())
    page = opened.page
    page.locator("#plane-axis").select_option("cost")

    front = page.locator("#plot-plane").evaluate(
        "plot => plot.data.find((one) => one.name === 'Pareto front').x"
    )

    assert len(front) == 2
    assert front == pytest.approx([0.0002, 0.003])
    assert "ringed are the rows" in page.locator("#plane-note").inner_text()
    assert opened.quiet(), opened.heard


def test_cost_can_be_weighed_on_the_page_where_the_run_did_not(
    open_run: Callable[..., Any],
) -> None:
    """It begins at the run's own weights, where cost counts nothing."""
    board, records = a_board("geometric")
    page = open_run(board, records).page

    assert page.locator("#weight-cost-out").inner_text() == "0.00"
    assert ranking(page) == [s.model for s in board.standings]
    page.locator("#weight-cost").fill("0.9")
    assert ranking(page)[0] == "cheap"


def test_without_costs_there_is_the_one_slider(open_run: Callable[..., Any]) -> None:
    """As it was: a slider that moves nothing is no help."""
    board, records = a_board("geometric")
    bare = replace(
        board,
        summaries=tuple(
            replace(s, cost_budget=None, cost_score=replace(s.cost_score, value=None))
            for s in board.summaries
        ),
    )
    page = open_run(bare, records).page

    assert not page.locator("#weight-cost").is_visible()
    assert page.locator("#weight").is_visible()
