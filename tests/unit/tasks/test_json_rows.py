"""JSON of rows: lines, arrays, objects that hold an array; each row with its line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmlat.tasks.data.json_rows import json_rows
from pytest_llmlat.values.errors import BadCatalogue

ROWS = [{"id": "1", "text": "a"}, {"id": "2", "text": "b\u2028c"}]


def read(text: str, name: str = "x.jsonl") -> list[tuple[int, dict[str, Any]]]:
    """Return (line, columns) of each row."""
    return list(json_rows(Path(name), text))


def complaint(text: str, name: str = "x.jsonl") -> str:
    """Return what is said of a text that cannot be read."""
    with pytest.raises(BadCatalogue) as caught:
        read(text, name)
    return str(caught.value)


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=5,
).filter(lambda value: "\ud800" not in repr(value))
TABLE = st.lists(
    st.dictionaries(
        st.text(st.characters(exclude_categories=["Cs"]), max_size=4),
        VALUES,
        min_size=2,
        max_size=4,
    ),
    max_size=4,
)


@pytest.mark.slow
@given(
    rows=TABLE,
    plain=st.booleans(),
    indent=st.sampled_from([None, 1]),
    name=st.sampled_from(["x.json", "x.jsonl"]),
)
def test_what_a_writer_wrote_is_read_back(
    rows: list[dict[str, Any]],
    plain: bool,  # noqa: FBT001 - drawn
    indent: int | None,
    name: str,
) -> None:
    """As lines, as one array and within an object, whatever the file is called."""
    try:
        json.dumps(rows, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return
    lines = "".join(json.dumps(row, ensure_ascii=plain) + "\n" for row in rows)
    array = json.dumps(rows, ensure_ascii=plain, indent=indent)
    held = json.dumps(
        {"version": 1, "data": rows, "more": []}, ensure_ascii=plain, indent=indent
    )

    if len(rows) > 1 or name == "x.jsonl":
        assert [row for _, row in read(lines, name)] == rows
    assert [row for _, row in read(array, name)] == rows
    if rows:
        assert [row for _, row in read(held, "x.json")] == rows


@given(st.text(st.sampled_from('{}[]",:1a \n\\u'), max_size=20))
def test_any_text_is_read_or_told(text: str) -> None:
    """With the file, and nothing else is raised."""
    for name in ("x.json", "x.jsonl"):
        told = name
        try:
            read(text, name)
        except BadCatalogue as error:
            told = str(error)
        assert told.startswith(name)


@pytest.mark.parametrize(
    ("name", "text", "lines"),
    [
        ("x.jsonl", '{"id": 1}\n\n  {"id": 2}\r\n', [1, 3]),
        ("x.json", '{"id": 1}\n{"id": 2}\n', [1, 2]),
        ("x.jsonl", '[{"id": 1},\n{"id": 2}]', [1, 2]),
        ("x.json", '\n[\n {\n  "id": 1\n },\n {"id": 2}\n]\n', [3, 6]),
        ("x.json", '{"version": 1, "data": [\n{"id": 1},\n{"id": 2}\n]}', [2, 3]),
        ("x.json.gz", '{"rows": [{"id": 1},\n{"id": 2}], "more": [{}]}', [1, 2]),
        ("x.jsonl", '{\n"questions": [\n{"id": 1},\n{"id": 2}\n]}', [3, 4]),
    ],
)
def test_each_row_knows_its_line(name: str, text: str, lines: list[int]) -> None:
    """A complaint leads to the place, in one array as on lines of their own."""
    assert read(text, name) == [
        (line, {"id": number}) for number, line in enumerate(lines, start=1)
    ]


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("x.jsonl", '{"id": 1}\n{"a": 1, "a": 2}', "x.jsonl:2: the key 'a' stands twi"),
        ("x.jsonl", '{"a": {"b": 1, "b": 2}}', "x.jsonl:1: the key 'b' stands twice"),
        ("x.json", '[{"a": 1},\n{"a": 1, "a": 2}]', "x.json:2: the key 'a' stands twi"),
        ("x.json", '{"data": [{}],\n"data": [{}]}', "x.json:2: the key 'data' stands"),
        ("x.json", '[{"a": 1},\n]', "x.json:2: not JSON: a comma before the end"),
        ("x.json", '[{"a": 1}\n{"a": 2}]', "x.json:2: not JSON: a comma or the end"),
        ("x.json", '[{"a": 1}', "x.json:1: not JSON: a comma or the end"),
        ("x.json", '[{"a": 1}]\n[]', "x.json:2: not JSON: something follows"),
        ("x.jsonl", '{"a": 1} {"a": 2}\n{"a": 3}', "x.jsonl:1: not JSON: something"),
        ("x.jsonl", '{"a": 1}\n{"a": 2,}', "x.jsonl:2: not JSON: "),
        ("x.jsonl", '{"a": 1}\n[1, 2]', "x.jsonl:2: a row must be a JSON object, not"),
        ("x.json", "[[1, 2]]", "x.json:1: a row must be a JSON object, not [1, 2]"),
        (
            "x.json",
            '{"id": {"0": 1}}',
            "x.json: one object must hold one array of rows",
        ),
        ("x.json", '{"a": [{}], "b": [{}]}', "x.json: one object must hold one arra"),
        ("x.jsonl", '{"a": "\\ud83d"}', "x.jsonl:1: '\\ud83d' is half a character"),
        ("x.jsonl", f'{{"a": {"9" * 5000}}}', "x.jsonl:1: "),
        ("x.jsonl", f'{{"a": {"[" * 100_000}', "x.jsonl:1: "),
    ],
)
def test_what_is_no_row_is_told(name: str, text: str, expected: str) -> None:
    """With the file and the line, and what would be read."""
    assert complaint(text, name).startswith(expected)


def test_two_halves_are_one_character() -> None:
    """Most writers escape what is beyond the first 65,536 characters so."""
    assert read('{"a": "\\ud83d\\ude00"}') == [(1, {"a": "😀"})]


def test_no_number_is_a_missing_value() -> None:
    """Python and pandas write NaN, which is no JSON, where a cell is empty."""
    assert read('{"a": NaN, "b": Infinity}') == [(1, {"a": None, "b": float("inf")})]
