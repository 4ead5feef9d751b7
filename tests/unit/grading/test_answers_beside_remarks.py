"""Answers of models that chat: with remarks, copies of the question, restatements."""

from __future__ import annotations

import pytest

from pytest_llmlat.grading.extractors import EXTRACTORS
from tests.unit.builders import a_sample, a_task

ROW = (
    "Uma arrived before Vic. Wes arrived after Vic. Who arrived first?\n\n"
    "Answer with one of: Uma, Vic, Wes."
)
NAMES = ["Uma", "Vic", "Wes"]
LETTERS = ["A", "B", "C", "D"]


def read(
    kind: str, text: str, question: str | None = None, **columns: object
) -> object:
    """Return what an extractor makes of a text."""
    row = a_sample("s1", str(columns.pop("right", "x1")), question=question, **columns)
    labels = ("hot", "cold", "mild")
    return EXTRACTORS[kind](text, a_task(extractor=kind, labels=labels), row).value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("7 * 6 = 42; 50 - 42 = 8.\n\nThat's 8 cards. By now 42 are used up.", "8"),
        ("9 + 4 = 13.\n\nSo, 13 years. His aunt is 40, so 27 years older.", "13"),
        ("3^4 = 81. This is often rounded to 80.", "81"),
        ("3^4 = 81 (one more than 80, which is why it is easily kept in mind)", "81"),
        ("3^4 = 70, roughly 81.", None),
        ("It lasts 1 hour and 35 minutes, which equals 95 minutes.", "95"),
        ("You'd need 14 screws for 7 shelves (2 screws each).", "14"),
        ("Her average speed over the whole tour was 18.5 km/h.", "18.5"),
        ("18 is 37.5% of 48.", "37.5"),
        ("360 km : 90 km/h = 4 hours", "4"),
        ("It is **9 degrees below zero** outside.", "-9"),
        ("They ate seven tenths of it.", "7/10"),
        ("It takes three and a half days.", "3.5"),
        ("4 dollars and 5 cents", "4.05"),
        ("88 would be my answer.", "88"),
        ("at least 88", None),
        ("88 < x", None),
        ("Let n = 88. Then", None),
    ],
)
def test_a_number_is_told_from_what_is_said_beside_it(
    text: str, expected: str | None
) -> None:
    """Remarks behind it, units, and bounds that are no number."""
    assert read("number", text) == expected


def test_a_bound_that_is_asked_for_is_the_answer() -> None:
    """Asked how many points she needs, "at least 88" is 88."""
    question = "How many points does Eve need at least?"

    assert read("number", "She needs at least 88 points.", question) == "88"


def test_the_degrees_below_zero_that_are_asked_for_have_no_sign() -> None:
    """It is 9 of them."""
    question = "How many degrees below zero is it?"

    assert read("number", "It is 9 degrees below zero.", question) == "9"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Uma arrived before Vic. Wes arrived after Vic. Who arrived first?", None),
        ("Uma arrived before Vic, so Uma did not come last.", None),
        ("Since Uma arrived before Vic, the order is: Uma, Vic, Wes.\n\nUma.", "Uma"),
        ("Uma came first, Vic in the middle and Wes at the end.", "Uma"),
        ("Given that both clues hold, Uma must have arrived first.", "Uma"),
        ("Uma arrived first. Vic was late, and so was Wes.", "Uma"),
        ("If Wes lied, it's Uma; otherwise Vic.", None),
        ("I was about to say Vic, but it was Uma.", "Uma"),
    ],
)
def test_a_copy_of_the_question_names_nobody(text: str, expected: str | None) -> None:
    """What is granted, conditional, or told of others is passed over."""
    assert read("answer", text, ROW, options=NAMES) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Option C is the right one; option A describes the reverse.", "C"),
        ("The last is correct.\n- A) first: not correct\n- B) second: wrong", None),
        ("C) the third\n\nA) is about something else.", "C"),
        ("C. third\n\nQuestion: And now?\nA. one\nB. two\nAnswer: A", "C"),
        ("Richtig ist C, falsch sind A und B.", "C"),
        ("A\u3001C\u90fd\u5bf9\u3002", None),
        ("A/C", None),
        ("C... actually D.", "D"),
    ],
)
def test_an_option_is_told_from_remarks_on_others(
    text: str, expected: str | None
) -> None:
    """Verdicts on them, run-on questions, and several at once."""
    assert read("choice", text, "Which?", options=LETTERS) == expected


@pytest.mark.parametrize(
    ("question", "text", "expected"),
    [
        ("Is 29 a prime number?", "29 is a prime number.", "true"),
        ("Is 51 a prime number?", "51 is not a prime number.", "false"),
        ("Do cats lay eggs?", "Cats do not lay eggs.", "false"),
        ("All A are B. Does it follow?", "This may follow.", None),
        ("Is this true? Cats lay eggs.", "Cats lay eggs.", None),
        ("Is 29 a prime number?", "29 is a prime number?", None),
        ("Is 29 a prime number?", "I don't know if 29 is a prime number.", None),
        ("Is it?", "Absolutely. There is no exception.", "true"),
        ("Is it?", "The claim doesn't hold.", "false"),
        ("Is it?", "This is untrue.", "false"),
        ("Is it?", "Certainly not.", "false"),
        ("Is it?", "It used to be true.", None),
        ("Is it?", "It would be false to say it is true.", None),
        ("Ist es so?", "Das ist nicht richtig.", "false"),
        ("Ist es so?", "Das stimmt.", "true"),
        ("Est-ce vrai ?", "C'est exact.", "true"),
        ("\u5bf9\u5417\uff1f", "\u4e0d\u662f\u3002", "false"),
    ],
)
def test_a_yes_or_no_is_read_in_other_words(
    question: str, text: str, expected: str | None
) -> None:
    """The question given back as a statement, and words of several languages."""
    assert read("boolean", text, question) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Mixed at first, but in the end cold.", "cold"),
        ("Das ist eher cold als hot.", "cold"),
        ("cold \u2014 it sounds hot at first, but that is irony.", "cold"),
    ],
)
def test_a_label_is_told_from_what_is_granted(text: str, expected: str) -> None:
    """By what the text comes to."""
    assert read("label", text) == expected


@pytest.mark.parametrize(
    ("question", "text", "right"),
    [
        ("In which country is the Prado?", "Madrid, Spain", "Spain"),
        ("In which city is the Prado?", "Madrid, Spain", "Madrid"),
        ("In which country is Turin?", "Turin is in Italy.", "Italy"),
        ("Who taught there?", "Prof. Lee taught there for years.", "Lee"),
        ("Who runs it?", "Ms. Ann Brown runs it.", "Ms. Ann Brown"),
    ],
)
def test_a_place_or_a_title_is_no_more_than_is_asked(
    question: str, text: str, right: str
) -> None:
    """Of two places the one that is asked for; a title ends no sentence."""
    found = read("answer", text, question, right=right)

    assert str(found).casefold() == right.casefold()
