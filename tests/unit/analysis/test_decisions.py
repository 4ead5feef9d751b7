"""Which rows are compared, which is best, and what is said of those that are not."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.analysis.scoreboard import scoreboard, scoreboard_of
from pytest_llmlat.report.leaders import leader_lines
from pytest_llmlat.values.row_comparison import WhyApart, WhyUnranked
from tests.unit.builders import a_cell, a_record, a_timing, an_error, some_facts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmlat.values.cell_facts import CellFacts
    from pytest_llmlat.values.records import Record
    from pytest_llmlat.values.results import Scoreboard
    from pytest_llmlat.values.row_comparison import Comparison

    Measured = tuple[CellFacts, list[Record]]

SAMPLES = 16


def measured(
    model: str,
    seconds: float = 1.0,
    *,
    task: str = "reasoning/sums",
    scenario: str = "single",
    first: int = 0,
    rounds: int = 1,
    count: int = SAMPLES,
) -> Measured:
    """Return a cell of which three of four answers are right.

    Args:
        model: its name.
        seconds: that each answer takes, more or less.
        task: what was asked.
        scenario: how.
        first: which samples were asked: so many from this number on.
        rounds: how often each was asked.
        count: how many of the samples have answers.
    """
    cell = a_cell(model, task=task, scenario=scenario)
    records = [
        a_record(
            f"s{number:02}",
            cell=cell,
            value=float(number % 4 != 0),
            timing=a_timing(seconds / 2, seconds * (1 + number % 5 / 100)),
        )
        for _ in range(rounds)
        for number in range(first, first + count)
    ]
    return some_facts(cell, planned=SAMPLES * rounds), records


def board(*cells: Measured) -> Scoreboard:
    """Return the board of cells."""
    return scoreboard_of(cells, balance="geometric", seed=0)


def models(ids: Sequence[str]) -> list[str]:
    """Return the names of models in ids of rows."""
    return [id_.split("|")[0] for id_ in ids]


def apart(comparison: Comparison) -> dict[str, WhyApart]:
    """Return why each other model was not compared."""
    return {one.row.split("|")[0]: one.why for one in comparison.apart}


@pytest.mark.slow
def test_rows_of_another_draw_are_not_beaten() -> None:
    """A and B were asked some samples, C and D others: two comparisons, two best."""
    found = board(
        measured("a", 0.5),
        measured("b", 2.0),
        measured("c", 0.7, first=20),
        measured("d", 3.0, first=20),
    )

    first, second = found.comparisons
    assert (models(first.rows), models(first.better_than)) == (["a", "b"], ["b"])
    assert (models(second.rows), models(second.better_than)) == (["c", "d"], ["d"])
    assert apart(first) == {"c": WhyApart.SAMPLES, "d": WhyApart.SAMPLES}
    assert [line.split("; ", 1)[1] for line in leader_lines(found)] == [
        "better than b on cpu; not compared with c on cpu, d on cpu (other samples)",
        "better than d on cpu; not compared with a on cpu, b on cpu (other samples)",
    ]


def test_the_same_number_of_samples_is_not_the_same_samples() -> None:
    """They overlap in half, and are as many."""
    found = board(measured("a"), measured("b", first=8))

    assert [models(c.rows) for c in found.comparisons] == [["a"], ["b"]]
    assert found.contrasts == ()


def test_levels_of_a_sweep_were_asked_the_same_under_another_load() -> None:
    """That is why they are not compared, and not their samples."""
    found = board(
        *(measured("a", scenario=f"concurrent:{level}") for level in (1, 2, 4))
    )

    assert len(found.comparisons) == 3
    whys = {one.why for c in found.comparisons for one in c.apart}
    assert whys == {WhyApart.LOAD}
    assert all("other samples" not in line for line in leader_lines(found))
    assert all(c.best is None and c.front == c.rows for c in found.comparisons)


def test_a_row_of_more_families_is_not_compared_with_rows_of_one() -> None:
    """B and C were asked the same, and the better of them is the best of these two."""
    found = board(
        measured("a"),
        measured("a", task="sentiment/polarity"),
        measured("b", 0.2),
        measured("c", 2.0),
    )

    first, second = found.comparisons
    assert models(first.rows) == ["b", "c"]
    assert apart(first) == {"a": WhyApart.FAMILIES}
    assert (models(second.rows), second.best) == (["a"], None)


@pytest.mark.parametrize(
    ("other", "why"),
    [
        (measured("b", task="reasoning/logic"), WhyApart.TASKS),
        (measured("b", count=9), WhyApart.MISSING),
        (measured("b", rounds=2), WhyApart.REQUESTS),
        (measured("b", first=1), WhyApart.SAMPLES),
    ],
    ids=lambda value: value if isinstance(value, WhyApart) else "",
)
def test_the_reason_is_told(other: Measured, why: WhyApart) -> None:
    """What was not compared is told with what differs."""
    found = board(measured("a"), other)

    assert [apart(c) for c in found.comparisons] == [{"b": why}, {"a": why}]


def test_another_version_of_a_task_is_another_question() -> None:
    """Its samples have the same names, and may say something else."""
    facts, records = measured("b")
    found = board(measured("a"), (replace(facts, task_revision="f" * 16), records))

    assert apart(found.comparisons[0]) == {"b": WhyApart.VERSION}


def test_a_row_of_which_nothing_was_measured_is_in_no_comparison() -> None:
    """It neither covers other families nor is a rival."""
    facts = some_facts(a_cell("none"), planned=3, finished=False)
    found = board(measured("a"), measured("b", 2.0), (facts, []))

    assert models(found.unscored) == ["none"]
    (only,) = found.comparisons
    assert models(only.rows) == ["a", "b"]
    assert only.apart == ()


def test_places_fronts_and_integration_scores_are_of_one_comparison() -> None:
    """A row that beats everything elsewhere pushes nobody off a front."""
    found = board(
        measured("a", 1.0),
        measured("b", 2.0),
        measured("quick", 0.01, first=20),
    )

    rows = {row.model: row for row in found.standings}
    assert [row.model for row in found.standings] == ["quick", "a", "b"]
    assert (rows["a"].pareto, rows["b"].pareto) == (True, False)
    assert (rows["a"].ranks, rows["b"].ranks) == ((1, 1), (2, 2))
    assert rows["quick"].bis is None
    assert rows["a"].bis == pytest.approx(-(rows["b"].bis or 0.0))
    assert found.comparisons[0].places == (1, 2)


def test_equal_rows_share_a_place() -> None:
    """Nobody is second to an equal."""
    (only,) = board(measured("a"), measured("b"), measured("c", 2.0)).comparisons

    assert only.places == (1, 1, 3)
    assert set(models(only.front)) == {"a", "b"}


def test_a_family_has_a_front_of_its_own() -> None:
    """Who is off the front of all may be on that of one."""
    found = board(
        measured("a", 0.5),
        measured("a", 1.0, task="sentiment/polarity"),
        measured("b", 0.6),
        measured("b", 0.2, task="sentiment/polarity"),
    )

    (only,) = found.comparisons
    fronts = {(f.family, f.axis): models(f.rows) for f in only.fronts}
    assert fronts["reasoning", "e2e"] == fronts["reasoning", "speed"] == ["a"]
    assert fronts["sentiment", "e2e"] == fronts["sentiment", "speed"] == ["b"]
    assert len(fronts) == 6


def guessed(model: str, right: int, count: int = 24) -> Measured:
    """Return a cell of a task of two choices with so many right answers, in time."""
    cell = a_cell(model)
    records = [
        replace(
            a_record(f"s{number:02}", cell=cell, value=float(number < right)),
            chance=0.5,
            timing=a_timing(0.5),
        )
        for number in range(count)
    ]
    return some_facts(cell, planned=count), records


def test_who_guesses_is_right_in_time_and_has_no_balance() -> None:
    """11 of 24 are right and in time: that nothing was would not be true."""
    (only,) = board(guessed("a", 11), guessed("b", 0)).comparisons

    assert only.best is None
    assert [one.why for one in only.unranked] == [
        WhyUnranked.GUESSING,
        WhyUnranked.QUALITY,
    ]
    assert (only.right_in_time, only.judged) == (11, 48)
    assert (only.better_than, only.not_distinguishable) == ((), ())


def test_where_nothing_was_answered_there_is_no_balance() -> None:
    """And that is the reason, whatever quality is."""
    records = [an_error(f"s{n}", cell=a_cell(m)) for m in "ab" for n in range(3)]
    facts = [some_facts(a_cell(model), planned=3) for model in "ab"]
    found = scoreboard(facts, records, balance="geometric", seed=0)

    assert {one.why for one in found.comparisons[0].unranked} == {
        WhyUnranked.UNANSWERED
    }


def test_the_board_carries_which_mean_is_balanced() -> None:
    """It cannot be read off figures that agree."""
    for balance in ("geometric", "arithmetic", "harmonic"):
        found = scoreboard_of([measured("a")], balance=balance, seed=0)
        assert found.balance == balance
