"""Who is above guessing for certain, and what those are told who are not."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.analysis.scoreboard import scoreboard_of
from pytest_llmlat.report.terminal import scoreboard_lines
from pytest_llmlat.values.row_comparison import WhyUnranked
from tests.unit.builders import a_cell, a_record, a_timing, some_facts

if TYPE_CHECKING:
    from pytest_llmlat.values.cell_facts import CellFacts
    from pytest_llmlat.values.records import Record
    from pytest_llmlat.values.results import Scoreboard

    Measured = tuple[CellFacts, list[Record]]

ITEMS = 40


def measured(
    model: str,
    right: float,
    seconds: float = 1.0,
    *,
    chance: float = 0.5,
    task: str = "sentiment/tickets",
    items: int = ITEMS,
) -> Measured:
    """Return a cell of which such a share is right, spread evenly over its items."""
    cell = a_cell(model, task=task)
    records = [
        replace(
            a_record(
                f"s{number:03}",
                cell=cell,
                value=float(int((number + 1) * right) > int(number * right)),
                timing=a_timing(seconds * (1 + number % 7 / 100)),
            ),
            chance=chance,
        )
        for number in range(items)
    ]
    return some_facts(cell, planned=items), records


def board(*cells: Measured) -> Scoreboard:
    """Return the board of cells."""
    return scoreboard_of(cells, balance="geometric", seed=0)


@pytest.mark.slow
def test_among_guessers_there_is_no_front_and_no_rank() -> None:
    """A base model, its adapter and the merged one guess, and a broken one is fast."""
    found = board(
        measured("base", 0.5, 1.0),
        measured("lora", 0.5, 1.2),
        measured("merged", 0.5, 1.05),
        measured("broken", 0.15, 0.5),
    )

    (only,) = found.comparisons
    assert (only.best, only.ranked, only.places) == (None, (), (None,) * 4)
    assert all(front.rows == () for front in only.fronts)
    assert {one.why for one in only.unranked} == {WhyUnranked.GUESSING}
    for row in found.standings:
        assert (row.pareto, row.ranks, row.bis) == (None, None, None)
    lines = "\n".join(scoreboard_lines(found))
    assert "Pareto" not in lines
    assert "the ranking" not in lines
    assert " *" not in lines
    assert "no row is ranked: the quality is not above guessing for certain" in lines


def test_quality_of_a_row_is_the_metric_with_chance_beside_it() -> None:
    """0.75 of two choices is 0.75, and the score is made of 0.5."""
    (row,) = board(measured("owl", 0.75)).standings

    assert row.quality.value == pytest.approx(0.75)
    assert row.chance == 0.5
    assert row.normalized.value == pytest.approx(0.5)


@pytest.mark.slow
def test_who_guesses_is_beside_the_front_of_those_that_do_not() -> None:
    """The fastest of all has no place; the slower two have the first and the second."""
    found = board(
        measured("good", 0.9, 1.0),
        measured("quick", 0.8, 0.2),
        measured("guess", 0.55, 0.01),
    )

    (only,) = found.comparisons
    names = [id_.split("|")[0] for id_ in only.rows]
    assert names == ["quick", "good", "guess"]
    assert only.places == (1, 2, None)
    assert {id_.split("|")[0] for id_ in only.front} == {"quick", "good"}
    assert [c.other.split("|")[0] for c in found.contrasts] == ["good"]
    assert (
        "not ranked, for not above guessing: guess on cpu"
        in (scoreboard_lines(found)[-1])
    )


def test_luck_comes_after_skill_in_the_table() -> None:
    """A guesser that was lucky may have the larger score, and is told below."""
    slow = measured("able", 0.8, 9.0)
    lucky = measured("lucky", 0.55, 0.01)

    able, guesser = board(lucky, slow).standings

    assert (able.model, guesser.model) == ("able", "lucky")
    assert (guesser.balanced.value or 0.0) > (able.balanced.value or 1.0)


def test_one_right_answer_is_proof_where_guessing_earns_nothing() -> None:
    """Its interval begins at 0, and no guess passes a test."""
    (row,) = board(measured("owl", 0.025, chance=0.0)).standings

    assert row.quality.low == 0
    assert row.above_guessing is True


@pytest.mark.parametrize(("right", "above"), [(0.6, False), (0.95, True)])
def test_one_good_family_is_enough(right: float, *, above: bool) -> None:
    """Format errors in one family pull the mean to chance; the other counts alone."""
    (row,) = board(
        measured("owl", right, task="reasoning/truth"),
        measured("owl", 0.0, task="sentiment/tickets"),
    ).standings

    assert row.above_guessing is above


def test_what_is_not_known_is_not_above_guessing() -> None:
    """One answer of two options, right as it is, may have been a guess."""
    (row,) = board(measured("owl", 1.0, items=1)).standings

    assert row.above_guessing is False
