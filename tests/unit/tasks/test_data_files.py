"""Local files by their ending: what a row is, and what a broken file says."""

from __future__ import annotations

import gzip
import json
import random
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.tasks.data import files, text_file
from pytest_llmlat.tasks.data.files import file_rows, local_copy
from pytest_llmlat.values.errors import BadCatalogue, MissingExtra
from tests.unit.builders import a_task

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

ROWS = [{"id": "a", "text": 'one, "two"'}, {"id": "b", "text": "three\nfour"}]
JSONL = "".join(json.dumps(row) + "\n" for row in ROWS)


def read(path: Path) -> list[dict[str, Any]]:
    """Return the columns of all rows."""
    return [dict(row.columns) for row in file_rows(path, a_task())]


def complaint(path: Path) -> str:
    """Return what is said of a file that cannot be read."""
    with pytest.raises(BadCatalogue) as caught:
        read(path)
    return str(caught.value).replace(str(path), "FILE")


def test_a_csv_file_has_a_header_and_quoted_texts(tmp_path: Path) -> None:
    """A quoted text may hold commas, quotes and line breaks; lines are counted."""
    path = tmp_path / "x.csv"
    text = '\ufeffid,text\na,"one, ""two"""\n\nb,"three\nfour"\nc,five\n'
    path.write_text(text, "utf-8")

    rows = list(file_rows(path, a_task()))

    assert [row.columns for row in rows] == [*ROWS, {"id": "c", "text": "five"}]
    assert [row.where for row in rows] == [f"{path}:{line}" for line in (2, 4, 6)]
    assert [row.index for row in rows] == [0, 1, 2]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("id,text\na,b\nc,d,e\n", "FILE:3: 3 cells under a header of 2; a text with"),
        ("id,text\na\n", "FILE:2: 1 cells under a header of 2"),
        ('id,text\na,"b" c\n', "FILE:2: not CSV: "),
        ('id,text\na,"b\n', "FILE:2: not CSV: unexpected end of data"),
    ],
)
def test_a_broken_csv_file_is_told_with_its_line(
    tmp_path: Path, text: str, expected: str
) -> None:
    """No cell is shifted into another column."""
    path = tmp_path / "x.csv"
    path.write_text(text, "utf-8")

    assert complaint(path).startswith(expected)


def test_a_parquet_file_keeps_its_types(tmp_path: Path) -> None:
    """Lists and numbers come out as such."""
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    rows = [{"id": 1, "target": ["a", "b"]}, {"id": 2, "target": ["c"]}]
    path = tmp_path / "x.parquet"
    parquet.write_table(pyarrow.Table.from_pylist(rows), path)

    assert read(path) == rows
    assert [row.where for row in file_rows(path, a_task())][1] == f"{path}, row 2"


def test_a_file_that_is_no_parquet_is_told(tmp_path: Path) -> None:
    """Whatever it is, its ending was a promise."""
    pytest.importorskip("pyarrow")
    path = tmp_path / "x.parquet"
    path.write_text(JSONL, "utf-8")

    assert complaint(path).startswith("FILE: not Parquet: ")


def test_parquet_without_its_library_gives_the_pip_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The extra is named, and the file that wants it."""
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    path = tmp_path / "x.parquet"
    path.write_bytes(b"")

    with pytest.raises(MissingExtra, match=r"x\.parquet.*pytest-llmlat\[datasets\]"):
        read(path)


def test_a_gzipped_jsonl_file_is_read(tmp_path: Path) -> None:
    """HumanEval comes like this."""
    path = tmp_path / "x.jsonl.gz"
    path.write_bytes(gzip.compress(JSONL.encode()))

    assert read(path) == ROWS


@pytest.mark.parametrize("cut", [0, 30])
def test_a_broken_gzip_file_is_told(tmp_path: Path, cut: int) -> None:
    """Neither half a file nor another kind of file is read as rows."""
    path = tmp_path / "x.jsonl.gz"
    path.write_bytes(gzip.compress(JSONL.encode())[:cut] or JSONL.encode())

    assert complaint(path).startswith("FILE: ")


def test_a_local_copy_may_have_another_ending(tmp_path: Path) -> None:
    """The catalogue's own ending comes first; a folder is no copy."""
    name = "reasoning/set.jsonl"
    (tmp_path / "reasoning" / "set.jsonl").mkdir(parents=True)
    assert local_copy(tmp_path, name) is None
    for ending in ("parquet", "csv", "jsonl.gz"):
        path = tmp_path / "reasoning" / f"set.{ending}"
        path.touch()
        assert local_copy(tmp_path, name) == path
    (tmp_path / "reasoning" / "set.jsonl").rmdir()
    (tmp_path / "reasoning" / "set.jsonl").touch()
    assert local_copy(tmp_path, name) == tmp_path / name


def test_a_column_that_stands_twice_in_parquet_is_told(tmp_path: Path) -> None:
    """A row as a dictionary would keep the last of them."""
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "x.parquet"
    table = pyarrow.Table.from_arrays([["a"], ["b"]], names=["text", "text"])
    parquet.write_table(table, path)

    assert complaint(path) == "FILE: has the column 'text' twice; rename one of them"


def test_no_number_in_parquet_is_a_missing_value(tmp_path: Path) -> None:
    """As it is in JSON and in an empty cell."""
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "x.PARQUET"
    table = pyarrow.table({"a": [1.5, float("nan")], "b": [True, None]})
    parquet.write_table(table, path)

    assert read(path) == [{"a": 1.5, "b": True}, {"a": None, "b": None}]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("x.json", json.dumps(ROWS)),
        ("x.json.gz", json.dumps({"data": ROWS})),
        ("x.ndjson", JSONL),
        ("x.JSONL", JSONL),
        ("x.csv.gz", 'id,text\na,"one, ""two"""\nb,"three\nfour"\n'),
        ("x.TSV", 'id\ttext\na\t"one, ""two"""\nb\t"three\nfour"\n'),
    ],
)
def test_each_form_is_read_packed_or_not(tmp_path: Path, name: str, text: str) -> None:
    """By its ending, in capitals or not."""
    path = tmp_path / name
    content = text.encode()
    path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)

    assert read(path) == ROWS


def test_a_file_without_a_known_ending_is_told_to_have_one(tmp_path: Path) -> None:
    """What is no JSON could be anything."""
    path = tmp_path / "x.txt"
    path.write_text("id\ttext\n", "utf-8")

    assert complaint(path).startswith("FILE: is no JSON, and its name ends on none of")


def a_parquet(path: Path, columns: dict[str, Any], **how: Any) -> Path:  # noqa: ANN401 - of pyarrow
    """Write a Parquet file of these columns."""
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    parquet.write_table(pyarrow.table(columns), path, compression="zstd", **how)
    return path


@pytest.mark.slow
def test_a_value_that_stands_in_each_row_of_parquet_counts_in_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It stands once in the file, whose own figures of its size count it once."""
    monkeypatch.setattr(files, "MOST_UNPACKED", 10_000_000)
    path = a_parquet(tmp_path / "x.parquet", {"text": ["x" * 100_000] * 1000})

    assert path.stat().st_size < 10_000
    assert "FILE: unpacks to more than 9 MiB; take a part of it" in complaint(path)


def zigzag(number: int, length: int | None = None) -> bytes:
    """Return a whole number as Thrift writes it, with as many bytes as are wanted."""
    left, found = number << 1, bytearray()
    while left >= 128 or (length is not None and len(found) < length - 1):
        found.append(left & 127 | 128)
        left >>= 7
    return bytes([*found, left])


def test_pages_of_parquet_that_are_larger_than_the_file_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reader takes memory by what stands before a page, not at the file's end."""
    monkeypatch.setattr(files, "MOST_UNPACKED", 1_000_000)
    how = {"use_dictionary": False, "write_statistics": False}
    path = a_parquet(tmp_path / "x.parquet", {"n": range(200_000)}, **how)
    pyarrow = pytest.importorskip("pyarrow.parquet")
    told = pyarrow.ParquetFile(path).metadata.row_group(0)
    data = path.read_bytes()
    at = int.from_bytes(data[-8:-4], "little") + 8
    body, end = data[:-at], data[-at:]
    for size in {told.total_byte_size, told.column(0).total_uncompressed_size}:
        assert zigzag(size) in end
        end = end.replace(zigzag(size), zigzag(7, len(zigzag(size))))
    path.write_bytes(body + end)
    lying = pyarrow.ParquetFile(path).metadata.row_group(0)

    assert lying.total_byte_size == 7
    assert "FILE: unpacks to more than 0 MiB; take a part of it" in complaint(path)


def test_values_of_a_list_in_parquet_are_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One row may hold as many as a page has."""
    monkeypatch.setattr(files, "MOST_VALUES", 5_000)
    path = a_parquet(tmp_path / "x.parquet", {"n": [[7] * 5_001]})

    assert "FILE: unpacks to more than 5,000 values" in complaint(path)


@pytest.mark.parametrize("seed", range(40))
def test_a_damaged_parquet_file_is_told_or_read(tmp_path: Path, seed: int) -> None:
    """A header with a bit that has changed is none, or says something else."""
    columns = {"id": list("abcdefgh"), "text": ["x" * n for n in range(8)]}
    path = a_parquet(tmp_path / "x.parquet", columns)
    source = random.Random(seed)  # noqa: S311 - damage, no secret
    data = bytearray(path.read_bytes())
    for _ in range(source.choice((1, 3))):
        data[source.randrange(len(data))] ^= 1 << source.randrange(8)
    path.write_bytes(data)

    told = ""
    try:
        read(path)
    except BadCatalogue as error:
        told = str(error)
    assert not told or str(path) in told


def test_a_parquet_file_of_many_rows_is_told_before_they_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A million equal numbers are some bytes."""
    monkeypatch.setattr(files, "MOST_ROWS", 50_000)
    path = a_parquet(tmp_path / "x.parquet", {"n": [7] * 50_001})

    assert path.stat().st_size < 5_000
    assert "FILE: unpacks to more than 50,000 rows" in complaint(path)


def test_a_parquet_file_is_read_in_pieces_as_it_is(tmp_path: Path) -> None:
    """In the order of its rows, over all groups of them."""
    rows = [{"n": n, "text": "x" * (n % 7)} for n in range(3000)]
    columns = {key: [row[key] for row in rows] for key in ("n", "text")}
    path = a_parquet(tmp_path / "x.parquet", columns, row_group_size=700)

    assert read(path) == rows


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("x.jsonl.gz", "\n" * 4000, "3,000 lines"),
        ("x.csv.gz", "a\n" * 4000, "3,000 lines"),
        ("x.csv.gz", "a\r" * 4000, "3,000 lines"),
        ("x.jsonl.gz", '{"a": [' + "[]," * 9000 + "0]}", "9,000 values"),
        ("x.csv.gz", "a" + "," * 9001, "9,000 values"),
    ],
)
def test_a_packed_text_that_grows_once_it_is_read_is_told(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    text: str,
    expected: str,
) -> None:
    """A line or a list takes many times its bytes; unpacked by the user it is read."""
    monkeypatch.setattr(text_file, "MOST_ROWS", 3000)
    monkeypatch.setattr(text_file, "MOST_VALUES", 9000)
    path = tmp_path / name
    path.write_bytes(gzip.compress(text.encode()))

    assert f"FILE: unpacks to more than {expected}; take a part" in complaint(path)
