"""What is said of the contrary of what is asked answers nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmlat.grading.extractors import EXTRACTORS
from pytest_llmlat.grading.extractors.contraries import without_contraries
from pytest_llmlat.grading.extractors.topic import Topic
from pytest_llmlat.values.entities import Sample, Task

NAMES = ("Mara", "Nico", "Oona")
TASK = Task(
    name="reasoning/logic",
    family="reasoning",
    title="",
    source="",
    chat_prompt="",
    completion_prompt="",
    extractor="answer",
    metric="accuracy",
    max_new_tokens=64,
    budget_s=1.0,
)


def answered(question: str, text: str) -> str | None:
    """Return the name that is read as the answer to a question."""
    fields = (("question", question), ("options", list(NAMES)))
    sample = Sample(
        id="s1", difficulty=None, stratum="", fields=fields, reference=NAMES[0]
    )
    return EXTRACTORS["answer"](text, TASK, sample).value


@pytest.mark.parametrize(
    ("question", "text", "expected"),
    [
        ("Who is the heaviest?", "The lightest is Nico.", None),
        ("Who is the heaviest?", "The lightest is **Nico**.", None),
        ("Who is the heaviest?", "Nico is the second heaviest.", None),
        (
            "Who is the heaviest?",
            "Nico is the lightest and Mara is the heaviest.",
            "Mara",
        ),
        ("Who is the heaviest?", "Mara, because Nico is the lightest.", "Mara"),
        ("Who is the heaviest?", "As Nico is the lightest, it is Mara.", "Mara"),
        ("Who is the heaviest?", "Answer: Mara (the lightest is Oona)", "Mara"),
        ("Who is the second heaviest?", "The heaviest is Nico.", None),
        ("Who arrived first?", "Oona came second.", None),
        ("Who arrived first?", "Oona came in last.", None),
        ("Who arrived first?", "The last one is Mara, so Oona was the winner.", "Oona"),
        ("Who arrived first?", "Mara came first, Nico second, Oona third.", "Mara"),
        ("Who arrived first?", "Mara was first, followed by Oona and Nico.", "Mara"),
        ("Who arrived first?", "2nd: Oona\n1st: Mara\n3rd: Nico", "Mara"),
        ("Who arrived first?", "The second clue shows that it was Nico.", "Nico"),
        ("Who arrived first?", "Oona was first, then Mara, then Nico.", "Oona"),
        ("Who arrived first?", "Oona > Mara > Nico. Winner: Oona", "Oona"),
        (
            "They sit in a row. Who sits at the left end?",
            "Oona sits at the right end.",
            None,
        ),
        (
            "They sit in a row. Who sits at the left end?",
            "Oona is at the left end of the row, with Mara next to her.",
            "Oona",
        ),
        ("Who stands in the middle?", "Mara is, between Nico and Oona.", "Mara"),
        ("Who is in the middle?", "Nico > Mara > Oona. Mara is in the middle.", "Mara"),
        ("Who stands last in line?", "Oona is at the front of the line.", None),
        ("Who stands last in line?", "Nico is second to last.", None),
        ("Who stands last in line?", "Mara is first, Nico second, Oona last.", "Oona"),
        ("Who has the most stamps?", "Nico has the fewest stamps.", None),
        ("Whose car is the cheapest?", "The most expensive one is Oona's.", None),
        ("Who is older, Mara or Nico?", "Nico is younger.", None),
        ("Who is older, Mara or Nico?", "Mara is older.", "Mara"),
    ],
)
def test_the_contrary_of_what_is_asked_names_nobody(
    question: str, text: str, expected: str | None
) -> None:
    """A superlative or a place is answered by itself alone, and not by its contrary."""
    assert answered(question, text) == expected


def test_what_is_left_of_a_struck_line_does_not_stand_alone() -> None:
    """A cut answer whose other clauses were struck out has not stated a name."""
    fields = (("question", "Who is last?"), ("options", list(NAMES)))
    sample = Sample(
        id="s1", difficulty=None, stratum="", fields=fields, reference="Oona"
    )
    found = EXTRACTORS["answer"]("Mara is first, and Oona", TASK, sample)

    assert not found.explicit


@given(
    text=st.text(alphabet="ab .,;:\n")
    | st.lists(
        st.sampled_from(
            ["the oldest", "is", "youngest", ", and", "Mara", ".", "first", "second"]
        )
    ).map(" ".join)
)
def test_struck_text_keeps_its_length_and_lines(text: str) -> None:
    """Places found in the struck text are places of the text."""
    struck = without_contraries(text, Topic.of("Who is the oldest?", NAMES).poles)

    assert len(struck) == len(text)
    assert [len(line) for line in struck.split("\n")] == [
        len(line) for line in text.split("\n")
    ]
    if "youngest" not in text and "second" not in text:
        assert struck == text


@pytest.mark.parametrize(
    "statement", ["The final answer is Mara.", "The final answer is: $\\boxed{Mara}$"]
)
def test_what_states_the_answer_is_no_contrary(statement: str) -> None:
    """Asked who is first, "final" is no place in the order."""
    question = "Mara came before Nico and Oona. Who came first?"

    assert answered(question, f"Nico is named.\n\n{statement}") == "Mara"
