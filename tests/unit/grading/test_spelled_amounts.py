"""Amounts in two units or in words, and sentences on other cases."""

from __future__ import annotations

import pytest

from pytest_llmlat.grading.extractors import EXTRACTORS, numbers_equal
from tests.unit.builders import a_sample, a_task

DIVISIBLE = "57\u80fd\u88ab3\u6574\u9664\u5417\uff1f"
"""Can 57 be divided by 3?"""


def number(text: str, question: str, reference: str = "1") -> str | None:
    """Return the number that is read from an answer."""
    row = a_sample(reference=reference, question=question)
    return EXTRACTORS["number"](text, a_task(extractor="number"), row).value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Answer: 2 hours and 15 minutes", "135"),
        ("Answer: 135 min = 2h 15min", "135"),
        ("Answer: 2 hours and 15 metres", None),
        ("Answer: 3 dogs and 15 minutes", None),
    ],
)
def test_a_quantity_in_two_units_is_read_in_the_one_that_is_asked_for(
    text: str, expected: str | None
) -> None:
    """Units of another kind stay apart."""
    assert number(text, "How many minutes does the film take?") == expected


@pytest.mark.parametrize(
    ("text", "question", "expected"),
    [
        (
            "x = 5 and x = -5, so there are two roots.",
            "How many roots has x^2 = 25?",
            "2",
        ),
        ("A third.", "What fraction of the 12 eggs is left?", "1/3"),
        ("One in five.", "What is the probability of a hit?", "1/5"),
        ("6 of 8, i.e. 0.75", "What fraction of the 8 seats is taken?", "0.75"),
        ("Answer: 3.400.000", "How many people live there?", "3400000"),
        ("It is 4096, which is nearly 10^4.", "What is 2^12?", "4096"),
        ("It's 4096, isn't it?", "What is 2^12?", "4096"),
        ("30 in March and 12 in May make 42.", "How many in March and May?", "42"),
        ("-\u00bd", "What is 0.5 - 1?", "-1/2"),
        ("2\u00bd", "What is 5 over 2?", "5/2"),
        ("4 million 250 thousand", "How many live there?", "4250000"),
        ("the 22<sup>nd</sup>", "In which row does he sit?", "22"),
        ("12 out of 48 is 25%.", "What percentage of 48 is 12?", "25"),
        ("Three halves.", "What is 3 over 2?", "3/2"),
        ("77 \u00b0F, i.e. 25 \u00b0C", "How warm is it, in \u00b0C?", "25"),
        ("The result, 30, comes from taking 12 off 42.", "What is left of 42?", "30"),
    ],
)
def test_numbers_are_read_in_the_words_that_models_use(
    text: str, question: str, expected: str
) -> None:
    """In words where they count what is asked, with their groups, with a tag."""
    value = number(text, question, reference=expected)

    assert value is not None
    assert numbers_equal(value, expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("She earns 90 euros by selling 15 jars at 6 euros each.", "90"),
        ("Jars: 15. At 6 euros each that is 90 euros.", "90"),
        ("She earns 90 euros. For 20 jars it would be 120 euros.", "90"),
        ("90 euros for 15 jars; for 20 jars it'd be 120 euros.", "90"),
        ("**Solution:** 15 \u00b7 6 = **90**", "90"),
        ("Each costs 6 euros. For 15 jars she'd get 90 euros.", "90"),
        ("Vielleicht 90.", None),
    ],
)
def test_how_an_amount_comes_about_is_no_amount(
    text: str, expected: str | None
) -> None:
    """Nor is another case, unless its numbers are those of the question."""
    question = "Una sells 15 jars at 6 euros each. How much does she earn?"

    assert number(text, question) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Since one crate weighs 30 kg, four weigh four times as much: 120 kg.", "120"),
        ("120 kg \u2248 265 pounds", "120"),
        ("They weigh 120 kg, enough for 2 carts of 60 kg.", "120"),
        ("**Total:** 120 kg\n**Per crate:** 30 kg", "120"),
        ("A total of 120 kg is lifted, 25% of it by hand.", "120"),
    ],
)
def test_what_is_told_beside_a_total_is_no_total(
    text: str, expected: str | None
) -> None:
    """Its parts, another unit of it, a use for it."""
    question = "Each of 4 crates weighs 30 kg. How many kg do they weigh together?"

    assert number(text, question) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Giving away 14 shells leaves her with 26.", "26"),
        ("On Monday 30 shells were left, and on Tuesday 26.", "26"),
    ],
)
def test_what_is_left_is_told_last(text: str, expected: str) -> None:
    """Also where the number before it names what is counted."""
    question = (
        "Pia had 40 shells. On Monday she gave away 10 and on Tuesday 4 more. How many"
        " shells does she keep on Tuesday?"
    )
    assert number(text, question) == expected


@pytest.mark.parametrize(
    ("extractor", "question", "text", "expected"),
    [
        (
            "number",
            "Wie viele Birnen hat der Mann jetzt?",
            "Der Mann hat jetzt elf Birnen.",
            "11",
        ),
        ("number", "Combien de poires a-t-il ?", "Il a 3,5 kg.", "3.5"),
        ("boolean", "Le lac est-il profond ?", "Non, il est plat.", "false"),
        ("boolean", "Ist 57 durch 3 teilbar?", "57 ist durch 3 teilbar.", "true"),
        (
            "boolean",
            "57\u80fd\u88ab3\u6574\u9664\u5417\uff1f",
            "\u80fd\uff0c57 = 3 \u00d7 19\u3002",
            "true",
        ),
        (
            "boolean",
            "57\u80fd\u88ab2\u6574\u9664\u5417\uff1f",
            "\u7b54\u6848\uff1a\u5426",
            "false",
        ),
    ],
)
def test_a_question_tells_its_language(
    extractor: str, question: str, text: str, expected: str
) -> None:
    """Where the task says none, the most usual words of the question do."""
    row = a_sample(reference=expected, question=question)

    value = EXTRACTORS[extractor](text, a_task(extractor=extractor), row).value

    assert value == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It's not a square.", "false"),
        ("That is not the case.", "false"),
        ("It is so.", "true"),
        ("Affirmative.", "true"),
        ("I think so.", "true"),
        ("I don't think so.", "false"),
        ("There is no way that it is false.", "true"),
        ("It isn't true that it's false.", "true"),
        ("It is said to be true.", None),
        ("It's the case.", "true"),
        ("It is not odd.", None),
        ("Is it false? No.", "true"),
        ("Is the claim wrong? Yes.", "false"),
        ("It cannot be false.", "true"),
        ("Absolutely!", "true"),
        ("Absolutely! Let me think.", None),
        ("No. Wait: 9 is 3 times 3, so yes.", "true"),
    ],
)
def test_a_truth_is_read_through_what_denies_its_contrary(
    text: str, expected: str | None
) -> None:
    """A question and its answer say together what is so."""
    row = a_sample(reference="true", question="Is 9 a square?")

    value = EXTRACTORS["boolean"](text, a_task(extractor="boolean"), row).value

    assert value == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Not Porto but Lisbon.", "Lisbon"),
        ("Die Antwort lautet Lisbon.", "Lisbon"),
        ("R\u00e9ponse : Lisbon", "Lisbon"),
        ("Lisbon, by far.", "Lisbon"),
        ("The city: Lisbon", "Lisbon"),
        ("Porto is not the capital; Lisbon is.", "Lisbon"),
        ("It is not Porto, but Lisbon.", "Lisbon"),
        ("Ada Lovelace wrote it in 1843.", "Ada Lovelace"),
    ],
)
def test_a_name_in_place_of_another(text: str, expected: str) -> None:
    """What is named only to be replaced is no answer."""
    question = "What is it called, and who wrote the first program?"
    if "Porto" in text:
        question = "What is the capital of Portugal?"
    row = a_sample(reference=expected, question=question)

    value = EXTRACTORS["answer"](text, a_task(extractor="answer"), row).value

    assert value == expected
