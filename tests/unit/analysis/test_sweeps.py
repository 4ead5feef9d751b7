"""Over which weights and which budgets an order holds."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.analysis.scoreboard import scoreboard_of
from tests.unit.builders import a_cell, a_record, a_timing, some_facts

if TYPE_CHECKING:
    from pytest_llmlat.values.balance import Balance
    from pytest_llmlat.values.row_comparison import Comparison

ITEMS = 40


def compared(
    *rows: tuple[str, float, float],
    budget_s: float = 1.0,
    balance: Balance = "geometric",
) -> Comparison:
    """Return the comparison of (model, share right, seconds) of as many items."""
    cells = []
    for model, right, seconds in rows:
        cell = a_cell(model)
        records = [
            replace(
                a_record(
                    f"s{number:03}",
                    cell=cell,
                    value=float(number < right * ITEMS),
                    timing=a_timing(seconds),
                ),
                budget_s=budget_s,
            )
            for number in range(ITEMS)
        ]
        cells.append((some_facts(cell, planned=ITEMS), records))
    (found,) = scoreboard_of(cells, balance=balance, seed=0).comparisons
    return found


def test_the_budget_decides_where_speed_makes_up_for_quality() -> None:
    """Of 0.9 in 2 s and 0.5 in 0.5 s the first wins from a budget on that is solved."""
    found = compared(("good", 0.9, 2.0), ("quick", 0.5, 0.5))
    # 0.9 b / (b + 2) = 0.5 b / (b + 0.5)
    even = (0.5 * 2 - 0.9 * 0.5) / (0.9 - 0.5)

    (sweep,) = (each for each in found.sweeps if each.of == "budget")
    assert (sweep.low, sweep.high, sweep.decides) == (0.25, 4.0, True)
    assert sweep.holds_from / 2**0.25 <= even <= sweep.holds_to * 2**0.25
    if found.rows[0].startswith("quick"):
        assert sweep.holds_to <= even <= sweep.holds_to * 2**0.25
        assert sweep.holds_from == 0.25
    else:
        assert sweep.holds_from / 2**0.25 <= even <= sweep.holds_from
        assert sweep.holds_to == 4.0


@pytest.mark.parametrize("budget_s", [0.01, 1.0, 100.0])
def test_proportional_order_does_not_depend_on_the_budget(budget_s: float) -> None:
    """Of times that do not vary: 0.9 in 2 s is less for its time than 0.5 in 1 s."""
    rows = (("good", 0.9, 2.0), ("quick", 0.5, 1.0))
    found = compared(*rows, budget_s=budget_s, balance="proportional")

    assert found.rows[0].startswith("quick")
    (sweep,) = (each for each in found.sweeps if each.of == "budget")
    assert not sweep.decides


@pytest.mark.parametrize(
    ("budget_s", "balance", "told"),
    [
        (1.0, "geometric", None),
        (100.0, "geometric", 2 / 102),
        (100.0, "proportional", None),
    ],
)
def test_a_weight_of_time_that_is_little_is_told(
    budget_s: float, balance: Balance, told: float | None
) -> None:
    """Twice the time of an answer in a fiftieth of its budget costs one per cent."""
    rows = (("good", 0.9, 2.0), ("quick", 0.5, 1.0))
    found = compared(*rows, budget_s=budget_s, balance=balance)

    assert found.time_hardly_counts == (None if told is None else pytest.approx(told))


def test_one_row_has_no_order() -> None:
    """There is nothing that could change places."""
    assert compared(("good", 0.9, 2.0)).sweeps == ()
