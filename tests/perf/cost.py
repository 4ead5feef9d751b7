"""How often the interval of what a right answer costs holds the truth; run by hand.

    python -m tests.perf.cost [SIMULATIONS]      # by accuracy and size, in per cent

Log-normal times are paid by the hour; wrong answers take as long, or twice as long.
Where nothing is right the figure is infinite, and its low end has to hold.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np  # noqa: TID253 - a script

from pytest_llmlat.analysis.spending import cost_figures, spending
from pytest_llmlat.values.price import Price
from tests.unit.builders import a_record, a_timing, some_facts

if TYPE_CHECKING:
    from pytest_llmlat.values.cell_facts import CellFacts

SIZES = (8, 15, 24, 40, 100)
ACCURACIES = (0.07, 0.3, 0.6, 0.93)
SPREAD = 0.6
PRICE = Price(currency="USD", source="entry", per_hour="3600")


def main(simulations: int) -> None:
    """Print a table for each kind of wrong answers."""
    facts = replace(some_facts(), price=PRICE)
    for slower in (1.0, 2.0):
        print(f"wrong answers take {slower:g} times as long")
        for accuracy in ACCURACIES:
            held = [_held(facts, accuracy, size, slower, simulations) for size in SIZES]
            print(f"  {accuracy:4}", *(f"{100 * each:6.1f}" for each in held))


def _held(
    facts: CellFacts, accuracy: float, size: int, slower: float, simulations: int
) -> float:
    draw = np.random.default_rng(7)
    mean = np.exp(SPREAD**2 / 2)
    truth = mean * (accuracy + (1 - accuracy) * slower) / accuracy
    inside = 0
    for _ in range(simulations):
        right = draw.random(size) < accuracy
        times = np.exp(SPREAD * draw.standard_normal(size))
        times = np.where(right, times, times * slower)
        records = [
            a_record(f"s{n}", value=float(r), timing=a_timing(float(t)))
            for n, (r, t) in enumerate(zip(right, times, strict=True))
        ]
        found = dict(cost_figures([spending(facts, records)], row=False))
        each = found["cost_per_correct"]
        low, high = each.low or 0.0, np.inf if each.high is None else each.high
        inside += low <= truth <= high
    return inside / simulations


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 400)
