"""Numbers of tasks in German, French and Chinese, and shares told in per cent."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_llmlat.grading.extractors import EXTRACTORS
from pytest_llmlat.grading.extractors.local_numbers import in_english_notation
from tests.unit.builders import a_sample, a_task


def read(text: str, language: str = "", **columns: object) -> str | None:
    """Return the number that a text of a task in a language gives."""
    task = a_task(extractor="number")
    if language:
        task = replace(task, options=(("language", language),))
    return EXTRACTORS["number"](text, task, a_sample("s1", "1", **columns)).value


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("de", "Das macht 3.480,75 Euro.", "3480.75"),
        ("de", "Der Weg ist 8,5 km lang.", "8.5"),
        ("de", "Es sind 12.400 Schrauben.", "12400"),
        ("de", "Sie hat noch vierundzwanzig Murmeln.", "24"),
        ("de", "Also sind es noch 9 Eier, denn 15 minus 6 ergibt 9.", "9"),
        ("fr", "Il reste dix-huit pommes.", "18"),
        ("fr", "Cela fait 4,25 euros.", "4.25"),
        ("zh", "他还剩二十三本书。", "23"),
        ("", "Das macht 3.480,75 Euro.", None),
        ("", "It is 8,5 km.", None),
    ],
)
def test_numbers_are_read_as_the_language_of_the_task_writes_them(
    language: str, text: str, expected: str | None
) -> None:
    """Without a language they could mean more than one thing."""
    assert read(text, language) == expected


@pytest.mark.parametrize("text", ["1,250 Meter", "7.5 Stunden", "3:30 Uhr"])
def test_what_german_writes_in_another_way_stays_as_it_is(text: str) -> None:
    """Models mix notations; a sign that could be either decides nothing."""
    assert in_english_notation(text, "de") == text


@pytest.mark.parametrize(
    ("question", "reference", "expected"),
    [
        ("What is the probability of a six?", "1/4", "0.25"),
        ("What is the probability of a six, in percent?", "25", "25"),
        ("How many percent are left?", "25", "25"),
    ],
)
def test_a_share_in_per_cent_is_a_part_of_one_where_that_is_asked(
    question: str, reference: str, expected: str
) -> None:
    """The right answer says in which of the two the row counts."""
    row = a_sample("s1", reference, question=question)

    found = EXTRACTORS["number"]("That is 25%.", a_task(extractor="number"), row)

    assert found.value == expected
