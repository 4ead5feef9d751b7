"""How far scores of few items are off is told."""

from __future__ import annotations

import math

import numpy as np  # noqa: TID253 - it is imported by now
import pytest

from pytest_llmlat.analysis.cell_estimates import CellEstimates
from pytest_llmlat.analysis.few_items import score_bias
from pytest_llmlat.analysis.intervals import known, mean_figure
from pytest_llmlat.analysis.summary import summarise
from pytest_llmlat.report.score_lines import score_lines
from pytest_llmlat.values.results import Scoreboard
from tests.unit.builders import a_cell, a_record, some_facts


def estimates(right: int, items: int, chance: float = 0.0) -> CellEstimates:
    """Return a cell with so many right answers, each in its budget to the second."""
    marks = (np.arange(items) < right).astype(float)
    ones = np.ones(items)
    return CellEstimates(
        value=mean_figure(marks, ones),
        chance=known(chance, items),
        speed=mean_figure(ones / 2, ones),
        details=(),
        units=items,
    )


@pytest.mark.parametrize(("right", "items", "chance"), [(1, 15, 0.0), (10, 20, 0.5)])
def test_it_is_what_as_many_items_again_come_to(
    right: int, items: int, chance: float
) -> None:
    """Too low where few are right, too high near guessing: as a simulation has it."""
    source = np.random.default_rng(0)
    shares = source.binomial(items, right / items, 200_000) / items
    drawn = np.sqrt(0.5 * ((shares - chance) / (1 - chance)).clip(0, 1)).mean()
    own = math.sqrt(0.5 * max(0.0, (right / items - chance) / (1 - chance)))

    assert score_bias(estimates(right, items, chance), "geometric") == pytest.approx(
        drawn - own, abs=0.002
    )


@pytest.mark.parametrize("right", [0, 15])
def test_of_answers_that_are_all_alike_nothing_follows(right: int) -> None:
    """There is no telling how rare the other kind is."""
    assert score_bias(estimates(right, 15), "geometric") is None


def test_many_items_are_not_off() -> None:
    """Nor does it take long to say so."""
    assert score_bias(estimates(3_000, 10_000), "geometric") == 0.0


@pytest.mark.parametrize(("right", "told"), [(1, True), (9, False)])
def test_a_score_that_is_off_is_told_with_its_size(right: int, *, told: bool) -> None:
    """One of fifteen comes out a fifth too low on average, nine of them do not."""
    cell = a_cell()
    records = [
        a_record(f"s{n:02}", cell=cell, value=float(n < right)) for n in range(15)
    ]
    summary = summarise(some_facts(cell, planned=15), records, balance="geometric")

    lines = score_lines(Scoreboard(summaries=(summary,), standings=()))

    assert bool(lines) == told
    if told:
        assert "on average by about -0.0" in lines[0]
        assert "reasoning/sums, parrot on cpu, 15 samples" in lines[0]
