"""A score that gains because wrong answers come at once is told."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.analysis.scoreboard import scoreboard
from pytest_llmlat.report.terminal import scoreboard_lines
from tests.unit.builders import a_cell, a_record, a_timing, some_facts

if TYPE_CHECKING:
    from pytest_llmlat.values.results import Scoreboard

ITEMS = 40


def board(*, right_s: float, wrong_s: float, right: int = ITEMS // 2) -> Scoreboard:
    """Return the board of a model that takes so long where it is right, or wrong."""
    cell = a_cell()
    records = [
        replace(
            a_record(
                f"s{number:02}",
                cell=cell,
                value=float(number < right),
                timing=a_timing(
                    (right_s if number < right else wrong_s) + number / 1e4
                ),
            ),
            budget_s=1.0,
        )
        for number in range(ITEMS)
    ]
    return scoreboard(
        [some_facts(cell, planned=ITEMS)], records, balance="geometric", seed=0
    )


def told(found: Scoreboard) -> list[str]:
    """Return what the terminal says of giving up."""
    return [line for line in scoreboard_lines(found) if "giving up" in line]


def test_who_gives_up_at_once_gains_and_it_is_told() -> None:
    """0.500 becomes 0.612; right in time and timely quality are what they were."""
    patient, hasty = (board(right_s=1.0, wrong_s=s) for s in (1.0, 1e-9))

    (was,), (now,) = patient.summaries, hasty.summaries
    assert was.balanced.value == pytest.approx(0.5, abs=2e-3)
    assert now.balanced.value == pytest.approx(0.612, abs=2e-3)
    assert now.patient == pytest.approx(0.5, abs=2e-3)
    assert dict(now.averages) == dict(was.averages)
    (line,) = told(hasty)
    assert "had they taken as long, 0.612 would be 0.500" in line
    assert "right in time 0." in line
    assert (was.patient, told(patient)) == (None, [])


def test_wrong_answers_that_take_longer_gain_nothing() -> None:
    """Thoughts that end nowhere cost, and are no trick."""
    found = board(right_s=0.5, wrong_s=4.0)

    assert found.summaries[0].patient is None
    assert told(found) == []


@pytest.mark.parametrize(("right", "wrong_s"), [(3, 1e-9), (38, 1e-9), (20, 0.93)])
def test_what_is_rare_or_little_is_not_told(right: int, wrong_s: float) -> None:
    """Of three right answers nothing is certain, and a hundredth is no gain."""
    assert told(board(right_s=1.0, wrong_s=wrong_s, right=right)) == []
