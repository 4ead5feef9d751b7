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
        ("50 seeds minus the 6 that don't sprout is 44.", "44"),
        ("If all had come, there would be 50; but six didn't, so it's 44.", "44"),
        ("44 (88%)", "44"),
        ("There are 30 boys, and a third of them, i.e. 10, swim.", "10"),
        ("80 euros, or 20 euros a month for 4 months.", "80"),
        ("96 bricks are needed to build a wall of 12 by 8 bricks.", "96"),
        ("It takes 96 bricks; with some broken you'd buy 110.", "96"),
        ("The volume is 30 cm<sup>3</sup>.", "30"),
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


@pytest.mark.parametrize(
    ("question", "text", "expected"),
    [
        ("How many girls swim?", "30% of the girls swim.", None),
        ("How many boys are there?", "There are 18 boys in a class of 30.", "18"),
        ("How many cubes does the bag hold?", "The bag holds 12 cubes.", "12"),
        ("How wide is the box?", "Its width is 9 cm and its length is 12 cm.", "9"),
        ("How many cups are filled?", "6 cups, with 2 litres left over.", "6"),
        ("How many rolls are left over?", "It is 5 with a remainder of 3.", "3"),
        ("What is the new price in dollars?", "It costs $15 less.", None),
        ("A hat costs $40. What is the new price?", "The hat costs $25 now.", "25"),
        ("How old was Al when Bo was born?", "25 years ago Al was 30.", "30"),
    ],
)
def test_a_question_tells_which_number_it_asks_for(
    question: str, text: str, expected: str | None
) -> None:
    """No share, no difference, and the remainder where it is asked for."""
    assert read("number", text, question) == expected


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
        ("The last was Wes and Uma is second.", None),
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
        ("D is close, but C is better.", "C"),
        ("A and B are no words. D is the stem. C is right.", "C"),
        ("C, hmm, no: B.", "B"),
        ("A and B are out; D too. C remains.", "C"),
        ("None of the options is right, though C comes close.", None),
        ("**C. third**\n\n* **A. first:** no use.\n* **B. second:** small.", "C"),
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
        ("Do cats lay eggs?", "They do not.", "false"),
        ("Is a cat a bird?", "It's not.", "false"),
        ("Can cats swim?", "Sure, cats can swim.", "true"),
        ("Is it a cat?", "It certainly is.", "true"),
        ("Can cats fly?", "Cats can't fly; it is true that some jump far.", "false"),
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
        ("What is the capital of Ohio?", "Columbus, Ohio", "Columbus"),
        ("In which country is Turin?", "Turin is in Italy.", "Italy"),
        ("In which country is Bari?", "In Italy.", "Italy"),
        ("Who taught there?", "Ann Lee did, for years.", "Ann Lee"),
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


@pytest.mark.parametrize(
    ("question", "text", "expected"),
    [
        (
            "The rug is too big. What is too big: rug or room?",
            "The rug is too big.",
            "rug",
        ),
        ("Which of rug and room is wide?", "Left: room, wide: rug.", "rug"),
    ],
)
def test_a_word_of_the_question_is_no_objection(
    question: str, text: str, expected: str
) -> None:
    """What is asked about a name does not deny it."""
    assert read("answer", text, question, options=["rug", "room"]) == expected


def test_options_may_stand_on_one_line() -> None:
    """Their texts stand for their letters as those of a list do."""
    question = "Which grows on trees? (A) beans (B) plums (C) carrots"

    assert read("choice", "plums", question, options=["A", "B", "C"]) == "B"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The past of 'sing' is 'sang'.", "B"),
        ("Sang or Sung", None),
        ("singed", "A"),
    ],
)
def test_an_option_is_told_by_its_text(text: str, expected: str | None) -> None:
    """One that the question names itself is not meant beside another."""
    question = "What is the past of 'sing'?\nA. singed\nB. sang\nC. sing"

    assert read("choice", text, question, options=["A", "B", "C"]) == expected
