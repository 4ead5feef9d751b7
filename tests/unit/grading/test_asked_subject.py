"""Whose number a clause gives decides between the numbers beside each other."""

from __future__ import annotations

import pytest

from pytest_llmlat.grading.extractors import EXTRACTORS
from tests.unit.builders import a_sample, a_task

TASK = a_task(extractor="number")
RENT = "Rent and heating are 900 euros a month. How much is the rent without heating?"
CARDS = (
    "Ivo has twice as many cards as Una. They have 90. How many cards does Ivo have?"
)
POOL = "A pool takes 800 litres and is half full. How many litres of water are in it?"
GAIN = "Zoe sells 50 mugs at $4. Her expenses are $80. How much profit does she make?"
AGE = "In 5 years Finn will be 20. How old is Finn now?"
WAY = "How long does the walk take, in hours?"
DROP = "By what percentage did the rent fall?"


def number(question: str, text: str) -> str | None:
    """Return the number that is read as the answer to a question."""
    sample = a_sample(reference="1", question=question or None)
    return EXTRACTORS["number"](text, TASK, sample).value


@pytest.mark.parametrize(
    ("question", "text", "expected"),
    [
        (RENT, "The heating is 150 euros.", None),
        (RENT, "The rent is 750 euros, the heating 150 euros.", "750"),
        (RENT, "900 - 150 = 750, so the rent is 750. The heating is 150.", "750"),
        (CARDS, "Una has 30 cards.", None),
        (CARDS, "Ivo has 60 cards, Una has 30 cards.", "60"),
        (CARDS, "Una has 30 cards, Ivo 60.", "60"),
        (CARDS, "Ivo: 60, Una: 30", "60"),
        (CARDS, "Of the 90 cards, Ivo has 60 and Una has 30.", "60"),
        (CARDS, "u = 30, so Ivo has 2u = 60.", "60"),
        (POOL, "It holds 400 litres of water, so another 400.5 litres fit in.", "400"),
        (POOL, "It takes another 400 litres.", None),
        (POOL, "There are 400 litres of water in the 800-litre pool.", "400"),
        (GAIN, "Her revenue is $200.", None),
        (GAIN, "She makes a profit of $120 on a revenue of $200.", "120"),
        (GAIN, "Revenue: $200\nExpenses: $80\nProfit: $120", "120"),
        (AGE, "Finn is 15 now, and in 5 years he will be 20.", "15"),
        (AGE, "Finn is 15 years old. In 5 years, he will be 20.", "15"),
        (AGE, "Finn was 15 ten years ago.", None),
        (WAY, "It takes 3 hours to walk 12 km.", "3"),
        (WAY, "The walk takes 3 hours, i.e. 180 minutes.", "3"),
        (DROP, "The rent fell from $800 to $720, a decrease of 10%.", "10"),
        (DROP, "The rent rose by 10%.", None),
        ("What is the mean of 3, 5 and 7?", "5 is the mean of 3, 5 and 7.", "5"),
        ("What is the mean of 3, 5 and 7?", "The median is 5.", None),
        ("How much is the tip?", "It is $9 of tip, which takes the bill to $54.", "9"),
        (
            "When did the strike end?",
            "The strike ended in 1931, begun in 1926.",
            "1931",
        ),
    ],
)
def test_the_number_of_what_is_asked_is_read(
    question: str, text: str, expected: str | None
) -> None:
    """What a clause says of somebody or something else is no answer."""
    assert number(question, text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It is 0.4, i.e. 40%", "0.4"),
        ("If 9 cups were sold at noon, then 30 - 9 = 21 cups were sold later.", "21"),
        ("30 / 4 = 7.5. Half a bus cannot be had, we round up to 8.", "8"),
        ("9 times 7 equals 63, not 72.", "63"),
        ("The mean is 5: (3 + 5 + 7) / 3 = 15 / 3.", "5"),
        ("So we are left with 15 / 3.", None),
        ("It lasts 150 minutes in 2.5 hours of film (2.5 \u00d7 60 = 150).", None),
    ],
)
def test_what_stands_round_a_number_is_understood(
    text: str, expected: str | None
) -> None:
    """Abbreviations, conditions that hold, contrasts, and what is not worked out."""
    if expected is not None or "150" not in text:
        assert number("", text) == expected
    asked = "How many minutes are 2.5 hours?"
    assert number(asked, "There are 150 minutes in 2.5 hours (2.5 x 60).") == "150"
