"""What answers cost: per answer, per token, per right answer."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.analysis.spending import cost_figures, spending
from pytest_llmlat.values.price import Price, TokenRate
from tests.unit.builders import a_record, a_timing, an_error, some_facts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmlat.values.records import Record
    from pytest_llmlat.values.results import Estimate

HOUR = Price(currency="USD", source="entry", per_hour="3600")
"""A dollar a second."""


def told(records: Sequence[Record], price: Price | None = HOUR) -> dict[str, Estimate]:
    """Return the figures of one cell."""
    facts = replace(some_facts(planned=len(records)), price=price)
    return dict(cost_figures([spending(facts, records)], row=False))


def answers(right: int, wrong: int) -> list[Record]:
    """Return answers that take one and two seconds in turn."""
    values = [1.0] * right + [0.0] * wrong
    return [
        a_record(f"s{n}", value=value, timing=a_timing(1.0 + n % 2))
        for n, value in enumerate(values)
    ]


def test_cost_of_pass_is_all_cost_over_right_answers() -> None:
    """Wrong answers are paid for too: 12 seconds for 2 that are right."""
    found = told(answers(2, 6))

    assert found["cost_per_correct"].value == pytest.approx(6.0)
    assert found["cost_per_answer"].value == pytest.approx(1.5)
    assert found["cost_per_1k_tokens"].value == pytest.approx(1500)


def test_an_interval_holds_its_own_value() -> None:
    """And is not empty."""
    for right in range(1, 9):
        found = told(answers(right, 8 - right))["cost_per_correct"]

        assert found.value is not None
        assert found.low is not None
        assert found.low < found.value
        assert found.high is None or found.value < found.high


def test_where_nothing_is_right_it_is_infinite_and_at_least_something() -> None:
    """Null for infinity, and what it costs if all luck was bad luck."""
    found = told(answers(0, 8))["cost_per_correct"]

    assert found.value is None
    assert found.high is None
    assert found.low is not None
    assert 1.5 < found.low < 15


def test_failures_are_paid_for_and_are_no_answers() -> None:
    """Two seconds lost make the other answers dearer."""
    found = told([*answers(2, 0), an_error(seconds=2.0)])

    assert found["cost_per_answer"].value == pytest.approx(2.5)


def test_without_a_price_nothing_is_known() -> None:
    """Nor where the cost of one request is unknown: missing is null, never 0."""
    tokens = TokenRate(per_million="1")
    price = Price(currency="USD", source="entry", input=tokens, output=tokens)

    for found in (told(answers(2, 2), None), told([*answers(2, 2), an_error()], price)):
        assert {each.value for each in found.values()} == {None}


def test_a_metric_without_right_and_wrong_has_no_cost_of_pass() -> None:
    """ROUGE marks are no right answers."""
    records = [
        replace(r, grade=replace(r.grade, value=0.5, correct=None))
        for r in answers(4, 0)
    ]

    found = told(records)

    assert found["cost_per_correct"].value is None
    assert found["cost_per_answer"].value == pytest.approx(1.5)


def test_a_row_divides_what_its_cells_cost_together() -> None:
    """A cell without a price leaves the row without one."""
    facts = replace(some_facts(), price=HOUR)
    both = [spending(facts, answers(2, 6)), spending(facts, answers(4, 0))]

    found = dict(cost_figures(both, row=True))

    assert found["cost_per_correct"].value == pytest.approx(18 / 6)
    assert dict(cost_figures([both[0], {}], row=True))["cost_per_answer"].value is None


def test_amounts_in_two_currencies_are_never_added() -> None:
    """Runs that are merged may have them."""
    euros = replace(HOUR, currency="EUR")
    cells = [
        spending(replace(some_facts(), price=price), answers(2, 2))
        for price in (HOUR, euros)
    ]

    assert dict(cost_figures(cells, row=True))["cost_per_answer"].value is None


def test_free_answers_cost_nothing() -> None:
    """A price of 0 is a price."""
    free = replace(HOUR, per_hour="0")

    assert told(answers(2, 2), free)["cost_per_correct"].value == 0.0
    assert told(answers(0, 2), free)["cost_per_correct"].value is None
