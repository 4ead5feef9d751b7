"""References with a unit, and short answers that begin with "It's"."""

from __future__ import annotations

import pytest

from pytest_llmlat.grading.grade import grade
from pytest_llmlat.tasks.data.readable import readable
from tests.unit.builders import a_sample, a_task

TASK = a_task(extractor="answer")


@pytest.mark.parametrize(
    ("answer", "right"),
    [
        ("31", True),
        ("$31", True),
        ("Answer: 31 dollars", True),
        ("He gets back 31 dollars.", True),
        ("30 dollars", False),
        ("31.5 dollars", False),
    ],
)
def test_a_number_with_its_unit_wants_the_number(answer: str, *, right: bool) -> None:
    """Else a right answer without the word, or with a sign for it, would be wrong."""
    row = readable(TASK, a_sample(reference="31 dollars"), where="FILE:1")

    _, mark = grade(answer, TASK, row, None)

    assert mark.correct is right


@pytest.mark.parametrize(
    ("answer", "right"),
    [
        ("It's Canberra!", True),
        ("That\u2019s Canberra.", True),
        ("It's Sydney!", False),
        ("It's not Canberra.", False),
        ("It's Canberra or Sydney.", False),
    ],
)
def test_what_a_short_answer_opens_with_is_no_part_of_it(
    answer: str, *, right: bool
) -> None:
    """What is denied or left open stays so."""
    _, mark = grade(answer, TASK, a_sample(reference="Canberra"), None)

    assert mark.correct is right
