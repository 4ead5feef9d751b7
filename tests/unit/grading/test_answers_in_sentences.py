"""Everyday sentences that give an answer beside something else."""

from __future__ import annotations

import pytest

from pytest_llmlat.grading.extractors import EXTRACTORS
from tests.unit.builders import a_sample, a_task

PETS = "Ada has the cat. Bo does not have the dog. Who has the dog: Ada, Bo, Cy or Di?"


def read(
    kind: str, text: str, question: str | None = None, **columns: object
) -> object:
    """Return what an extractor makes of a text."""
    row = a_sample("s1", "x1", question=question, **columns)
    return EXTRACTORS[kind](text, a_task(extractor=kind), row).value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The twins are 12 and 18.", None),
        ("You need 600 grams of rice for 8 people.", "600"),
        ("So 250 guests come by train while 150 guests come by car.", "250"),
        ("9\n\nHow many legs do 3 ants have?\n18", "9"),
        ("The sum is 24.\n\nHow many are left?\n24 - 9 = 15", "15"),
    ],
)
def test_one_of_two_numbers_is_told(text: str, expected: str | None) -> None:
    """For so many, while others, of both, or behind a question of its own."""
    assert read("number", text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("6 stools have 18 legs. A stool has 3 legs.", "18"),
        ("A stool has 3 legs.", None),
        ("Each stool has 3 legs.", None),
    ],
)
def test_a_number_of_one_is_none_of_several(text: str, expected: str | None) -> None:
    """Asked about six, what one has is a step on the way."""
    assert read("number", text, "How many legs do 6 stools have?") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Since Ada has the cat and Bo does not have the dog, it must be Cy's.", "Cy"),
        ("Since Ada has the cat, Di the fish, the dog must be Cy's.", "Cy"),
        ("- Ada: cat\n- Bo: not the dog, so the fish\n- Cy: dog\n\nCy has it.", "Cy"),
        ("Cy got the dog, right after Bo got the fish.", "Cy"),
    ],
)
def test_a_name_beside_others_is_told(text: str, expected: str) -> None:
    """What is granted, denied or told of another is passed over."""
    assert read("answer", text, PETS, options=["Ada", "Bo", "Cy", "Di"]) == expected


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        ("answer", "The bridge was built by Ann Lee in 1902.", "Ann Lee"),
        ("answer", "The lease was signed on 3 May 2021.", "3 May 2021"),
        ("answer", "The rust is due to oxygen.", "oxygen"),
        ("choice", "C is the worst option.", None),
        ("boolean", "The claim is only true for even numbers.", None),
        ("boolean", "The only true one is this, so: yes", "true"),
        ("boolean", "S\u00ed, lo es.", "true"),
    ],
)
def test_a_sentence_without_a_question_is_read(
    kind: str, text: str, expected: str | None
) -> None:
    """By what its own words say."""
    assert read(kind, text) == expected
