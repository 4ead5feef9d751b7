"""The final answer of a word problem is read exactly or not at all."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmlat.grading.extractors import EXTRACTORS, numbers_equal
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
SAMPLE = Sample(id="s1", difficulty=None, stratum="", fields=(), reference="18")


def number(text: str) -> str | None:
    """Return the number that is read out of a text."""
    return EXTRACTORS["number"](text, TASK, SAMPLE).value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("18", "18"),
        ("18.", "18"),
        ("**18**", "18"),
        ("**18**.", "18"),
        ("18.0", "18"),
        ("18.00", "18"),
        ("018", "18"),
        ("+18", "18"),
        ("-18", "-18"),
        ("\u221218", "-18"),
        ("-0", "0"),
        ("18 eggs", "18"),
        ("18eggs", "18"),
        ("She makes $18 every day.", "18"),
        ("$1,234.50", "1234.5"),
        ("-$18", "-18"),
        ("$-18", "-18"),
        ("1,234,567", "1234567"),
        ("\u20ac 20", "20"),
        ("1\u202f234", "1234"),
        ("1{,}234", "1234"),
        ("-0.5 \u00b0C", "-0.5"),
        (".5", "0.5"),
        ("-.25", "-0.25"),
        ("0.125", "0.125"),
        ("1e3", "1000"),
        ("2.5e-3", "0.0025"),
        ("1.5 \u00d7 10^3", "1500"),
        ("$3 \\times 10^{2}$", "300"),
        ("50%", "50"),
        ("50\\%", "50"),
        ("1.2 million", "1200000"),
        ("3/4", "3/4"),
        ("6/8 of it", "3/4"),
        ("8/4", "2"),
        ("-3/4", "-3/4"),
        ("1 3/4 cups", "7/4"),
        ("\u00be", "3/4"),
        ("1\u00bd hours", "3/2"),
        ("\\frac{3}{4}", "3/4"),
        ("= 42", "42"),
        ("x = 7", "7"),
        ("x = - 7", "-7"),
        ("3 * 6 = 18", "18"),
        ("20-2", "2"),
        ("- 18 eggs", "18"),
        ("It costs Rs.500 now", "500"),
        ("\u0661\u0668", "18"),
        ("eighteen", "18"),
    ],
)
def test_a_number_is_normalised_exactly(text: str, expected: str) -> None:
    """However a number is written, it comes out in one form."""
    assert number(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The answer is 18.", "18"),
        ("The answer is 18 because 3 * 6 makes 18 and 2 are left.", "18"),
        ("The answer is: $18. There were 24 at first.", "18"),
        ("The final answer is **18** eggs, out of 24.", "18"),
        ("Answer: 18\n\nThere are 3 boxes.", "18"),
        ("**Answer:** 18\n\n(3 boxes)", "18"),
        ("ANSWER = 18, see step 2", "18"),
        ("The answer is approximately 18.5, as 2 shows", "18.5"),
        ("The answer is x = 18, from step 2", "18"),
        ("The answer is 3 * 6 = 18. I used 2 steps.", "18"),
        ("The answer is 20-2=18, or 3 boxes.", "18"),
        ("The answer is 3 boxes x 6 eggs = 18 eggs", "18"),
        ("The answer is 18 since x = 5", "18"),
        ("The answer is 3 - 21 = -18", "-18"),
        ("The answer to the question is 18, of 20.", "18"),
        ("Answer: Mia has 18 eggs.\nThat took 2 steps.", "18"),
        ("The total is...5", "5"),
        (f"The answer is {'so ' * 66}123456. It is 18", "18"),
        ("Answer: Mia sold 3 of 9.\nSo there are 6", "6"),
        ("The answer is not 12. It is 18", "18"),
        ("The answer is 12. Wait, I forgot one. The answer is 18. Of 20.", "18"),
        ("6 eggs in 3 boxes\n#### 18", "18"),
        ("#### $1,800\nThat was step 3", "1800"),
        ("#### Step 1\nTake 3 boxes of 6, which is 18", "18"),
        ("The answer is 5.\n#### 18", "18"),
        ("\\boxed{18}", "18"),
        ("so $\\boxed{18\\text{ eggs}}$ in 3 boxes", "18"),
        ("$\\boxed{\\frac{3}{4}}$ of 8", "3/4"),
        ("\\boxed{x = 7}, from 2 equations", "7"),
        ("\\boxed{12} is wrong, so \\boxed{18} of 20", "18"),
        ("The answer is $\\boxed{18}$. I took 2 steps.", "18"),
        ("\\boxed{\\$1{,}234}", "1234"),
        ("<answer>18</answer> in 2 steps", "18"),
        ("3 boxes of 6 eggs make 18 eggs.", "18"),
        ("<think>12? 13?</think>18", "18"),
    ],
)
def test_the_marked_number_comes_before_the_last_one(text: str, expected: str) -> None:
    """The last marker that a number follows decides; without one, the last number."""
    assert number(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "three quarters",
        "1.234,50",
        "12,5",
        "1,2,3",
        "1,23",
        "3:30",
        "12/05/2024",
        "192.168.0.1",
        "3/0",
        "1 5/4",
        "2^10",
        "2**10",
        "10\u00b2",
        "A4",
        "H2O",
        "\\boxed{3, 4}",
        "The answer is 3 * 6.",
        "The answer is 18-20",
        "The answer is 3:30",
        "\\boxed{\\text{none}} of 3",
        "1" * 81,
        "1e9999",
        "NaN",
        "infinity",
    ],
)
def test_what_can_be_read_in_two_ways_is_not_read(text: str) -> None:
    """A guess at what a number may mean would count as an answer that was not given."""
    assert number(text) is None


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("18", "18.0"),
        ("18", "18.00"),
        ("1,800", "1800"),
        ("$18", "18"),
        ("18 %", "18"),
        ("0.75", "3/4"),
        ("6/8", "3/4"),
        ("1e3", "1000"),
        ("-0", "0"),
        (" 18. ", "18"),
    ],
)
def test_numbers_are_equal_by_value(a: str, b: str) -> None:
    """Spelling is no part of a number."""
    assert numbers_equal(a, b)
    assert numbers_equal(b, a)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("18", "18.0000000000000001"),
        ("0.3333333333333333", "1/3"),
        ("50%", "0.5"),
        ("18", "-18"),
        ("eighteen", "eighteen"),
        ("", ""),
        ("18 19", "18"),
        ("18 eggs", "18"),
        ("1,80", "180"),
    ],
)
def test_different_numbers_and_no_numbers_are_unequal(a: str, b: str) -> None:
    """Equality is exact, and what is no number equals nothing, itself included."""
    assert not numbers_equal(a, b)


@given(st.decimals(allow_nan=False, allow_infinity=False, places=6, max_value=10**12))
def test_every_decimal_survives_its_normal_form(decimal: object) -> None:
    """Extraction keeps the value of a decimal to the last digit, and is stable."""
    text = f"{decimal:f}"
    read = number(text)

    assert read is not None
    assert numbers_equal(read, text)
    assert number(read) == read


@given(st.integers(-(10**9), 10**9), st.integers(1, 10**9))
def test_every_fraction_survives_its_normal_form(over: int, under: int) -> None:
    """A fraction stays exact; no decimal comes between."""
    assert number(f"The answer is {over}/{under}.") == str(Fraction(over, under))


@given(st.integers(-(10**15), 10**15))
def test_groups_of_three_digits_change_nothing(whole: int) -> None:
    """1,234,567 is 1234567."""
    assert number(f"{whole:,}") == str(whole)


@pytest.mark.parametrize(
    "text",
    [
        *("It takes 15 to 17 days.", "31 to 38", "20-22", "It costs $5\u2013$7."),
        *("The roots are (3, 5)", "{1, 2, 3}", "[2, 7]"),
    ],
)
def test_the_ends_of_a_range_and_the_members_of_a_set_are_no_answer(text: str) -> None:
    """Which of them is meant is not said, and the last is not guessed."""
    assert number(text) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("20-5=15", "15"),
        ("He sells 3, 5 and 8, which makes 16", "16"),
    ],
)
def test_other_pairs_of_numbers_are_read(text: str, expected: str) -> None:
    """What a calculation comes to, and what is said behind a list."""
    assert number(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "The answer is 5 more than 20.",
        "The answer is 5 less than $20.",
        "4 vans. 5 would be too many.",
        "4 vans. 5 vans are too many.",
    ],
)
def test_a_number_that_only_measures_another_or_is_too_much_is_unread(
    text: str,
) -> None:
    """A difference to another number, and one that is called too many, is no answer."""
    assert number(text) is None


def test_a_stated_number_is_read_beside_one_that_would_be_too_many() -> None:
    """What is said of another number does not touch the one that is stated."""
    assert number("The answer is 4, as 5 would be too many.") == "4"
    assert number("Ann has 5 more than Ben.") == "5"
