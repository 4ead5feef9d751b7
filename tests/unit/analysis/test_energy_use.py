"""Joules of each request, and what is made of them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.analysis.energy_use import energy_use
from pytest_llmlat.analysis.spending import cost_figures, spending
from pytest_llmlat.values.cell_facts import LoadFacts
from pytest_llmlat.values.energy import EnergyFacts
from tests.unit.builders import a_record, a_timing, an_error, some_facts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmlat.values.cell_facts import CellFacts
    from pytest_llmlat.values.records import Record
    from pytest_llmlat.values.results import Estimate

KNOWN = EnergyFacts(idle_w=10.0, idle_s=10.0)


def facts_with(energy: EnergyFacts | None, load: LoadFacts | None = None) -> CellFacts:
    """Return the facts of a cell that used so much."""
    return replace(some_facts(planned=8), energy=energy, load=load)


def answers(right: int, wrong: int, *, joules: float | None = 30.0) -> list[Record]:
    """Return answers of a second each, with the energy of each one's window."""
    return [
        replace(
            a_record(f"s{n}", value=float(n < right), timing=a_timing(1.0)),
            output_tokens=10,
            energy_j=joules,
            energy_s=None if joules is None else 1.0,
        )
        for n in range(right + wrong)
    ]


def told(facts: CellFacts, records: Sequence[Record]) -> dict[str, Estimate]:
    """Return the figures of one cell."""
    return dict(cost_figures([spending(facts, records)], row=False))


def a_load(window_s: float, ended: int) -> LoadFacts:
    """Return the facts of a load."""
    return LoadFacts(
        window_s=window_s,
        ended=ended,
        failed=0,
        before=2,
        after=2,
        in_flight=4,
        send_lag_p99_s=None,
        loop_lag_p99_s=None,
        cpu_share=None,
        client_limited=None,
    )


def test_a_right_answer_is_charged_with_wrong_ones() -> None:
    """Eight answers of 30 J, of which two are right: 120 J for each of these."""
    found = told(facts_with(KNOWN), answers(2, 6))

    assert found["joules"].value == pytest.approx(240)
    assert found["joules_per_answer"].value == pytest.approx(30)
    assert found["joules_per_token"].value == pytest.approx(3)
    assert found["joules_per_correct"].value == pytest.approx(120)
    assert found["net_joules_per_answer"].value == pytest.approx(20)
    assert found["net_joules_per_correct"].value == pytest.approx(80)


def test_an_interval_holds_its_own_value() -> None:
    """Made as that of money is."""
    found = told(facts_with(KNOWN), answers(2, 6))["joules_per_correct"]

    assert found.value is not None
    assert found.low is not None
    assert found.low < found.value < (found.high or 1e9)


def test_without_idle_power_nothing_is_net() -> None:
    """And without a counter, or before there were any, nothing is known."""
    found = told(facts_with(EnergyFacts()), answers(2, 6))

    assert found["joules_per_correct"].value == pytest.approx(120)
    assert found["net_joules_per_correct"].value is None
    for energy in (None, EnergyFacts(reason="no counter")):
        nothing = told(facts_with(energy), answers(2, 6, joules=None))
        assert {each.value for each in nothing.values()} == {None}


def test_what_is_below_idle_power_is_null_and_not_free() -> None:
    """No answer costs less than nothing."""
    found = told(facts_with(replace(KNOWN, idle_w=31.0)), answers(2, 6))

    assert found["net_joules_per_answer"].value is None
    assert found["net_joules_per_correct"].value is None


def test_one_answer_without_energy_leaves_the_cell_without() -> None:
    """A sum of the others would be too small."""
    records = answers(2, 6)
    records[3] = replace(records[3], energy_j=None)

    assert energy_use(facts_with(KNOWN), records) == {}


def test_a_counter_that_is_too_coarse_is_shared_from_first_to_last() -> None:
    """By output tokens; a failed request has none of it."""
    energy = replace(KNOWN, joules=400.0, seconds=20.0)
    records = [*answers(1, 1, joules=None), an_error()]
    records[0] = replace(records[0], output_tokens=30)
    found = energy_use(facts_with(energy), records)

    assert found["joules"] == pytest.approx([300, 100, 0])
    assert found["net_joules"] == pytest.approx([150, 50, 0])


def test_requests_under_a_load_share_its_energy_as_they_share_its_time() -> None:
    """Of 60 s at 100 W, 40 s are those of 20 answers, eight of which count."""
    energy = replace(KNOWN, joules=6_000.0, seconds=60.0)
    found = told(facts_with(energy, a_load(40.0, 20)), answers(4, 4, joules=None))

    assert found["joules"].value == pytest.approx(1_600)
    assert found["joules_per_answer"].value == pytest.approx(200)
    assert found["joules_per_correct"].value == pytest.approx(400)
    assert found["net_joules_per_answer"].value == pytest.approx(180)


def test_shares_are_equal_where_tokens_are_not_counted() -> None:
    """Nobody knows better."""
    energy = replace(KNOWN, joules=400.0, seconds=20.0)
    records = answers(1, 1, joules=None)
    records[0] = replace(records[0], output_tokens=None)

    assert energy_use(facts_with(energy), records)["joules"] == [200.0, 200.0]


def test_an_estimate_has_names_of_its_own() -> None:
    """Nothing that is called joules alone is ever made of it."""
    found = told(facts_with(EnergyFacts(tdp_w=65.0)), answers(2, 6, joules=None))

    assert found["joules_per_correct"].value is None
    assert found["net_joules_per_correct"].value is None
    assert found["co2_grams_per_correct"].value is None
    assert found["estimated_joules_per_answer"].value == pytest.approx(65)
    assert found["estimated_joules_per_correct"].value == pytest.approx(260)


def test_carbon_is_joules_times_the_grid() -> None:
    """3.6 MJ are a kilowatt-hour, and that 350 g."""
    energy = replace(KNOWN, grid_kg_per_kwh=0.35)
    found = told(facts_with(energy), answers(2, 6, joules=3.6e6))

    assert found["co2_grams_per_answer"].value == pytest.approx(350)
    assert found["co2_grams_per_correct"].value == pytest.approx(1400)
