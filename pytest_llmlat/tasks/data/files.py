"""Rows of a local file by its ending: JSON, separated values or Parquet."""

from __future__ import annotations

import io
from collections import Counter
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from pytest_llmlat.tasks.data.csv_rows import csv_rows
from pytest_llmlat.tasks.data.json_rows import json_rows
from pytest_llmlat.tasks.data.parquet_pages import BadPage, column_pages
from pytest_llmlat.tasks.data.table_row import TableRow, present
from pytest_llmlat.tasks.data.text_file import (
    MOST_ROWS,
    MOST_UNPACKED,
    MOST_VALUES,
    file_bytes,
    file_text,
    too_much,
)
from pytest_llmlat.values.entities import DATA_SUFFIXES
from pytest_llmlat.values.errors import BadCatalogue, MissingExtra

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from pytest_llmlat.values.entities import Task

EXTRA = "datasets"
"""The extra of this project that installs pyarrow."""
_BYTES_AT_ONCE, _MOST_AT_ONCE = 256 << 20, 1024
"""Bytes and rows of Parquet that are unpacked at once."""


def local_copy(folder: Path, name: str) -> Path | None:
    """Return the file ``name`` below ``folder``, or one with another ending."""
    given = next(suffix for suffix in DATA_SUFFIXES if name.endswith(suffix))
    stem = name.removesuffix(given)
    paths = [folder / f"{stem}{suffix}" for suffix in (given, *DATA_SUFFIXES)]
    return next((path for path in paths if path.is_file()), None)


def file_rows(path: Path, task: Task) -> Iterator[TableRow]:
    """Yield the rows of a file; one with another ending is read if it is JSON.

    Raises:
        BadCatalogue: the file cannot be read, or not as what it should be.
        MissingExtra: Parquet, without pyarrow.
    """
    kind = _kind(path)
    found: Iterator[tuple[str, Mapping[str, Any]]]
    try:
        if kind == ".parquet":
            found = _parquet(path, task)
        elif kind in (".csv", ".tsv"):
            found = _lines(csv_rows(path, file_text(path)))
        else:
            found = _lines(json_rows(path, _json_text(path, kind)))
        for index, (place, columns) in enumerate(found):
            yield TableRow(source=str(path), place=place, index=index, columns=columns)
    except OSError as error:
        reason = " ".join((error.strerror or str(error)).split())
        raise BadCatalogue(
            f"{path}: data of task {task.name!r} cannot be read: {reason}"
        ) from error


def _kind(path: Path) -> str:
    """Return the ending of what is in a file, packed or not."""
    name = path.name.lower().removesuffix(".gz")
    return PurePath(name).suffix


def _json_text(path: Path, kind: str) -> str:
    """Return a text that is to be JSON, unless its name and itself say otherwise."""
    text = file_text(path)
    if kind not in (".jsonl", ".json") and text.lstrip()[:1] not in ("{", "[", ""):
        raise BadCatalogue(
            f"{path}: is no JSON, and its name ends on none of"
            f" {', '.join(DATA_SUFFIXES)}; name it for what it holds"
        )
    return text


def _lines(
    rows: Iterator[tuple[int, Mapping[str, Any]]],
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for line, columns in rows:
        yield f"line {line}", columns


def _parquet(path: Path, task: Task) -> Iterator[tuple[str, dict[str, Any]]]:
    try:
        from pyarrow import ArrowException, parquet
    except ImportError as error:
        wanted_by = f"{path}: data of task {task.name!r}"
        raise MissingExtra(EXTRA, "pyarrow", wanted_by=wanted_by) from error
    try:
        data = file_bytes(path)
        longest = _check_pages(path, data)
        file = parquet.ParquetFile(io.BytesIO(data))
        _check_parquet(path, file)
        for index, columns in enumerate(_unpacked_rows(path, file, longest)):
            yield f"row {index + 1}", present(columns)
    # What is damaged breaks the library in any way.
    except (ArrowException, ArithmeticError, LookupError, TypeError, ValueError) as bad:
        reason = " ".join(str(bad).split())
        raise BadCatalogue(f"{path}: not Parquet: {reason:.300}") from bad


def _check_parquet(path: Path, file: Any) -> None:  # noqa: ANN401 - pyarrow has no types
    """See that columns differ, and that what the file says of its size may be read."""
    for name, count in Counter(file.schema_arrow.names).items():
        if count > 1:
            raise BadCatalogue(
                f"{path}: has the column {name!r} twice; rename one of them"
            )
    if file.metadata.num_rows > MOST_ROWS:
        raise too_much(path, f"{MOST_ROWS:,} rows")


def _check_pages(path: Path, data: bytes) -> int:
    """See that what a file says of its size may be read, at its end and before pages.

    Returns:
        How many bytes the longest column of a group of rows has.
    """
    unpacked = longest = 0
    try:
        for pages in column_pages(data):
            size = max(pages.unpacked, pages.promised)
            unpacked, longest = unpacked + size, max(longest, size)
            if unpacked > MOST_UNPACKED:
                raise too_much(path, f"{MOST_UNPACKED >> 20} MiB")
            if pages.values > MOST_VALUES:
                raise too_much(path, f"{MOST_VALUES:,} values")
    except BadPage as error:
        raise BadCatalogue(f"{path}: not Parquet: {error}") from error
    return longest


def _unpacked_rows(path: Path, file: Any, longest: int) -> Iterator[dict[str, Any]]:  # noqa: ANN401 - as above
    """Yield the rows, unpacked a few at a time.

    A value that stands once in the file may stand in each row: the sizes that the file
    says count it once.
    """
    left, rows = MOST_UNPACKED, 0
    for batch in file.iter_batches(batch_size=_rows_at_once(longest)):
        left -= batch.nbytes
        rows += batch.num_rows
        if left < 0:
            raise too_much(path, f"{MOST_UNPACKED >> 20} MiB")
        if rows > MOST_ROWS:
            raise too_much(path, f"{MOST_ROWS:,} rows")
        yield from batch.to_pylist()


def _rows_at_once(longest: int) -> int:
    """Return how many rows are unpacked together, by the longest value they may have.

    One that is repeated is no longer than all that is stored of its column.

    Args:
        longest: bytes of the longest column.
    """
    return min(_MOST_AT_ONCE, max(1, _BYTES_AT_ONCE // max(longest, 1)))
