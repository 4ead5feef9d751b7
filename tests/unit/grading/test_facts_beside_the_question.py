"""What is said of an option, a rate or a denial is told apart from the answer."""

from __future__ import annotations

import pytest

from pytest_llmlat.grading.grade import grade
from tests.unit.builders import a_sample, a_task

RIVERS = {"A": "Lagos", "B": "Abuja", "C": "Kano"}
CAPITAL = "Which city is the capital of Nigeria?"


@pytest.mark.parametrize(
    ("answer", "right"),
    [
        ("Abuja lies on a plateau.", False),
        ("Abuja has wide streets and many trees.", False),
        ("Abuja became big. Lagos is the capital.", False),
        ("Abuja is the capital.", True),
        ("Abuja is Nigeria's seat of government.", True),
        ("Abuja is the one.", True),
        ("It's Abuja.", True),
        ("I would pick Abuja.", True),
        ("City: Abuja", True),
        ("Lagos is a port. That leaves Abuja.", True),
    ],
)
def test_a_fact_about_an_option_does_not_choose_it(answer: str, *, right: bool) -> None:
    """It shares no word with the question and identifies nobody."""
    row = a_sample(reference="B", question=CAPITAL, options=RIVERS)

    _, mark = grade(answer, a_task(extractor="choice"), row, None)

    assert mark.correct is right


@pytest.mark.parametrize(
    ("answer", "right"),
    [
        ("Ola owns a bicycle.", False),
        ("Ola swims fastest of the three.", True),
        ("Ola was the quickest.", True),
        ("Winner: Ola", True),
    ],
)
def test_a_fact_about_a_person_does_not_name_them(answer: str, *, right: bool) -> None:
    """Names that a row offers are read as options are."""
    row = a_sample(
        reference="Ola",
        question="Ola, Per and Siv swim. Who swims fastest?",
        options=["Ola", "Per", "Siv"],
    )

    _, mark = grade(answer, a_task(extractor="answer"), row, None)

    assert mark.correct is right


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("57 = 3 * 19, so it is not prime.", "false"),
        ("Although it looks like one, 57 is not prime.", "false"),
        ("It has a divisor, 3. Therefore, 57 isn't a prime number.", "false"),
        ("It's not true that 57 isn't prime.", None),
        ("It is false that 57 isn't prime.", None),
        ("If 57 were odd, 57 would be prime.", None),
    ],
)
def test_a_yes_or_no_may_come_at_the_end_of_a_sentence(
    answer: str, expected: str | None
) -> None:
    """Of two negations it is not guessed which way round they are meant."""
    row = a_sample(reference="false", question="Is 57 a prime number?")

    found, _ = grade(answer, a_task(extractor="boolean"), row, None)

    assert found.value == expected


@pytest.mark.parametrize(
    ("answer", "right"),
    [
        ("She earns 96 euros per basket.", False),
        ("She earns 96 dollars.", True),
        ("96 dollars. That's 8 baskets at 12 dollars each.", True),
        ("8 baskets. That's 96 dollars.", True),
        ("She makes 96 USD with all 8 baskets.", True),
        ("So she takes in $96 altogether, which is $4 per hour.", True),
    ],
)
def test_an_amount_is_told_apart_from_a_rate_and_from_what_explains_it(
    answer: str, *, right: bool
) -> None:
    """Asked for a whole, an amount for each of something else is another one."""
    row = a_sample(
        reference="96",
        question="Rosa has 8 baskets at $12. How much does she earn?",
    )

    _, mark = grade(answer, a_task(), row, None)

    assert mark.correct is right


def test_a_rate_that_is_asked_for_is_the_answer() -> None:
    """However it is asked."""
    for asked in ("How much is that per basket?", "At what price does one sell?"):
        row = a_sample(reference="12", question=asked)

        _, mark = grade("She gets 12 dollars per basket.", a_task(), row, None)

        assert mark.correct
