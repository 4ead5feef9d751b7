"""What a load does to answers, beside the same samples alone."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.analysis.answers_alone import cell_answers, load_answers
from pytest_llmlat.report.load_answer_lines import load_answer_lines
from pytest_llmlat.values.cell_facts import LoadFacts
from pytest_llmlat.values.load_goal import parse_goal
from pytest_llmlat.values.results import Scoreboard
from tests.unit.builders import a_cell, a_record, some_facts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmlat.analysis.answers_alone import CellAnswers
    from pytest_llmlat.values.records import Record

LOAD = LoadFacts(
    window_s=1.0,
    ended=1,
    failed=0,
    before=1,
    after=0,
    in_flight=2,
    send_lag_p99_s=None,
    loop_lag_p99_s=None,
    cpu_share=None,
    client_limited=None,
)


def told(
    scenario: str, answers: Sequence[tuple[str, str | None, float]], **changes: object
) -> tuple[list[Record], CellAnswers | None]:
    """Return records of (sample, answer, quality), and what is kept of them."""
    cell = a_cell(scenario=scenario)
    records = [
        replace(a_record(name, cell=cell, value=value), answer=text, round=number)
        for number, (name, text, value) in enumerate(answers)
    ]
    records = [replace(each, **changes) for each in records]  # type: ignore[arg-type] # a test's own
    facts = some_facts(cell, planned=len(records))
    facts = facts if scenario == "single" else replace(facts, load=LOAD)
    return records, cell_answers(facts, records)


ALONE = [("a", "4", 1.0), ("b", "5", 1.0), ("a", "4", 1.0), ("b", "five", 1.0)]
LOADED = [("a", "4", 1.0), ("b", "6", 0.0), ("c", "7", 1.0)]


def test_answers_under_a_load_are_held_against_the_first_alone() -> None:
    """Only samples that both have; beside it, what changes without any load."""
    (found,) = load_answers(
        [told("single", ALONE)[1], None, told("concurrent:2", LOADED)[1]]
    )

    assert found.cell == a_cell(scenario="concurrent:2").id
    assert (found.changed, found.compared) == (1, 2)
    assert (found.changed_alone, found.compared_alone) == (1, 2)
    assert found.quality_alone == 1.0
    assert found.change.value == -0.5
    assert found.change.low is not None
    assert found.change.high is not None
    assert found.change.low < -0.5 < found.change.high


def test_a_load_without_the_same_alone_is_told_nothing_of() -> None:
    """Another model or task is no answer alone."""
    other = told("single", ALONE)[1]
    assert other is not None
    elsewhere = replace(other, cell=a_cell("owl"))

    assert load_answers([elsewhere, told("concurrent:2", LOADED)[1]]) == ()


def test_drawn_answers_are_compared_in_quality_alone() -> None:
    """They differ by drawing, and the number of these says nothing of a load."""
    sides = [
        told(s, a, temperature=0.7)[1]
        for s, a in (("single", ALONE), ("server:2", LOADED))
    ]

    (found,) = load_answers(sides)

    assert found.compared == found.compared_alone == 0
    assert found.change.value == -0.5


def test_equal_answers_prove_no_equality() -> None:
    """The interval of ten equal qualities is no point."""
    same = [(f"s{n}", "4", 1.0) for n in range(10)]

    (found,) = load_answers([told("single", same)[1], told("concurrent:2", same)[1]])

    assert (found.changed, found.change.value) == (0, 0.0)
    assert found.change.low is not None
    assert found.change.low < -0.05


@pytest.mark.parametrize("text", [None, "\ud800 half a character"])
def test_any_text_can_be_compared(text: str | None) -> None:
    """A failed request has none, and is no other answer."""
    own = [("a", text, 0.0)]

    (found,) = load_answers([told("single", own)[1], told("concurrent:2", own)[1]])

    assert found.changed == 0
    assert found.compared == (text is not None)


def test_a_search_compares_its_own_answers() -> None:
    """Its table says it already."""
    records, _ = told("concurrent:2", LOADED)
    goal = parse_goal("", requests=None, where="")
    facts = replace(some_facts(records[0].cell), load=LOAD, searched=goal)

    assert cell_answers(facts, records) is None


def test_it_is_told_in_one_sentence() -> None:
    """How many differ, how many do without a load, and what that does to quality."""
    found = load_answers([told("single", ALONE)[1], told("concurrent:2", LOADED)[1]])
    board = Scoreboard(summaries=(), standings=(), load_answers=found)

    (line,) = load_answer_lines(board)

    assert line.startswith(
        "answers under a load: reasoning/sums|parrot|cpu|concurrent:2: 1 of 2 are other"
        " than alone (asked alone again: 1 of 2); quality -0.5"
    )
    assert line.endswith("beside alone")
