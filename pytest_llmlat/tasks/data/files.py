"""Rows of a local file by its ending: JSON, separated values or Parquet."""

from __future__ import annotations

import io
from collections import Counter
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from pytest_llmlat.tasks.data.csv_rows import csv_rows
from pytest_llmlat.tasks.data.json_rows import json_rows
from pytest_llmlat.tasks.data.table_row import TableRow, present
from pytest_llmlat.tasks.data.text_file import file_bytes, file_text
from pytest_llmlat.values.entities import DATA_SUFFIXES
from pytest_llmlat.values.errors import BadCatalogue, MissingExtra

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
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
        reason = error.strerror or str(error)
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
        table = parquet.ParquetFile(io.BytesIO(file_bytes(path))).read()
    except ArrowException as error:
        raise BadCatalogue(f"{path}: not Parquet: {error}") from error
    for name, count in Counter(table.column_names).items():
        if count > 1:
            raise BadCatalogue(
                f"{path}: has the column {name!r} twice; rename one of them"
            )
    for index, columns in enumerate(table.to_pylist()):
        yield f"row {index + 1}", present(columns)
