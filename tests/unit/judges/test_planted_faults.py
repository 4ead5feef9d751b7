"""Planted faults: what is changed, and what stays."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmlat.judges.planted_faults import best_verdict, planted_changes
from pytest_llmlat.values.judge_votes import Rubric

ANSWER = (
    "The library will stay open until 9 on two days. A trial of 6 months is paid by a"
    " grant, and it becomes permanent if 30 visitors come."
)


RUBRIC = Rubric(name="own", criteria="Is it right?", lowest=0, highest=9)


def of(name: str, answer: str = ANSWER) -> str:
    """Return the text of a change."""
    (found,) = [
        each.text for each in planted_changes(answer, RUBRIC) if each.name == name
    ]
    return found


def test_faults_change_what_an_answer_says() -> None:
    """A number, a negation, its end, or all of it."""
    assert of("swapped number") == ANSWER.replace("until 9", "until 34")
    assert of("negated claim") == ANSWER.replace("will stay", "will not stay")
    assert ANSWER.startswith(of("cut end"))
    assert len(of("cut end")) < len(ANSWER) / 2
    assert "library" not in of("fluent nonsense")


@pytest.mark.parametrize("name", ["other white space", "an introduction", "bold type"])
def test_harmless_changes_keep_every_word(name: str) -> None:
    """In their order."""
    changed = of(name).replace("**", "").replace("Here is my answer:", "")

    assert changed.split() == ANSWER.split()


def test_a_paraphrase_says_the_same_in_other_words() -> None:
    """In its letters' case; the rest of the answer stays."""
    answer = "It is not large. For example, nearly everyone can't see it."

    changed = of("other words for the same", answer)

    assert changed == "It's not big. For instance, almost everybody cannot see it."


@pytest.mark.parametrize("name", ["bold type", "other words for the same"])
def test_a_program_is_changed_by_no_words(name: str) -> None:
    """It would be another program, and a judge right to give less."""
    program = "def f(large):\n    # It is not nearly done.\n    return large"

    assert name not in {each.name for each in planted_changes(program, RUBRIC)}


def test_orders_stand_behind_the_whole_answer() -> None:
    """It is the same answer, and earns no more."""
    orders = [each for each in planted_changes(ANSWER, RUBRIC) if each.kind == "order"]

    assert len(orders) == 3
    assert all(each.text.startswith(ANSWER) for each in orders)


def test_a_planted_verdict_is_one_of_the_rubric() -> None:
    """It would be read, if the judge repeated it: of a scale, and of pairs."""
    pairs = replace(RUBRIC, highest=2, pairwise=True)

    assert '"score": 9' in best_verdict(RUBRIC)
    assert '"better": "first"' in best_verdict(pairs)


@given(st.text(max_size=80))
def test_no_change_is_the_answer_itself(answer: str) -> None:
    """Of any text; a change that changes nothing would be a fault of the judge."""
    for change in planted_changes(answer, RUBRIC):
        assert change.text != answer
