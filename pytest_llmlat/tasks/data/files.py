"""Rows of a local file: JSONL (gzip or not), CSV or Parquet, by its ending."""

from __future__ import annotations

import csv
import gzip
import io
import json
import zlib
from typing import TYPE_CHECKING, Any

from pytest_llmlat.tasks.data.table_row import TableRow
from pytest_llmlat.values.entities import DATA_SUFFIXES
from pytest_llmlat.values.errors import BadCatalogue, MissingExtra

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytest_llmlat.values.entities import Task

EXTRA = "datasets"
"""The extra of this project that installs pyarrow."""


def local_copy(folder: Path, name: str) -> Path | None:
    """Return the file ``name`` below ``folder``, or one with another ending."""
    given = next(suffix for suffix in DATA_SUFFIXES if name.endswith(suffix))
    stem = name.removesuffix(given)
    paths = [folder / f"{stem}{suffix}" for suffix in (given, *DATA_SUFFIXES)]
    return next((path for path in paths if path.is_file()), None)


def file_rows(path: Path, task: Task) -> Iterator[TableRow]:
    """Yield the rows of a file; what ends neither on CSV nor on Parquet is JSONL.

    Raises:
        BadCatalogue: the file cannot be read, or not as what it should be.
        MissingExtra: Parquet, without pyarrow.
    """
    try:
        if path.suffix == ".parquet":
            yield from _parquet(path, task)
        elif path.suffix == ".csv":
            yield from _csv(path)
        else:
            yield from _jsonl(path)
    except OSError as error:
        reason = error.strerror or str(error)
        raise BadCatalogue(
            f"{path}: data of task {task.name!r} cannot be read: {reason}"
        ) from error


def _text(path: Path) -> str:
    content = path.read_bytes()
    try:
        if path.suffix == ".gz":
            content = gzip.decompress(content)
        return content.decode("utf-8-sig")
    except (EOFError, zlib.error) as error:
        raise BadCatalogue(f"{path}: not a whole gzip file: {error}") from error
    except UnicodeDecodeError as error:
        raise BadCatalogue(f"{path}: not UTF-8 at byte {error.start}") from error


def _jsonl(path: Path) -> Iterator[TableRow]:
    index = 0
    # splitlines() would also cut at characters that JSON allows inside strings.
    for number, line in enumerate(_text(path).split("\n"), start=1):
        if not line.strip():
            continue
        try:
            columns = json.loads(line)
        except json.JSONDecodeError as error:
            raise BadCatalogue(f"{path}:{number}: not JSON: {error}") from error
        if not isinstance(columns, dict):
            raise BadCatalogue(f"{path}:{number}: a row must be a JSON object")
        yield _row(path, f"line {number}", index, columns)
        index += 1


def _csv(path: Path) -> Iterator[TableRow]:
    """Yield rows whose columns are all text, as a CSV file has no types."""
    reader = csv.reader(io.StringIO(_text(path), newline=""), strict=True)
    line = 1
    try:
        header = next(reader, [])
        line, index = reader.line_num + 1, 0
        for cells in reader:
            if cells:
                if len(cells) != len(header):
                    raise BadCatalogue(
                        f"{path}:{line}: {len(cells)} cells under a header of"
                        f" {len(header)}; a text with commas in it must be quoted"
                    )
                columns = dict(zip(header, cells, strict=True))
                yield _row(path, f"line {line}", index, columns)
                index += 1
            line = reader.line_num + 1  # a quoted cell may hold line breaks
    except csv.Error as error:
        raise BadCatalogue(f"{path}:{line}: not CSV: {error}") from error


def _parquet(path: Path, task: Task) -> Iterator[TableRow]:
    try:
        from pyarrow import ArrowException, parquet
    except ImportError as error:
        wanted_by = f"{path}: data of task {task.name!r}"
        raise MissingExtra(EXTRA, "pyarrow", wanted_by=wanted_by) from error
    with path.open("rb") as file:
        try:
            rows = parquet.read_table(file).to_pylist()
        except ArrowException as error:
            raise BadCatalogue(f"{path}: not Parquet: {error}") from error
    for index, columns in enumerate(rows):
        yield _row(path, f"row {index + 1}", index, columns)


def _row(path: Path, place: str, index: int, columns: dict[str, Any]) -> TableRow:
    return TableRow(source=str(path), place=place, index=index, columns=columns)
