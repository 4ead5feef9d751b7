"""Right answers are brought to the form in which answers are read, or refused."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmlat.grading.extractors import EXTRACTORS, Extractor, Reading
from pytest_llmlat.grading.grade import grade
from pytest_llmlat.tasks.data.readable import readable
from pytest_llmlat.values.errors import BadCatalogue
from tests.unit.builders import a_sample, a_task

if TYPE_CHECKING:
    from collections.abc import Sequence

LABELS = ("positive", "negative", "not sure")
CUPS = ("A red cup", "A blue cup", "None")
KINDS = ("number", "choice", "label", "boolean", "answer")
PIECES = st.sampled_from(
    [
        *("31", "12,5", "1,234", "-3", "0.5", "3/4", "%", "$", "dollars", "####", "="),
        *("A", "(B)", "C)", "a", "Z", "true", "No", "T", "not", "or", "Answer:", "\n"),
        *("positive", "negative", "sure", "Paris", ",", ".", "The", "is", "\\boxed{4}"),
    ]
)
WRITTEN = st.lists(PIECES, min_size=1, max_size=4).map(" ".join) | st.text(max_size=12)


def brought(kind: str, reference: str, options: Sequence[str] = ()) -> str:
    """Return the reference as it is once a row has been read."""
    task = a_task(extractor=kind, labels=LABELS)
    fields = {"options": list(options)} if options else {}
    sample = replace(a_sample(reference=reference), fields=tuple(fields.items()))
    return readable(task, sample, where="FILE:3").reference


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("31", "31"),
        ("31.0", "31.0"),
        ("1,234", "1,234"),
        ("$31", "$31"),
        ("31 dollars", "31"),
        ("31 km/h", "31"),
        ("x = 3", "3"),
        ("twelve", "12"),
        ("minus three", "-3"),
        ("minus 3", "minus 3"),
        ("\\boxed{31}", "31"),
        ("50 - 19 = 31\n#### 31", "31"),
        ("He has 50 and gives 19, so 31 are left. The answer is 31.", "31"),
    ],
)
def test_a_number_is_what_is_read_of_it(reference: str, expected: str) -> None:
    """It stays as written where it is the same number, else units and ways go."""
    assert brought("number", reference) == expected


@pytest.mark.parametrize(
    "reference",
    [
        *("12,5", "1.234,50", "3:30", "2024-05-01", "3 or 4", "5-3", "0x1F", "10^3"),
        *("5 hours 3 minutes", "31 apples and 4 pears"),
        *("not 3", "ten to 12", "many", "- 3"),
    ],
)
def test_a_number_that_may_be_another_is_refused(reference: str) -> None:
    """It is told where it stands, how it was read and what to do."""
    with pytest.raises(BadCatalogue) as caught:
        brought("number", reference)

    told = str(caught.value)
    assert told.startswith("FILE:3: no answer could equal the right answer ")
    assert "the extractor 'number' reads it as nothing" in told
    assert "mapping.reference = an expression" in told


@pytest.mark.parametrize(
    ("kind", "reference", "expected"),
    [
        ("choice", "B", "B"),
        ("choice", "(B)", "(B)"),
        ("choice", "\\text{(C)}", "C"),
        ("choice", "Option B", "B"),
        ("choice", "B) a blue cup", "B"),
        ("choice", "A blue cup", "B"),
        ("boolean", "True", "True"),
        ("boolean", "no", "no"),
        ("boolean", "0", "false"),
        ("boolean", "The claim is false.", "false"),
        ("label", "not sure", "not sure"),
        ("label", "negative", "negative"),
        ("answer", "Paris, France", "Paris, France"),
        ("answer", "Yahoo!", "Yahoo"),
        ("answer", "(B)", "(B)"),
        ("answer", "yes", "yes"),
        ("answer", "Mr. Smith", "Mr. Smith"),
    ],
)
def test_a_right_answer_can_be_given(kind: str, reference: str, expected: str) -> None:
    """Each kind of answer by its own reader."""
    options = CUPS if kind == "choice" else ()

    assert brought(kind, reference, options) == expected


@pytest.mark.parametrize(
    ("kind", "reference"),
    [
        ("choice", "1"),
        ("choice", "D"),
        ("choice", "A green cup"),
        ("boolean", "maybe"),
        ("boolean", "entailment"),
        ("answer", "the sum of all even numbers up to ten"),
        ("answer", "Bern, the seat of the government"),
    ],
)
def test_a_right_answer_that_cannot_be_given_is_refused(
    kind: str, reference: str
) -> None:
    """Every model would be wrong, or a wrong answer right ("Bern" alone)."""
    options = CUPS if kind == "choice" else ()

    with pytest.raises(BadCatalogue, match="no answer could equal"):
        brought(kind, reference, options)


@given(kind=st.sampled_from(KINDS), reference=WRITTEN)
def test_every_right_answer_is_right_where_it_is_stated(
    kind: str, reference: str
) -> None:
    """What a set was loaded with is met by a model that says just that."""
    task = a_task(extractor=kind, labels=LABELS)
    try:
        sample = readable(task, a_sample(reference=reference), where="FILE:3")
    except BadCatalogue:
        return

    answers = (f"Answer: {sample.reference}", sample.reference)
    grades = [grade(answer, task, sample, None)[1] for answer in answers]
    assert any(one.correct for one in grades)
    again = readable(task, sample, where="FILE:3")
    assert again == sample


@given(number=st.decimals(allow_nan=False, allow_infinity=False, places=3))
def test_plain_numbers_read_back_as_themselves(number: object) -> None:
    """No number in plain digits is turned into another, or refused."""
    assert brought("number", str(number)) == str(number)


def test_each_of_several_right_answers_is_read() -> None:
    """What becomes the same counts once; the first stays the one that is shown."""
    sample = replace(a_sample(reference="31 dollars"), further=("$31", "31", "62 / 2"))

    with pytest.raises(BadCatalogue, match="'62 / 2'"):
        readable(a_task(), sample, where="FILE:3")
    found = readable(a_task(), replace(sample, further=("31",)), where="FILE:3")
    assert found.references == ("31",)


@pytest.mark.parametrize("metric", ["rouge", "chrf++", "tests_pass"])
def test_a_text_to_be_compared_with_stays_as_it_is(metric: str) -> None:
    """Only a metric that compares whole answers can be missed by all of them."""
    task = a_task(extractor="number", metric=metric)

    assert readable(task, a_sample(reference="x"), where="").reference == "x"


def test_an_extractor_need_not_say_how_it_reads_references() -> None:
    """Right answers of one that does not are taken as they stand."""
    extractor = Extractor(read=lambda text, task, sample: Reading(text.upper()))  # noqa: ARG005 - a reader's arguments
    undo = EXTRACTORS.add([("a test", {"loud": extractor})])
    try:
        assert brought("loud", "x y") == "x y"
    finally:
        undo()


SMITHS = (
    *("Mr. Smith", "The answer is Mr. Smith.", "The teacher is Mr. Smith."),
    *("The teacher is Mrs. Smith.", "Mrs. Smith"),
)


def test_the_wife_of_the_right_man_is_wrong() -> None:
    """Mr and Mrs are no dress of one name: they tell two people apart."""
    task = a_task(extractor="answer", metric="exact_match")
    asked = a_sample(reference="Mr. Smith", question="Who is the teacher?")
    sample = readable(task, asked, where="FILE:3")

    given = {text: grade(text, task, sample, None)[1].value for text in SMITHS}

    assert given == {
        "Mr. Smith": 1.0,
        "The answer is Mr. Smith.": 1.0,
        "The teacher is Mr. Smith.": 1.0,
        "The teacher is Mrs. Smith.": 0.0,
        "Mrs. Smith": 0.0,
    }
