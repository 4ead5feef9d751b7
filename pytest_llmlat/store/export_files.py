"""Records as a table for other programs: CSV, or Parquet through pyarrow.

One row a record, flat, with units in the names of columns. What is not known is null in
Parquet and an empty field without quotes in CSV; an empty text is ``""``. Every other
field of CSV is quoted, texts and numbers, lines end in CR LF (RFC 4180) and the file is
UTF-8, so that what any program reads is what was measured, line breaks included. Half
of a surrogate pair, which neither format can hold, becomes U+FFFD.

A model's answer may be ``=cmd|...``: a spreadsheet that opens a CSV file runs it. Told
to, texts that begin so get an apostrophe in front (OWASP, CSV injection), and are then
not what the model said.
"""

from __future__ import annotations

import os
import re
import unicodedata
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from pytest_llmlat.store.record_reader import records_of
from pytest_llmlat.values.errors import MissingExtra, UsageError
from pytest_llmlat.values.figure_table import FIGURES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from pytest_llmlat.store.run_reader import Run
    from pytest_llmlat.values.records import Record

EXTRA = "export"
"""The extra of this project that installs pyarrow."""
_BATCH = 5_000
_ACTIVE = ("=", "+", "-", "@")
"""Beginnings of a text that a spreadsheet takes for a formula."""
_BREAKS = ("\t", "\r", "\n")
"""Characters by which it takes a text for the field before it."""
_FILLERS = "\u115f\u1160\u2800\u3164\uffa0"
"""Letters that are blank: Hangul fillers, and Braille without a dot."""
_HALVES = re.compile("[\ud800-\udfff]")

ColumnKind: TypeAlias = Literal["text", "int", "float", "bool"]
ColumnValue: TypeAlias = str | int | float | bool | None


def _as_float(value: float | None) -> float | None:
    return None if value is None else float(value)


_HEAD: Mapping[str, tuple[ColumnKind, Callable[[Record], ColumnValue]]] = {
    "cell": ("text", lambda r: r.cell.id),
    "model": ("text", lambda r: r.cell.model),
    "device": ("text", lambda r: r.cell.device),
    "family": ("text", lambda r: r.cell.family),
    "task": ("text", lambda r: r.cell.task),
    "scenario": ("text", lambda r: r.cell.scenario),
    "sample": ("text", lambda r: r.sample),
    "round": ("int", lambda r: r.round),
    "difficulty": ("text", lambda r: r.difficulty),
    "metric": ("text", lambda r: r.metric),
    "conversation": ("text", lambda r: r.conversation),
    "turn": ("int", lambda r: r.turn),
    "cluster": ("text", lambda r: r.cluster),
    "continues": ("bool", lambda r: r.continues),
    "graded": ("bool", lambda r: r.graded),
    "value": ("float", lambda r: float(r.grade.value) if r.graded else None),
    "correct": ("bool", lambda r: r.grade.correct),
    "chance": ("float", lambda r: float(r.chance)),
    "finish": ("text", lambda r: r.finish),
    "error": ("text", lambda r: r.error),
    "note": ("text", lambda r: r.grade.note),
    "unparsed": ("bool", lambda r: r.unparsed),
    "truncated": ("bool", lambda r: r.truncated),
    "refused": ("bool", lambda r: r.refused),
    "empty": ("bool", lambda r: r.empty),
    "cut_in_thought": ("bool", lambda r: r.cut_in_thought),
    "budget_s": ("float", lambda r: float(r.budget_s)),
}
"""Columns on who was asked what, and the result: name to kind and value."""
_TAIL: Mapping[str, tuple[ColumnKind, Callable[[Record], ColumnValue]]] = {
    "prompt_tokens": ("int", lambda r: r.prompt_tokens),
    "cached_tokens": ("int", lambda r: r.cached_tokens),
    "output_tokens": ("int", lambda r: r.output_tokens),
    "token_source": ("text", lambda r: r.token_source),
    "temperature": ("float", lambda r: _as_float(r.temperature)),
    "top_p": ("float", lambda r: _as_float(r.top_p)),
    "seed": ("int", lambda r: r.seed),
    "http_status": ("int", lambda r: r.transport.status if r.transport else None),
    "retries": ("int", lambda r: r.transport.retries if r.transport else None),
    "prompt": ("text", lambda r: r.prompt),
    "reference": ("text", lambda r: r.reference),
    "answer": ("text", lambda r: r.answer),
    "extracted": ("text", lambda r: r.extracted),
    "thoughts": ("text", lambda r: r.thoughts),
    "rendered": ("text", lambda r: r.rendered),
}
"""Columns on tokens, sampling and transport; texts last."""


def columns() -> Mapping[str, tuple[ColumnKind, Callable[[Record], ColumnValue]]]:
    """Return all columns, name to kind and value; figures are in the middle."""
    figures: dict[str, tuple[ColumnKind, Callable[[Record], ColumnValue]]] = {
        name: ("float", value)
        for figure in FIGURES.values()
        for name, value in figure.exported.items()
    }
    return {**_HEAD, **figures, **_TAIL}


def export(
    run: Run,
    path: Path,
    *,
    safe: bool = False,
    tell: Callable[[str], None] | None = None,
) -> int:
    """Write the records of a run as a table, a batch in memory at a time.

    A file that is there is replaced when all is written, and not before.

    Args:
        run: where to read.
        path: ends in ``.csv`` or ``.parquet``.
        safe: for a spreadsheet: no text of a CSV file is taken for a formula.
        tell: as for ``records_of``.

    Returns:
        How many records there were.

    Raises:
        UsageError: the file's ending is another one, or it cannot be made.
        MissingExtra: pyarrow is needed and not installed.
    """
    write = {".csv": _write_csv, ".parquet": _write_parquet}.get(path.suffix.lower())
    if write is None:
        raise UsageError(
            f"export {path}: the ending tells the format; write .csv or .parquet"
            " (records.jsonl of the run's folder is JSON, a record a line)"
        )
    records = (record for _, own in records_of(run, tell=tell) for record in own)
    try:
        with _replaced(path) as draft:
            return write(draft, map(_row, records), safe=safe)
    except OSError as error:
        raise UsageError(f"export {path}: cannot be made: {error}") from error


@contextmanager
def _replaced(path: Path) -> Iterator[Path]:
    """Yield a file that takes the place of another once it is whole."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        yield draft
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _row(record: Record) -> list[ColumnValue]:
    return [_whole(value(record)) for _, value in columns().values()]


def _whole(value: ColumnValue) -> ColumnValue:
    """Replace what no UTF-8 text can hold."""
    return _HALVES.sub("\ufffd", value) if isinstance(value, str) else value


def _write_csv(path: Path, rows: Iterable[list[ColumnValue]], *, safe: bool) -> int:
    count = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(_line(list(columns()), safe=False))
        for row in rows:
            file.write(_line(row, safe=safe))
            count += 1
    return count


def _line(row: Iterable[ColumnValue], *, safe: bool) -> str:
    return ",".join(_field(value, safe=safe) for value in row) + "\r\n"


def _field(value: ColumnValue, *, safe: bool) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return '"true"' if value else '"false"'
    text = str(value)
    if safe and isinstance(value, str) and _acts(text):
        text = f"'{text}"
    return '"' + text.replace('"', '""') + '"'


def _acts(text: str) -> bool:
    """Whether a spreadsheet would take a text for more than a text.

    Some look past blanks and signs without a width, and at full-width forms of signs.
    """
    if text.startswith(_BREAKS):
        return True
    seen = next((c for c in text if not _is_unseen(c)), "")
    return unicodedata.normalize("NFKC", seen).startswith(_ACTIVE)


def _is_unseen(letter: str) -> bool:
    """Whether a letter shows nothing by itself: blanks, controls, marks, fillers."""
    return unicodedata.category(letter)[0] in "ZCM" or letter in _FILLERS


def _write_parquet(path: Path, rows: Iterator[list[ColumnValue]], *, safe: bool) -> int:
    del safe  # no spreadsheet runs what it finds in a Parquet file
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError as error:
        wanted_by = f"export {path.name}"
        raise MissingExtra(EXTRA, "pyarrow", wanted_by=wanted_by) from error
    kinds: dict[ColumnKind, Any] = {
        "text": pa.string(),
        "int": pa.int64(),
        "float": pa.float64(),
        "bool": pa.bool_(),
    }
    schema = pa.schema([(name, kinds[kind]) for name, (kind, _) in columns().items()])
    count = 0
    with parquet.ParquetWriter(path, schema) as file:
        while batch := list(islice(rows, _BATCH)):
            arrays = [
                pa.array(column, type=field.type)
                for column, field in zip(zip(*batch, strict=True), schema, strict=True)
            ]
            file.write_batch(pa.record_batch(arrays, schema=schema))
            count += len(batch)
    return count
