"""Structured answers: fit to a schema times the share of right fields."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmlat.grading.grade import grade
from pytest_llmlat.grading.metrics.json_leaves import Sameness, compare, leaves
from pytest_llmlat.grading.metrics.structured import illegible
from pytest_llmlat.values.constraint import schema_constraint
from pytest_llmlat.values.errors import BadCatalogue
from tests.unit.builders import a_sample, a_task

if TYPE_CHECKING:
    from pytest_llmlat.values.entities import Sample, Scalar, Task
    from pytest_llmlat.values.records import Extraction, Grade

SCHEMA = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "price": {"type": "number"},
        "paid": {"type": "boolean"},
        "parts": {"type": "array", "items": {"type": "integer"}},
        "note": {"type": ["string", "null"]},
    },
    "required": ["name", "price", "paid", "parts"],
}
RIGHT = {"name": "Tea", "price": 2.5, "paid": True, "parts": [1, 2]}
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4)
    ),
    max_leaves=12,
)


def a_structured_task(schema: object = None, **options: Scalar) -> Task:
    """Return a task whose answers are JSON."""
    return replace(
        a_task("intent/json", extractor="json", metric="structured"),
        schema=schema_constraint(SCHEMA if schema is None else schema),
        options=tuple(options.items()),
    )


def a_right_sample(value: object = None) -> Sample:
    """Return a sample whose right answer is a JSON value."""
    return a_sample(reference=json.dumps(RIGHT if value is None else value))


def judged(answer: str | None, **options: Scalar) -> tuple[Extraction, Grade]:
    """Grade one answer."""
    return grade(answer, a_structured_task(**options), a_right_sample(), None)


def changed(**fields: object) -> str:
    """Return the right answer with some fields otherwise."""
    return json.dumps({**RIGHT, **fields})


@pytest.mark.parametrize(
    ("answer", "valid", "fields"),
    [
        (changed(), 1, 1),
        (json.dumps(RIGHT, indent=2), 1, 1),
        (f"\n {changed()} \n", 1, 1),
        (f"<think>Tea?</think>{changed()}", 1, 1),
        (changed(name="Coffee"), 1, 4 / 5),
        (changed(price=3), 1, 4 / 5),
        (changed(parts=[1, 3]), 1, 4 / 5),
        (changed(parts=[1]), 1, 4 / 5),
        (changed(parts=[1, 2, 3]), 1, 5 / 6),
        (changed(parts=[]), 1, 3 / 6),
        (changed(note=None), 1, 1),
        (changed(note="hot"), 1, 5 / 6),
        (changed(price="2.5"), 0, 4 / 5),
        (changed(paid=1), 0, 4 / 5),
        (json.dumps({"name": "Tea"}), 0, 1 / 5),
        ("[]", 0, 0),
        ('"Tea"', 0, 0),
    ],
)
def test_an_answer_is_worth_its_fit_times_its_right_fields(
    answer: str, valid: int, fields: float
) -> None:
    """Both are told, so that one can see which of them was missed."""
    _, found = judged(answer)

    assert dict(found.details) == {"valid": valid, "fields": pytest.approx(fields)}
    assert found.value == pytest.approx(valid * fields)
    assert found.correct is (valid * fields == 1)


@pytest.mark.parametrize(
    "answer",
    [
        "I am sorry, but I cannot help with that.",
        f"Sure! Here it is: {changed()}",
        f"{changed()} I hope this helps!",
        f"```json\n{changed()}\n```",
        changed()[:-1],
        f"{changed()}{changed()}",
        '{"name": "Tea", "name": "Tea"}',
        changed().replace("2.5", "NaN"),
        changed().replace("2.5", "1e999"),
        "[" * 100_000,
        changed().replace("2.5", "1" * 10_000),
    ],
)
def test_what_is_no_json_is_invalid_and_not_unread(answer: str) -> None:
    """A refusal or prose is an answer that a program cannot use: 0, and judged."""
    extraction, found = judged(answer)

    assert extraction.value is not None
    assert (found.value, found.correct) == (0, False)
    assert dict(found.details) == {"valid": 0, "fields": 0}
    assert found.note is not None
    assert found.note.startswith("no JSON: ")


def test_a_code_block_counts_where_the_task_says_so() -> None:
    """With nothing round it; by default a program has to read the answer as it is."""
    block = f"```json\n{changed()}\n```"

    assert judged(block, fenced=True)[1].value == 1
    assert judged(f"Sure!\n{block}", fenced=True)[1].value == 0
    assert judged(changed(), fenced=True)[1].value == 1


def test_numbers_and_letters_are_as_close_as_the_task_says() -> None:
    """Exactly, where it says nothing; a type is never forgiven."""
    near = changed(price=2.52, name="TEA")

    assert judged(near)[1].value == pytest.approx(3 / 5)
    assert judged(near, tolerance=0.05)[1].value == pytest.approx(4 / 5)
    assert judged(near, tolerance=0.05, ignore_case=True)[1].value == 1
    assert judged(changed(price=2.6), tolerance=0.05)[1].value == pytest.approx(4 / 5)


def test_the_note_names_the_fields_that_are_wrong() -> None:
    """By their paths: what was said, what is missing, what is too much."""
    answer = json.dumps({"name": "Tee", "price": 2.5, "parts": [1, 2, 7], "note": "x"})

    note = judged(answer)[1].note

    assert note is not None
    assert note.startswith("does not fit the schema: /: 'paid' is a required property")
    assert '/name: "Tee", not "Tea"' in note
    assert "/paid: missing" in note
    assert "/parts/2: 7, not asked for" in note
    assert '/note: "x", not asked for' in note


def test_no_answer_at_all_is_worth_nothing() -> None:
    """A time-out or an error is graded like a wrong answer."""
    assert judged(None)[1].value == 0


def test_a_right_answer_that_does_not_fit_is_told() -> None:
    """No model could meet it; nor one that is no JSON."""
    task = a_structured_task()

    assert illegible(json.dumps(RIGHT), task) is None
    assert "is no JSON" in str(illegible("Tea", task))
    assert "does not fit the schema: /paid" in str(illegible(changed(paid=3), task))


@pytest.mark.parametrize(
    "schema", [{"type": "objekt"}, {"$ref": "https://example.invalid/other.json"}]
)
def test_a_schema_that_is_none_is_told_and_nothing_is_fetched(schema: object) -> None:
    """With the name of the task."""
    with pytest.raises(BadCatalogue, match="task 'intent/json': schema: "):
        illegible("{}", a_structured_task(schema))


@pytest.mark.slow
@given(VALUES)
def test_every_value_is_the_same_as_itself(value: object) -> None:
    """However it is nested; so a right answer has all fields right."""
    compared = compare(value, value, Sameness())

    assert (compared.share, compared.wrong) == (1, ())
    assert compared.right == len(leaves(value))


@given(VALUES, VALUES)
def test_a_share_is_one_only_for_equal_values(one: object, other: object) -> None:
    """And it is the same whichever of them is the right one, but for nulls."""
    share = compare(one, other, Sameness()).share

    assert 0 <= share <= 1
    if share < 1:
        assert one != other


@given(st.text() | VALUES.map(json.dumps))
def test_any_text_has_a_grade(answer: str) -> None:
    """Nothing is raised, and the worth is no more than either part of it."""
    _, found = judged(answer)
    details = dict(found.details)

    assert found.value == details["valid"] * details["fields"]
    assert 0 <= found.value <= 1
