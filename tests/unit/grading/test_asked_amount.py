"""Which of several numbers is the answer depends on what is asked to be counted."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmlat.grading.extractors import EXTRACTORS
from pytest_llmlat.values.entities import Sample, Task

TASK = Task(
    name="reasoning/arithmetic",
    family="reasoning",
    title="",
    source="",
    chat_prompt="",
    completion_prompt="",
    extractor="number",
    metric="accuracy",
    max_new_tokens=64,
    budget_s=1.0,
)
WALK = "Ina walks 12 km at 4 km an hour. How many minutes does she walk?"
CRATES = "A crate holds 20 jars. How many crates are needed for 130 jars?"
FARE = "A bus earns 900 dollars a day. How many dollars does it earn in 30 days?"
EXAM = "Of 50 people 30 passed the exam. What percentage passed?"
SPREAD = "The values are 2, 4, 4 and 10. What is the mean?"
SHOP = "A stall has 90 melons and keeps 14 of them. How many melons does it sell?"


def number(question: str, text: str) -> str | None:
    """Return the number that is read as the answer to a question."""
    fields = (("question", question),) if question else ()
    sample = Sample(id="s1", difficulty=None, stratum="", fields=fields, reference="1")
    return EXTRACTORS["number"](text, TASK, sample).value


@pytest.mark.parametrize(
    ("question", "text", "expected"),
    [
        (WALK, "She walks for 180 minutes, or 3 hours.", "180"),
        (WALK, "She walks for 3 hours (180 minutes).", "180"),
        (WALK, "12 / 4 = 3 hours, which is 180 minutes.", "180"),
        (WALK, "She walks for 180 hours.", None),
        (WALK, "180 seconds", None),
        (WALK, "Answer: 3 hours", None),
        (WALK, "12 / 4 = 3, and 3 * 60 = 180", "180"),
        (CRATES, "7 crates are needed, since 6 crates hold only 120 jars.", "7"),
        (CRATES, "We need 7 crates: 6 of them take 120 jars, and 10 are left.", "7"),
        (FARE, "The bus earns $27,000 in 30 days.", "27000"),
        (FARE, "It earns 27,000 dollars over the 30 days.", "27000"),
        (EXAM, "60% passed, 40% failed.", "60"),
        (EXAM, "60 percent passed, so 40 percent failed.", "60"),
        (EXAM, "40% failed.", None),
        (SPREAD, "The mean is 5 and the median is 4.", "5"),
        (SPREAD, "The median is 4 and the mean is 5.", "5"),
        (SHOP, "It keeps 14 melons and sells 76.", "76"),
        (SHOP, "It keeps 76 melons.", None),
        (SHOP, "It keeps 14 of 90, so 90 - 14 = 76", "76"),
        (CRATES, "You need 7 crates to store all 130 jars.", "7"),
        (CRATES, "You need 7 crates. A crate holds 20 jars.", "7"),
        (CRATES, "130 jars fill 6.5 crates, so it takes 7", "7"),
        (FARE, "It earns $27,000 instead of $900.", "27000"),
        ("", "The coat is $52 after a discount of $28.", "52"),
        ("", "They sell 12 boxes for a total of $240.", "240"),
        ("", "It fell to 31, down from 40.", "31"),
        ("", "P = 2/6 = 1/3 \u2248 0.333", "1/3"),
        ("", "130 / 20 = 6.5, about 7", "7"),
        ("Round 1/3 to three decimals.", "1/3 \u2248 0.333", "0.333"),
        (EXAM, "It is 60%, up from 50 people.", "60"),
        (EXAM, "30 / 50 = 0.6, so 60%.", "60"),
        ("By how much does it rise?", "It rises by 20, and falls by 25 later.", "20"),
        ("How many girls are there?", "Girls: 3 * 4 = 12. Boys: 4 * 4 = 16.", "12"),
        ("What does Ben pay?", "Ben: 5 + 4 = 9\nAda: 5 + 2 = 7", "9"),
        ("What is paid?", "Tea: 5\nCake: 4\nTotal: 9", "9"),
        (WALK, "She walks for 180 minutes, so she arrives at 9:30.", "180"),
        ("", "They sell 48. (With half the size it would be 96.)", "48"),
        ("", "80 - 35 = 45. With a discount it would be 52.", None),
        ("", "1/2 + 1/3 = 2/5. A common mistake is 5/6.", None),
        ("", "The sum is $\\frac{5}{6}$, or about 0.83.", "5/6"),
        (CRATES, "Each crate holds 20 jars, so 7 crates hold 130.", "7"),
        (CRATES, "It takes 7 to pack the 130 jars.", "7"),
        (WALK, "She walks 180 minutes, which is less than 2 weeks.", "180"),
        (SPREAD, "The mean is 5 over 4 values.", "5"),
        (SPREAD, "2 + 4 + 4 + 10 = 20, and 20 / 4 = 5, so it is 4 less 1, 5", "5"),
        ("Ola has 5 figs, buys 3, eats 3.", "5 + 3 = 8, and 8 - 3 = 5", "5"),
        ("Ola has 5 figs, buys 3, eats 3.", "She has 8, so in the end 5.", "5"),
        ("", "It is 28 cm, as each side is 7 cm long.", "28"),
        ("", "It is 82.5, close to 83.", "82.5"),
        ("", "There are 24 legs. With 34 there would be more cows.", None),
        ("", "The first is 5, and that of the other is 9.", None),
        ("", "The price is 5 and the total is 9.", "9"),
        ("", "It lasts 180 minutes, or 3 hours.", "180"),
        ("", "We need 7 crates: 6 of them hold only 120 jars.", "7"),
        ("", "P = 1 - 0.4 = 0.6 (or 60%)", "0.6"),
        ("", "6 crates; 7 would be one too many.", None),
        ("", "x = 8. If it were 3x = 27, x would be 9.", None),
        ("", "It is 9 if the discount counts.", None),
        ("", "Step 1: 40 jars.\nStep 2: 20", None),
        ("", "Step 1: 40 jars.\nStep 2: 40 / 2 = 20", "20"),
        ("", "She has 3 boxes or 36 eggs.", None),
    ],
)
def test_a_number_is_read_as_the_question_asks(
    question: str, text: str, expected: str | None
) -> None:
    """Units, nouns and subjects tell the number asked for from those beside it."""
    assert number(question, text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("So x = 9.\n\nLet's check: 9 + 5 = 14. Correct!", "9"),
        ("90 - 14 = 76, so it sells 76. (76 + 14 = 90)", "76"),
        ("So it sells 76. 76 + 14 = 90 \u2713", "76"),
        ("She sells 76. Check: 76 + 14 = 90.", "76"),
        ("x = 9.\n**Verification:** 2 * 9 = 18", "9"),
        ("x = 8. Let me check: 8 + 5 = 13, but it should be 14. So x = 9.", "9"),
        ("She sells 66. Let me verify: 90 - 14 = 76", "76"),
        ("The drums hold only 40 litres.", "40"),
    ],
)
def test_a_check_does_not_replace_what_it_confirms(text: str, expected: str) -> None:
    """What a check computes from the answer is not the answer; a new result is."""
    assert number("", text) == expected


@given(
    result=st.integers(21, 99),
    other=st.integers(2, 19),
    check=st.sampled_from(["Check:", "Let's check:", "Let me verify:", "Verify:"]),
    lead=st.sampled_from(["So x = {}.", "She sells {}.", "In all it is {}."]),
)
def test_any_check_leaves_the_result_alone(
    result: int, other: int, check: str, lead: str
) -> None:
    """Whatever is added to or taken from a result behind it, the result is read."""
    text = f"{lead.format(result)} {check} {result} + {other} = {result + other}."

    assert number("", text) == str(result)


@given(text=st.text(max_size=200), question=st.text(max_size=80))
def test_any_text_and_question_is_read_without_an_error(
    text: str, question: str
) -> None:
    """Readers are total, whatever the question is."""
    number(question, text)
