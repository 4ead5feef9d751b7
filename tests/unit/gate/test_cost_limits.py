"""Limits on what answers cost, and the currency that they are in."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_llmlat.analysis.summary import summarise
from pytest_llmlat.gate.limits import check_limits
from pytest_llmlat.gate.tolerances import parse_limits
from pytest_llmlat.values.cell_facts import Contention
from pytest_llmlat.values.errors import UsageError
from pytest_llmlat.values.price import Price
from tests.unit.builders import a_record, some_facts

HOUR = Price(currency="USD", source="entry", per_hour="3600")
BUSY = Contention(
    others_cores=2.0,
    steal=None,
    load_average=None,
    throttled=None,
    gpu_processes=None,
    contended="other processes used 2.0 cores",
)


def outcome(
    text: str, *, right: int = 8, price: Price | None = HOUR, busy: bool = False
) -> tuple[str, str | None]:
    """Judge eight answers that took a second each, at a dollar a second."""
    records = [a_record(f"s{n}", value=float(n < right)) for n in range(8)]
    facts = replace(
        some_facts(planned=8), price=price, contention=BUSY if busy else None
    )
    summary = summarise(facts, records, balance="geometric")
    (found,) = check_limits(
        summary, records, parse_limits([text], where="--llm-limit"), unsure="pass"
    )
    return found.outcome, found.note


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("usd_per_correct<=2", "pass"),
        ("cost_per_correct<=2", "pass"),
        ("usd_per_answer<=1", "pass"),
        ("usd_per_correct<=0.5", "failed"),
        ("usd_per_1k_tokens<=1000", "pass"),
    ],
)
def test_a_limit_of_an_amount(text: str, expected: str) -> None:
    """Eight of eight are right: a dollar each, a dollar for a token."""
    assert outcome(text)[0] == expected


def test_a_limit_in_another_currency_fails() -> None:
    """Amounts in two currencies cannot be compared, on a busy machine either."""
    expected = ("failed", "prices are in USD, the limit in EUR")

    assert outcome("eur_per_correct<=2") == expected
    assert outcome("eur_per_correct<=2", busy=True) == expected


def test_a_model_without_a_price_keeps_no_limit_on_it() -> None:
    """What is not known is not cheap."""
    told = outcome("usd_per_correct<=2", price=None)

    assert told == ("failed", "its model has no price; write one into its entry")


def test_where_nothing_is_right_every_limit_is_missed() -> None:
    """Whatever it is: the cost has no end."""
    verdict, note = outcome("usd_per_correct<=1000000", right=0)

    assert verdict == "failed"
    assert "no end is known" in str(note)


def test_an_hour_is_dearer_on_a_busy_machine_and_a_token_is_not() -> None:
    """A miss in a disturbed cell proves nothing where time is paid."""
    assert outcome("usd_per_correct<=0.5", busy=True)[0] == "inconclusive"


@pytest.mark.parametrize("text", ["usd_per_right<=2", "dollars_per_correct<=2"])
def test_a_figure_that_is_none_is_told(text: str) -> None:
    """With those that there are."""
    with pytest.raises(UsageError, match="cost_per_correct"):
        parse_limits([text], where="--llm-limit")


def test_an_amount_is_a_number() -> None:
    """No unit stands behind it; the currency is in the name."""
    with pytest.raises(UsageError, match="no amount"):
        parse_limits(["usd_per_correct<=2USD"], where="--llm-limit")
