"""Which clause of a sentence answers, and what makes a number no count."""

from __future__ import annotations

import pytest

from pytest_llmlat.grading.grade import grade
from tests.unit.builders import a_sample, a_task

SWIM = "Can camels swim?"
TAKEN = "A hall has 40 seats. 30% of them are taken. How many seats are not taken?"


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("Camels have long legs, but camels cannot swim.", "false"),
        ("Although camels are heavy, they can swim.", "true"),
        ("While camels are large, they are not able to swim.", "false"),
        ("They cannot.", "false"),
        ("They can.", "true"),
        ("Camels have humps.", None),
        ("It is wrong that camels can't swim.", None),
        ("It's a myth that camels can swim.", "false"),
    ],
)
def test_the_clause_that_gives_the_question_back_answers_it(
    answer: str, expected: str | None
) -> None:
    """What is said before it, or granted, does not turn it round."""
    row = a_sample(reference="true", question=SWIM)

    found, _ = grade(answer, a_task(extractor="boolean"), row, None)

    assert found.value == expected


@pytest.mark.parametrize(
    ("answer", "right"),
    [
        ("The seats that are not taken are 28.", True),
        ("The number of seats which nobody has not yet taken is 28.", True),
        ("28% of them are not taken.", False),
        ("28% of these are free.", False),
        ("The free seats are rarer than 28.", False),
        ("It's not 28.", False),
    ],
)
def test_a_share_and_a_bound_are_no_count(answer: str, *, right: bool) -> None:
    """A negation that asks for the rest is none of its number."""
    row = a_sample(reference="28", question=TAKEN)

    _, mark = grade(answer, a_task(), row, None)

    assert mark.correct is right


@pytest.mark.parametrize(
    "answer",
    [
        "Composer: Clara Senn",
        "It was written by the Swiss composer Clara Senn.",
        "It was written by Clara Senn.",
    ],
)
def test_a_name_is_read_without_what_is_told_before_it(answer: str) -> None:
    """A key of a line, or a nationality and a trade, are no part of it."""
    row = a_sample(reference="Clara Senn", question="Who wrote the opera 'Ava'?")

    _, mark = grade(answer, a_task(extractor="answer"), row, None)

    assert mark.correct


def test_a_title_with_a_colon_stays_whole() -> None:
    """What stands before the colon may belong to it."""
    row = a_sample(reference="Dune: Part Two", question="Which film won?")

    _, mark = grade("Dune: Part Two", a_task(extractor="answer"), row, None)

    assert mark.correct
