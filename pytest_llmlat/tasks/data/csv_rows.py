"""Rows of separated values: CSV, TSV, and what spreadsheets write of either.

The separator is the one under which every row has as many cells as the header has
names; a first line ``sep=;``, as spreadsheets write it, decides it. Nothing is guessed
about the cells: all of them are text, with the blanks that they have.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, TypeAlias

from pytest_llmlat.tasks.data.text_file import lines_of
from pytest_llmlat.values.errors import BadCatalogue

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

_WORDS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
_STATED = re.compile(r'"?sep=([^\r\n"])"?\r?\n', re.IGNORECASE)
"""First line of a file that states the separator of its cells."""
_BREAK = re.compile("[\r\n]")
_LONGEST_CELL = 2**31 - 1
Line: TypeAlias = tuple[int, list[str]]
"""The number of the first line of a row, and its cells."""


def csv_rows(path: Path, text: str) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield (line, columns) of each row; rows without any text are passed over.

    Raises:
        BadCatalogue: names the file and the line.
    """
    table = _table(path, text)
    if table.fault is not None:
        line, problem = table.fault
        raise BadCatalogue(f"{path}:{line}: {problem}")
    if not table.rows:
        return
    names = _names(path, table)
    for line, cells in table.rows[1:]:
        yield line, dict(zip(names, cells, strict=False))


@dataclass(frozen=True, slots=True, kw_only=True)
class _SeparatedTable:
    """A table of cells, read with one separator."""

    delimiter: str
    rows: tuple[Line, ...]
    """The header first; none of them is all empty."""
    fault: tuple[int, str] | None
    """The first line that does not fit, and why."""


def _table(path: Path, text: str) -> _SeparatedTable:
    """Read the file in the way that fits it."""
    stated = _STATED.match(text)
    if stated is not None:
        return _separated(text[stated.end() :], stated[1], first=2)
    usual = "\t" if ".tsv" in [each.lower() for each in path.suffixes[-2:]] else ","
    order = [usual, *(each for each in _WORDS if each != usual)]
    found = [
        _separated(text, each) for each in order if len(_header(text, each)) > 1
    ] or [_separated(text, usual)]
    fitting = (table for table in found if table.fault is None)
    return next(fitting, found[0])


def _separated(text: str, delimiter: str, *, first: int = 1) -> _SeparatedTable:
    """Read a text with one separator.

    Where tabs separate, quotation marks may be plain characters: they are, if the rows
    fit only so.
    """
    quoted = _read(text, delimiter, first=first)
    if delimiter != "\t" or '"' not in text:
        return quoted
    plain = _read(text, delimiter, first=first, plain=True)
    if plain.fault is not None:
        return quoted
    if quoted.fault is not None:
        return plain
    spread = (n for n, cells in quoted.rows if any(map(_BREAK.search, cells)))
    line = next(spread, None)
    if line is None:
        return quoted
    problem = (
        "quotation marks here hold a text of several lines, or are plain characters"
        " of several rows: both fit; write the rows as JSON, an object a line"
    )
    return _SeparatedTable(delimiter=delimiter, rows=(), fault=(line, problem))


def _read(
    text: str, delimiter: str, *, first: int, plain: bool = False
) -> _SeparatedTable:
    """Parse a text, up to the first line that does not fit."""
    rows: list[Line] = []
    fault = None
    line = first
    reader = _reader(text, delimiter, plain=plain)
    with _cells_of_any_length():
        try:
            for cells in reader:
                if any(cells):
                    rows.append((line, cells))
                    header = rows[0][1]
                    if len(cells) != len(header):
                        fault = line, _uneven(cells, header, delimiter)
                        break
                line = first + reader.line_num  # a quoted cell may hold line breaks
        except csv.Error as error:
            fault = line, f"not CSV: {error}; {_remedy(str(error))}"
    return _SeparatedTable(delimiter=delimiter, rows=tuple(rows), fault=fault)


def _reader(text: str, delimiter: str, *, plain: bool) -> csv._reader:  # type: ignore[name-defined] # it has no other name
    # Lines end as most files' do. A lone carriage return in such a file ends none: as
    # part of a text that is not quoted it is an error, and no new row.
    lines = lines_of(text, "\n" if "\n" in text else "\r")
    if plain:
        return csv.reader(
            lines, delimiter=delimiter, quoting=csv.QUOTE_NONE, strict=True
        )
    return csv.reader(lines, delimiter=delimiter, strict=True)


def _header(text: str, delimiter: str) -> list[str]:
    """Return the first row, empty if there is none."""
    with _cells_of_any_length():
        try:
            reader = _reader(text, delimiter, plain=False)
            return next((cells for cells in reader if any(cells)), [])
        except csv.Error:
            return []


@contextmanager
def _cells_of_any_length() -> Iterator[None]:
    """Let the module csv take cells of more than 131,072 characters, for a while."""
    before = csv.field_size_limit(_LONGEST_CELL)
    try:
        yield
    finally:
        csv.field_size_limit(before)


def _uneven(cells: Sequence[str], header: Sequence[str], delimiter: str) -> str:
    word = _WORDS.get(delimiter, repr(delimiter))
    return (
        f"{len(cells)} cells under a header of {len(header)}; a text with {word} in it"
        " must be quoted; if something else separates the cells, say so in a first"
        " line, such as sep=;"
    )


def _remedy(problem: str) -> str:
    """Say how to mend what the module csv complains of."""
    if "new-line" in problem:
        return "end all lines alike, and quote a text with line breaks in it"
    return (
        "a quoted text ends with a quotation mark and nothing behind it, and a mark"
        ' inside it is doubled ("")'
    )


def _names(path: Path, table: _SeparatedTable) -> list[str]:
    """Return the names of the columns, without empty ones that have no cells."""
    line, header = table.rows[0]
    names = list(header)
    while names and not names[-1]:
        column = len(names) - 1
        filled = next((n for n, row in table.rows[1:] if row[column]), None)
        if filled is not None:
            raise BadCatalogue(
                f"{path}:{filled}: cell {column + 1} has no name in the header"
            )
        names.pop()
    where = f"{path}:{line}"
    if "" in names:
        raise BadCatalogue(
            f"{where}: column {names.index('') + 1} has no name in the header"
        )
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise BadCatalogue(
            f"{where}: the header has {twice[0]!r} twice; rename one of the columns"
        )
    if len(names) > 1 and all(name[:1] == " " for name in islice(names, 1, None)):
        raise BadCatalogue(
            f"{where}: a blank follows each separator, and would belong to the names"
            " and the cells; take the blanks out"
        )
    return names
