"""The cost of a right answer beside another measurement, gated in pairs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.gate.judging import judge
from pytest_llmlat.gate.match import Match
from pytest_llmlat.gate.tolerances import GateRules, parse_tolerances
from pytest_llmlat.report.gate_sentence import gate_sentence
from pytest_llmlat.report.verdicts import columns
from pytest_llmlat.values.balance import WeighedMean
from pytest_llmlat.values.cost_budget import CostBudget
from pytest_llmlat.values.energy import EnergyFacts
from pytest_llmlat.values.price import Price, TokenRate
from tests.unit.builders import a_record, a_timing, some_facts

if TYPE_CHECKING:
    from pytest_llmlat.values.balance import Balance
    from pytest_llmlat.values.records import Record
    from pytest_llmlat.values.results import Verdict

TOKENS = Price(
    currency="USD",
    source="entry",
    input=TokenRate(per_million="0"),
    output=TokenRate(per_million="1000"),
)
HOUR = Price(currency="USD", source="entry", per_hour="3.6")
EVEN = WeighedMean(weights=(("quality", 1.0), ("speed", 1.0), ("cost", 1.0)))


def side(*, dearer: float = 1.0, right: int = 36, joules: float = 10.0) -> list[Record]:
    """Return forty answers, of other lengths each."""
    return [
        replace(
            a_record(
                f"s{n:02}",
                value=float(n < right),
                timing=a_timing(end_s=(1 + n % 5) * dearer),
            ),
            output_tokens=round((20 + n % 7) * dearer),
            energy_j=joules * (1 + n % 4) * dearer,
            energy_s=1.0,
        )
        for n in range(40)
    ]


def verdicts(
    ours: list[Record],
    theirs: list[Record],
    *,
    tolerance: str,
    price: Price | None = TOKENS,
    stored: bool = False,
    balance: Balance = "geometric",
    only_quality: str | None = None,
) -> dict[str, Verdict]:
    """Judge a cell beside another, each quantity's verdict."""
    facts = replace(
        some_facts(planned=len(ours)),
        price=price,
        energy=EnergyFacts(),
        cost_budget=CostBudget(amount="0.02", unit="USD"),
    )
    match = Match(
        facts=facts,
        records=tuple(ours),
        against="main",
        reference=tuple(theirs),
        beside=None if stored else facts,
        in_turn=not stored,
        only_quality=only_quality,
    )
    rules = GateRules(tolerances=parse_tolerances([tolerance], where="here"))
    return {v.quantity: v for v in judge([match], rules, balance=balance)}


@pytest.mark.parametrize("name", ["cost_per_correct", "joules_per_correct"])
def test_a_right_answer_that_became_dearer_is_a_regression(name: str) -> None:
    """By half as much again, where a twentieth is tolerated; both ways are told."""
    found = verdicts(side(dearer=1.5), side(), tolerance=f"{name}=5%")[name]
    back = verdicts(side(), side(dearer=1.5), tolerance=f"{name}=5%")[name]

    assert (found.outcome, back.outcome) == ("regression", "pass")
    assert found.change == pytest.approx(0.5, abs=0.01)
    assert "+50.0 % [" in " ".join(columns(found)) or "+5" in columns(found)[5]
    of = " in joules" if "joules" in name else ""
    assert f"dearer{of} per right answer" in gate_sentence([found], {})
    assert f"cheaper{of} per right answer" in gate_sentence([back], {})


def test_fewer_right_answers_make_each_dearer() -> None:
    """Nothing else changed: what was spent is shared by fewer."""
    found = verdicts(side(right=18), side(), tolerance="cost_per_correct=5%")

    assert found["cost_per_correct"].change == pytest.approx(1.0)
    assert found["cost_per_correct"].outcome == "regression"


def test_without_a_tolerance_costs_are_not_gated() -> None:
    """As TPOT: who has no price must not be told of one."""
    found = verdicts(side(dearer=1.5), side(), tolerance="quality=0.5")

    assert not {"cost_per_correct", "joules_per_correct"} & set(found)


def test_a_stored_run_is_counted_by_the_price_of_today() -> None:
    """Its tokens are what it used; of joules it keeps none."""
    stored = [replace(r, energy_j=None, energy_s=None) for r in side()]
    wanted = "cost_per_correct=5% joules_per_correct=5%"
    found = verdicts(side(dearer=1.5), stored, tolerance=wanted, stored=True)

    assert found["cost_per_correct"].outcome == "regression"
    assert found["joules_per_correct"].outcome == "inconclusive"
    assert "main: its joules were not measured" in str(found["joules_per_correct"].note)


def test_a_model_without_a_price_passes_no_gate_of_costs() -> None:
    """What is not known is not as cheap."""
    found = verdicts(side(), side(), tolerance="cost_per_correct=5%", price=None)

    assert found["cost_per_correct"].outcome == "inconclusive"
    assert "no price" in str(found["cost_per_correct"].note)


def test_tokens_cost_as_much_on_a_busy_machine_and_an_hour_does_not() -> None:
    """In turn; what is paid by the time proves as little as times do."""
    busy = "contended: other processes used 2.0 cores"
    wanted = "cost_per_correct=5% joules_per_correct=5%"
    ours, theirs = side(dearer=1.5), side()
    tokens, hours = (
        verdicts(ours, theirs, tolerance=wanted, price=price, only_quality=busy)
        for price in (TOKENS, HOUR)
    )

    assert tokens["cost_per_correct"].outcome == "regression"
    assert tokens["joules_per_correct"].outcome == "inconclusive"
    assert hours["cost_per_correct"].outcome == "inconclusive"


def test_where_nothing_is_right_any_more_it_fails() -> None:
    """A cost without end is no figure that passes."""
    found = verdicts(side(right=0), side(), tolerance="cost_per_correct=5%")

    assert found["cost_per_correct"].outcome == "failed"


def test_few_right_answers_tell_nothing() -> None:
    """Three of forty right: one more would be a third less."""
    found = verdicts(side(right=3), side(right=3), tolerance="cost_per_correct=5%")

    assert found["cost_per_correct"].outcome == "inconclusive"


def test_the_score_that_weighs_cost_falls_with_it() -> None:
    """The same answers as fast, at three times the tokens."""
    dear = [replace(r, output_tokens=3 * (r.output_tokens or 0)) for r in side()]
    found, plain = (
        verdicts(dear, side(), tolerance="balanced=0.02", balance=balance)["balanced"]
        for balance in (EVEN, "geometric")
    )

    assert found.outcome == "regression"
    assert plain.change == 0.0


def test_a_score_that_weighs_an_unknown_cost_is_not_compared() -> None:
    """The other quantities are."""
    found = verdicts(
        side(), side(), tolerance="balanced=0.02", price=None, balance=EVEN
    )

    assert found["balanced"].outcome == "inconclusive"
    assert found["quality"].change == 0.0
