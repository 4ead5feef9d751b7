"""Lines of one cell read in turn give what each gives that is read alone."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pytest_llmlat.store.json_lines import json_object, parsed
from pytest_llmlat.store.record_lines import RecordLines, record_of
from pytest_llmlat.values.records import Grade, Record
from tests.unit.builders import a_record

CELL = a_record().cell
FIELDS = tuple(json_object(a_record()))
EDITS: st.SearchStrategy[tuple[str, str, object] | None] = st.one_of(
    st.none(),
    st.tuples(st.just("drop"), st.sampled_from(FIELDS), st.none()),
    st.tuples(
        st.sampled_from(["first", "before", "last", "value", "move"]),
        st.sampled_from(FIELDS),
        st.sampled_from([None, True, 2, -1, 0.5, "a", [], [["a", "b"]], {"steps": []}]),
    ),
    st.tuples(st.just("cut"), st.sampled_from(FIELDS), st.integers(-3, 3)),
    st.tuples(st.just("swap"), st.sampled_from(FIELDS), st.sampled_from(FIELDS)),
)
"""What is done to a line: a field dropped, moved, told twice or changed, or a cut."""


def the_line(number: int, edit: tuple[str, str, object] | None = None) -> bytes:
    """Return a line of the cell, perhaps damaged."""
    record = replace(a_record(), sample=f"s{number}", grade=Grade(value=number / 9))
    members = [
        f"{json.dumps(name)}: {json.dumps(value)}"
        for name, value in json_object(record).items()
    ]
    if edit is None:
        return ("{" + ", ".join(members) + "}\n").encode()
    kind, name, other = edit
    place = FIELDS.index(name)
    if kind == "drop":
        del members[place]
    elif kind == "swap":
        at = FIELDS.index(str(other))
        members[place], members[at] = members[at], members[place]
    elif kind == "value":
        members[place] = f"{json.dumps(name)}: {json.dumps(other)}"
    elif kind != "cut":
        if kind == "move":
            del members[place]
        before = FIELDS.index("steps") - (
            kind == "move" and place < FIELDS.index("steps")
        )
        at = {"first": 0, "last": len(members)}.get(kind, before)
        members.insert(at, f"{json.dumps(name)}: {json.dumps(other)}")
    line = ("{" + ", ".join(members) + "}\n").encode()
    return line[: line.find(name.encode()) + int(str(other))] if kind == "cut" else line


def told(read: object, line: bytes) -> Record | str:
    """Return what a reader makes of a line: a record, or why there is none."""
    try:
        return read(line)  # type: ignore[operator, no-any-return] # a reader
    except ValueError as error:
        return str(error)


@given(st.lists(EDITS, min_size=1, max_size=8), EDITS)
@example([None, None, ("before", "label", 0.5), ("before", "label", 0.5)], None)
@example([("drop", "reused", None)] * 3, ("move", "reused", "x"))
@example([("last", "answer", "other")] * 3, None)
def test_a_line_is_read_as_if_it_were_the_only_one(
    edits: list[tuple[str, str, object] | None], common: tuple[str, str, object] | None
) -> None:
    """What the lines before it had in common is neither lent nor believed unseen."""
    reader = RecordLines(CELL)
    for number, edit in enumerate([*edits, common, common, common]):
        line = the_line(number % 3, edit)

        alone = told(lambda line: record_of(parsed(line), CELL), line)

        assert told(reader.record, line) == alone


def test_records_of_alike_lines_are_whole_records() -> None:
    """Of the class that everyone knows, frozen, and equal to what was written."""
    reader = RecordLines(CELL)

    records = [reader.record(the_line(number)) for number in range(4)]

    assert [record.sample for record in records] == ["s0", "s1", "s2", "s3"]
    assert {type(record) for record in records} == {Record}
    with pytest.raises(AttributeError):
        records[3].sample = "other"  # type: ignore[misc] # frozen
