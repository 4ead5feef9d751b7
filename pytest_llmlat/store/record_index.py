"""The index of a file of records: where those of each cell are.

Cells that were measured side by side lie mixed up in their file. One pass over its
lines notes where each cell's are; after it, cells are read one at a time.
"""

from __future__ import annotations

import json
import re
from array import array
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llmlat.store.json_lines import parsed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_KEY = re.compile(rb'\{"cell": ("(?:[^"\\]|\\.)*"), ')
"""Beginning of a line that this package wrote."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordIndex:
    """An index of the records of a file, by cell."""

    path: Path
    spans: Mapping[str, array[int]]
    """Bytes at which the lines of a cell begin and end, in turn, by the cell's id;
    lines that follow each other are one span."""
    counts: Mapping[str, int]
    """Number of lines of each cell."""
    broken: int
    """Number of lines that are cut off or of no cell."""

    def lines(self, key: str) -> Iterator[bytes]:
        """Yield the lines of a cell in the order in which they were written."""
        spans = self.spans.get(key)
        if spans is None:
            return
        with self.path.open("rb") as file:
            for begin, end in zip(spans[::2], spans[1::2], strict=True):
                file.seek(begin)
                place = begin
                while place < end:
                    line = file.readline()
                    place += len(line)
                    yield line


def index_records(path: Path) -> RecordIndex:
    """Return the index of a file; it is empty where the file is absent.

    Raises:
        OSError: the file cannot be read.
    """
    spans: dict[str, array[int]] = {}
    counts: dict[str, int] = {}
    broken, place = 0, 0
    begin, key = b"", ""
    if not path.exists():
        return RecordIndex(path=path, spans=spans, counts=counts, broken=broken)
    with path.open("rb") as file:
        for line in file:
            last, place = place, place + len(line)
            if not line.endswith(b"}\n"):
                broken += 1
                continue
            # Mostly a line is of the same cell as the one before.
            if not begin or not line.startswith(begin):
                begin, told = _cell_of(line)
                if told is None:
                    broken += 1
                    continue
                key = told
            own = spans.setdefault(key, array("q"))
            if own and own[-1] == last:
                own[-1] = place
            else:
                own.extend((last, place))
            counts[key] = counts.get(key, 0) + 1
    return RecordIndex(path=path, spans=spans, counts=counts, broken=broken)


def _cell_of(line: bytes) -> tuple[bytes, str | None]:
    """Return the beginning of lines of the same cell, and the cell's id.

    It is empty for a line that another program wrote, whose beginning tells nothing.
    """
    found = _KEY.match(line)
    try:
        if found:
            return found[0], str(json.loads(found[1]))
        key = parsed(line)["cell"]
    except (ValueError, KeyError, TypeError):
        return b"", None
    return b"", key if isinstance(key, str) else None
