"""Answers read as the usual harness reads them, right or wrong."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmlat.grading.extractors import EXTRACTORS
from pytest_llmlat.grading.grade import grade
from pytest_llmlat.tasks.chance import chances
from tests.unit.builders import a_sample, a_task

PIECES = st.sampled_from(
    [
        "#### ",
        "12",
        "-",
        "$",
        ",",
        ".",
        "\n",
        " ",
        "the answer is ",
        "True",
        "x",
        "####",
    ]
)
# No tags of thoughts, which are taken out before anything is read.
CHARACTERS = st.characters(exclude_characters="<[|")
ANSWERS = st.one_of(
    st.lists(PIECES, max_size=20).map("".join), st.text(CHARACTERS, max_size=40)
)


def read(extractor: str, answer: str, **fields: object) -> str | None:
    """Return what an extractor finds."""
    task = a_task(extractor=extractor, metric="exact_match")
    return EXTRACTORS[extractor](answer, task, a_sample("s1", "4", **fields)).value


def right(extractor: str, answer: str, reference: str) -> bool | None:
    """Return whether an answer that was cut at the token limit is right."""
    task = a_task(extractor=extractor, metric="exact_match")
    sample = a_sample(reference=reference)
    return grade(answer, task, sample, None, truncated=True)[1].correct


@pytest.mark.parametrize(
    ("answer", "value"),
    [
        ("He has 3 + 4 = 7.\n#### 7", "7"),
        ("#### $1,234.", "1234"),
        ("#### 7\n\nQuestion: more?\n#### 9", "7"),
        ("#### -3 degrees", "-3"),
        ("####7", None),
        ("The answer is 7", None),
        ("", None),
    ],
)
def test_the_first_marked_number(answer: str, value: str | None) -> None:
    """What stands behind the first four signs and a blank, and nothing else."""
    # The pattern takes no dollar sign: what begins with one is not marked.
    assert read("gsm8k_strict", answer) == (None if "$" in answer else value)


@pytest.mark.parametrize(
    ("answer", "value"),
    [
        ("3 + 4 = 7 apples", "7"),
        ("It costs $1,234.", "1234"),
        ("7 apples...", ".."),
        ("about 5-6", "-6"),
        ("none", None),
    ],
)
def test_the_last_number(answer: str, value: str | None) -> None:
    """The last run of what numbers are written with, were it points alone."""
    assert read("gsm8k_flexible", answer) == value


@pytest.mark.parametrize(
    ("answer", "value"),
    [
        ("True and False is False. So the answer is False.", "False"),
        ("So the answer is (B). More.", "(B). More"),
        ("the answer is 24", "2"),
        ("The answer is True.", None),
        ("the answer is False.\nthe answer is True.", "False"),
    ],
)
def test_the_stated_answer(answer: str, value: str | None) -> None:
    """To the end of the line but for one character, the full stop of most."""
    assert read("bbh_cot", answer) == value


@given(answer=ANSWERS)
def test_numbers_have_no_commas_and_dollars(answer: str) -> None:
    """What is found stands in the answer once these are taken out of it."""
    bare = re.sub("[,$]", "", answer)
    for extractor in ("gsm8k_strict", "gsm8k_flexible"):
        value = read(extractor, answer)
        if value is not None:
            assert value in bare
            assert not set(value) & set(",$")


@given(answer=ANSWERS)
def test_a_marked_number_is_the_last_of_a_text_that_ends_there(answer: str) -> None:
    """Both readers agree on an answer that ends as it should."""
    text = f"{answer}\n#### 42"
    assert read("gsm8k_flexible", text) == "42"
    if "#### " not in answer:
        assert read("gsm8k_strict", text) == "42"


@given(answer=ANSWERS)
def test_a_text_is_left_as_it_is(answer: str) -> None:
    """Neither blanks nor quotes nor line breaks go; blanks alone are no text."""
    assert read("verbatim", answer) == (answer if answer.strip() else None)
    program = read("continuation", answer, prompt="def f():\n")
    assert program == "def f():\n" + answer


def test_exact_match_compares_characters() -> None:
    """A number is right as it is written, not as it is meant."""
    assert right("gsm8k_strict", "#### 1,000", "1000")
    assert not right("gsm8k_strict", "#### 18.00", "18")
    assert not right("verbatim", " True", "True")


def test_guessing_is_worth_what_it_is_under_accuracy() -> None:
    """An answer that is right for most items earns nothing in a published form."""
    task = a_task(extractor="bbh_cot", metric="exact_match")
    samples = [a_sample(f"s{n}", "True" if n < 6 else "False") for n in range(10)]

    assert chances(task, samples) == pytest.approx([0.6] * 10)


def test_a_number_that_is_stated_counts_in_an_answer_that_was_cut() -> None:
    """The harness does not know that an answer was cut."""
    assert right("gsm8k_flexible", "so that makes 18", "18")
