"""Rows are compared by quality and by time alone, as pairs of the same samples."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np  # noqa: TID253 - draws are arrays
import pytest

from pytest_llmlat.analysis.scoreboard import scoreboard_of
from pytest_llmlat.report.terminal import scoreboard_lines
from pytest_llmlat.values.row_comparison import WhyBetter
from tests.unit.builders import a_cell, a_record, a_timing, an_error, some_facts

if TYPE_CHECKING:
    from pytest_llmlat.values.cell_facts import CellFacts
    from pytest_llmlat.values.records import Record
    from pytest_llmlat.values.results import Contrast, Scoreboard

    Measured = tuple[CellFacts, list[Record]]


def measured(
    model: str,
    *,
    factor: float = 1.0,
    luck: int = 0,
    right: float = 0.6,
    items: int = 60,
    failed: int = 0,
) -> Measured:
    """Return a cell whose times are those of its items, so many times as long.

    Args:
        model: its name.
        factor: of all times; an item takes about a tenth of the budget.
        luck: seed of which items are right; the same for the same answers.
        right: the share of items that are.
        items: how many there are.
        failed: so many of them were no answer.
    """
    cell = a_cell(model)
    times = 0.1 * np.exp(np.random.default_rng(99).normal(0, 0.6, items))
    own = np.exp(np.random.default_rng([luck, 5]).normal(0, 0.1, items))
    marks = np.random.default_rng([luck, 6]).random(items) < right
    records = [
        a_record(
            f"s{n:03}",
            cell=cell,
            value=float(marks[n]),
            timing=a_timing(times[n] * own[n] * factor),
        )
        for n in range(items)
    ]
    for n in range(failed):
        records[n] = replace(an_error(f"s{n:03}", cell=cell), budget_s=1.0)
    return some_facts(cell, planned=items), records


def board(*cells: Measured) -> Scoreboard:
    """Return the board of cells."""
    return scoreboard_of(cells, balance="geometric", seed=0)


def contrast(*cells: Measured) -> Contrast:
    """Return the first contrast of cells."""
    return board(*cells).contrasts[0]


@pytest.mark.slow
def test_half_as_long_again_is_faster_where_the_score_says_nothing() -> None:
    """Who is right on other items has another score by luck; times are paired."""
    found = contrast(
        measured("quick", right=0.62), measured("slow", factor=1.5, luck=1)
    )

    assert WhyBetter.BALANCE not in found.why
    assert {found.row.split("|")[0], found.pace} in (
        {"quick", "faster"},
        {"slow", "slower"},
    )
    told = found.longer if found.pace == "faster" else None
    if told is not None:
        assert told.value == pytest.approx(0.5, abs=0.1)


@pytest.mark.slow
def test_the_same_answers_in_more_time_are_worse_by_the_half() -> None:
    """None of 200 answers differs: faster, and as good within the margin."""
    quick, slow = measured("quick", items=200), measured("slow", factor=1.3, items=200)
    found = contrast(quick, slow)

    assert found.row.startswith("quick")
    assert found.why[0] == WhyBetter.FASTER
    assert found.certain
    assert found.longer.value == pytest.approx(0.3, abs=1e-6)
    assert (found.quality.value, found.answers) == (0.0, None)
    assert found.quality.low is not None
    assert -0.05 <= found.quality.low < 0
    assert "quick on cpu is better: faster and as good (within 0.05)" in "\n".join(
        scoreboard_lines(board(quick, slow))
    )


def test_of_few_answers_nobody_knows_that_they_are_as_good() -> None:
    """That 12 do not differ leaves room for more than the margin; faster it is."""
    quick, slow = measured("quick", items=12), measured("slow", factor=3, items=12)
    found = contrast(quick, slow)

    assert WhyBetter.FASTER not in found.why
    assert found.pace == "faster"
    assert found.quality.low is not None
    assert found.quality.low < -0.05


@pytest.mark.slow
def test_better_answers_in_the_same_time_are_better_by_the_half() -> None:
    """Of 200 items 0.9 and 0.5."""
    found = contrast(
        measured("good", right=0.9, items=200), measured("poor", right=0.5, items=200)
    )

    assert WhyBetter.ANSWERS in found.why
    assert found.answers == "better"
    assert found.quality.value is not None
    assert found.quality.value > 0.3


@pytest.mark.slow
def test_what_one_minute_differs_from_the_next_is_not_faster() -> None:
    """Four per cent of all times, however sure."""
    found = contrast(measured("a", items=200), measured("b", factor=1.04, items=200))

    assert (found.certain, found.pace) == (False, None)


def test_of_a_failure_there_is_no_time_to_compare() -> None:
    """Who fails on what is slow would be the faster one."""
    found = contrast(measured("a"), measured("b", factor=3, failed=1))

    assert found.longer.value is None
    assert found.pace is None


def test_a_half_that_is_certain_is_told_without_calling_it_better() -> None:
    """In the sentence, and with figures in a line of its own."""
    whole = board(
        measured("quick", right=0.65), measured("slow", factor=1.6, luck=2, right=0.6)
    )
    lines = scoreboard_lines(whole)

    (only,) = whole.comparisons
    (half,) = only.halves
    assert (only.better_than, only.not_distinguishable) == ((), ())
    assert half.pace in ("faster", "slower")
    assert f"; {half.pace} than " in lines[-1]
    assert any(line.startswith("beside ") and " time +" in line for line in lines) == (
        half.pace == "faster"
    )


def test_a_name_may_be_half_a_letter() -> None:
    """Names come from file systems, where half of a surrogate pair is possible."""
    found = contrast(measured("quick\ud83d"), measured("slow", factor=2))

    assert found.quality.low is not None
