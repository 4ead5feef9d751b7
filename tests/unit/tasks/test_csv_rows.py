"""Separated values: what spreadsheets and libraries write is read back, or told."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmlat.tasks.data.csv_rows import csv_rows
from pytest_llmlat.values.errors import BadCatalogue

NAMES = ["id", "text", "label"]


def read(text: str, name: str = "x.csv") -> list[tuple[int, dict[str, str]]]:
    """Return (line, columns) of each row."""
    return list(csv_rows(Path(name), text))


def columns(text: str, name: str = "x.csv") -> list[dict[str, str]]:
    """Return the columns of each row."""
    return [row for _, row in read(text, name)]


def complaint(text: str, name: str = "x.csv") -> str:
    """Return what is said of a text that cannot be read."""
    with pytest.raises(BadCatalogue) as caught:
        read(text, name)
    return str(caught.value)


def read_or_told(
    text: str, name: str = "x.csv"
) -> tuple[list[dict[str, str]] | None, str]:
    """Return the columns of each row, or ``None`` and what is said instead."""
    try:
        return columns(text, name), ""
    except BadCatalogue as error:
        return None, str(error)


def written(rows: list[list[str]], **dialect: Any) -> str:  # noqa: ANN401 - as csv has it
    """Return rows as the standard library writes them."""
    out = io.StringIO()
    csv.writer(out, **dialect).writerows(rows)
    return out.getvalue()


CELL = st.text(st.sampled_from("a1 ,;|\t\"\n\r'\\é字\u2028="), max_size=6)
ROW = st.lists(CELL, min_size=3, max_size=3).filter(any)


@given(
    rows=st.lists(ROW, max_size=5),
    delimiter=st.sampled_from(",;|\t"),
    ends=st.sampled_from(["\r\n", "\n"]),
    quoting=st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
)
def test_what_a_writer_wrote_is_read_back(
    rows: list[list[str]], delimiter: str, ends: str, quoting: int
) -> None:
    """The same rows in the same columns, whatever the separator is; else it is told."""
    if ends == "\n" and quoting == csv.QUOTE_MINIMAL:
        # Such a writer leaves a carriage return bare, which then is part of the line's
        # end: what it wrote does not say what it was given.
        rows = [[cell.replace("\r", "") or "x" for cell in row] for row in rows]
    text = written(
        [NAMES, *rows], delimiter=delimiter, lineterminator=ends, quoting=quoting
    )

    found, told = read_or_told(text)

    if found is None:
        assert delimiter == "\t"
        assert "both fit" in told
        assert any("\n" in cell for row in rows for cell in row)
    else:
        assert found == [dict(zip(NAMES, row, strict=True)) for row in rows]


@given(
    rows=st.lists(
        st.lists(st.text(st.sampled_from('a ",é'), max_size=5), min_size=3, max_size=3),
        min_size=1,
        max_size=5,
    )
)
def test_tabs_may_stand_between_plain_texts(rows: list[list[str]]) -> None:
    """Many sets are written with tabs and no quoting: no row swallows the next."""
    rows = [[f"i{place}", *cells[1:]] for place, cells in enumerate(rows)]
    text = "".join("\t".join(cells) + "\n" for cells in [NAMES, *rows])

    found, told = read_or_told(text, "x.tsv")

    if found is None:
        assert "both fit" in told
    else:
        assert [row["id"] for row in found] == [cells[0] for cells in rows]


@given(st.text(st.sampled_from('ab,;\t"\n\r=sep\ufeff'), max_size=30))
def test_any_text_is_read_or_told(text: str) -> None:
    """With the file and the line, and nothing else is raised."""
    found, told = read_or_told(text)

    assert found is not None or told.startswith("x.csv:")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("x.csv", "id;text\n1;a, b\n2;1,5\n"),
        ("x.csv", "sep=;\nid;text\n1;a, b\n2;1,5\n"),
        ("x.csv", '"id";"text"\r\n"1";"a, b"\r\n2;1,5\r\n'),
        ("x.csv", "id\ttext\n1\ta, b\n2\t1,5\n"),
        ("x.csv", "id|text\n1|a, b\n2|1,5\n"),
        ("x.tsv", "id\ttext\n1\ta, b\n2\t1,5\n"),
        ("x.tsv", 'id,text\n1,"a, b"\n2,"1,5"\n'),
        ("x.csv.gz", 'id,text\n1,"a, b"\n2,"1,5"\n'),
        ("x.csv", 'id,text\r1,"a, b"\r2,"1,5"\r'),
        ("x.csv", 'id,text,,\n1,"a, b",,\n,,,\n2,"1,5",,\n,,,\n'),
    ],
)
def test_what_spreadsheets_write_is_read(name: str, text: str) -> None:
    """Separators of other countries, empty columns and rows, old line ends."""
    assert columns(text, name) == [
        {"id": "1", "text": "a, b"},
        {"id": "2", "text": "1,5"},
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("id,text,text\n1,a,b\n", "x.csv:1: the header has 'text' twice"),
        ("id,text,\n1,a,\n2,b,c\n", "x.csv:3: cell 3 has no name in the header"),
        ("id,,text\n1,a,b\n", "x.csv:1: column 2 has no name in the header"),
        ("id, text, label\n1, a, b\n", "x.csv:1: a blank follows each separator"),
        ("id,text\n1,a\n\n2,b,c\n", "x.csv:4: 3 cells under a header of 2; a text"),
        (
            "id;text\n1;a\n2;b;c\n",
            "x.csv:3: 3 cells under a header of 2; a text with se",
        ),
        ("sep=;\nid;text\n1;b;c\n", "x.csv:3: 3 cells under a header of 2"),
        ('id,text\n1,"a \\"b\\" c"\n', "x.csv:2: not CSV: "),
        ("id,text\n1,a\rb\n2,c\n", "x.csv:2: not CSV: new-line character"),
    ],
)
def test_what_does_not_fit_is_told_with_its_line(text: str, expected: str) -> None:
    """No cell is shifted into another column, and none is lost."""
    assert complaint(text).startswith(expected)


def test_tabs_and_marks_that_can_be_read_in_two_ways_are_told() -> None:
    """One row of two lines, or two rows: a reader would take one and be silent."""
    text = 'id\ttext\tlabel\n1\t"Great\tgood\n2\tfilm"\tbad\n'

    assert complaint(text, "x.tsv").startswith("x.tsv:2: quotation marks here hold")


def test_marks_between_tabs_are_plain_where_only_that_fits() -> None:
    """A mark that opens a text and is never closed is a character."""
    found = columns('id\ttext\n1\t"Great\n2\tfilm\n', "x.tsv")

    assert [row["text"] for row in found] == ['"Great', "film"]


def test_a_cell_may_be_of_any_length() -> None:
    """The module csv stops at 131,072 characters; it has its bound back after."""
    before = csv.field_size_limit()

    ((_, row),) = read(f"id,text\n1,{'x' * 200_000}\n")

    assert len(row["text"]) == 200_000
    assert csv.field_size_limit() == before


def test_lines_are_counted_as_an_editor_counts_them() -> None:
    """Texts of several lines, empty lines and a stated separator count."""
    assert [line for line, _ in read('sep=;\nid;text\n1;"a\nb"\n\n2;c\n;\n3;d\n')] == [
        3,
        6,
        8,
    ]
