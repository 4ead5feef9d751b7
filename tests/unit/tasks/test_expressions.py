"""Expressions over a row: native values, nothing but the row, and clear complaints."""

from __future__ import annotations

import pytest

from pytest_llmlat.tasks.expressions import check_expression, evaluate
from pytest_llmlat.values.errors import BadCatalogue

ROW = {
    "id": "HumanEval/0",
    "label": 1,
    "source": ["One.", "Two."],
    "target": ["short", "shorter"],
    "answer": "16 - 3 = 13\n#### 1,300",
    "answer-key": "B",
    "review": {"items": ["good"], "text": "fine"},
    "label_names": ("negative", "positive"),
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("label", 1),
        ("target", ["short", "shorter"]),
        ("answer-key", "B"),
        ("target[0]", "short"),
        ("source | join(' ')", "One. Two."),
        ("label_names[label]", "positive"),
        ("id | default(task_id)", "HumanEval/0"),
        ("task_id | default(id)", "HumanEval/0"),
        ("answer.split('#### ')[-1].replace(',', '')", "1300"),
        ("label is defined and labels is not defined", True),
        ("'set-' ~ label", "set-1"),
        ("source | length == 2", True),
        ("none", None),
        ("review.items[0]", "good"),
        ("review.text", "fine"),
        ("review.keys() | list", ["items", "text"]),
    ],
)
def test_an_expression_has_a_native_value(text: str, expected: object) -> None:
    """Lists stay lists and numbers numbers; a column's name is its value."""
    assert evaluate(text, ROW, where="here") == expected


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("sentence", "'sentence' is undefined"),
        ("sentence.text", "'sentence' is undefined"),
        ("labels | default(names)", "'names' is undefined"),
        ("target[7]", "7"),
        ("label.split(' ')", "no attribute 'split'"),
        ("label + id", "unsupported operand"),
        ("label / 0", "division by zero"),
        ("id.__class__", "unsafe"),
        ("target.append(1)", "unsafe"),
        ("range(3)", "'range' is undefined"),
        ("id |", "is no expression"),
    ],
)
def test_what_cannot_be_computed_is_told(text: str, reason: str) -> None:
    """With the place; nothing outside the row can be reached or changed."""
    with pytest.raises(BadCatalogue) as caught:
        evaluate(text, ROW, where="FILE:3: field 'x'")

    assert str(caught.value).startswith("FILE:3: field 'x'")
    assert reason in str(caught.value)


def test_a_typo_is_told_before_there_is_a_row() -> None:
    """The message says how a column with an odd name is written."""
    with pytest.raises(BadCatalogue, match=r"here: 'my text' is no.*columns\['its"):
        check_expression("my text", where="here")
