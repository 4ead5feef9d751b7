"""What the pages of a Parquet file take once they are unpacked, by their own headers.

A file says its sizes twice: once at its end, where nothing of them is used to unpack
it, and once before each page, where a reader takes memory for it. So the second is what
counts, and it is read before a page is. Headers are in Thrift's compact protocol
(https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md), as
the format's own description lays them out (``PageHeader`` in ``parquet.thrift``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_BYTE, _WHOLE, _DOUBLE, _BINARY, _LISTS, _STRUCT = 3, (4, 5, 6), 7, 8, (9, 10), 12
_BOOLEANS = (1, 2)
_GROUPS, _COLUMNS, _ABOUT = 4, 1, 3
"""Fields of ``FileMetaData``, ``RowGroup`` and ``ColumnChunk``."""
_PROMISED, _STORED, _FIRST_DATA, _FIRST_WORDS = 6, 7, 9, 11
"""Fields of ``ColumnMetaData``: sizes, and where pages begin."""
_UNPACKED, _PACKED, _DATA, _DICTIONARY, _DATA_2 = 2, 3, 5, 7, 8
"""Fields of ``PageHeader``; the last three hold ``num_values`` as their first field."""
_MORE, _LONG = 128, 15
"""A digit behind which there are more, and a list whose length stands behind it."""
_MOST_DEEP = 16
_MOST_DIGITS = 10
"""Bytes of a whole number of 64 bits."""
_MAGIC, _LENGTH = b"PAR1", 4


class BadPage(Exception):
    """A header is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnPages:
    """The pages of one column in one group of rows."""

    promised: int
    """Bytes that they are to have once they are unpacked, by the end of the file."""
    unpacked: int
    """Bytes, all together, by their own headers."""
    values: int
    """Values, those that are null and those of a dictionary among them."""


def column_pages(data: bytes) -> Iterator[ColumnPages]:
    """Yield what the pages of each column of a whole file say of themselves.

    Without the library: a field of its metadata that is none ends the process.

    Raises:
        BadPage: a header is none.
    """
    length = int.from_bytes(data[-_LENGTH - len(_MAGIC) : -len(_MAGIC)], "little")
    begin = len(data) - len(_MAGIC) - _LENGTH - length
    if begin < 0 or not data.endswith(_MAGIC):
        raise BadPage("no metadata at its end")
    told = _Header(data, begin).struct()
    for group in _parts(told.get(_GROUPS)):
        for column in _parts(group.get(_COLUMNS)):
            about = column.get(_ABOUT)
            if not isinstance(about, dict):
                raise BadPage("a column without metadata")
            numbers = (about.get(name) for name in (_PROMISED, _STORED, _FIRST_DATA))
            promised, stored, first = (_number(found) for found in numbers)
            words = about.get(_FIRST_WORDS)
            if isinstance(words, int) and 0 < words < first:
                first = words
            yield _pages(data, first, first + stored, promised)


def _parts(found: object) -> Iterator[dict[int, object]]:
    if not isinstance(found, list):
        raise BadPage("metadata without a list")
    for part in found:
        if not isinstance(part, dict):
            raise BadPage("a list of something else")
        yield part


def _number(found: object) -> int:
    if isinstance(found, int) and found >= 0:
        return found
    raise BadPage("metadata without a number")


def _pages(data: bytes, begin: int, end: int, promised: int) -> ColumnPages:
    if not 0 <= begin <= end <= len(data):
        raise BadPage(f"pages from byte {begin} to {end} of {len(data)}")
    unpacked = values = 0
    while begin < end:
        header = _Header(data, begin)
        fields = header.struct()
        packed, own = _number(fields.get(_PACKED)), _number(fields.get(_UNPACKED))
        if header.at + packed > end:
            raise BadPage(f"byte {begin}: a page of {packed} bytes that are not there")
        counts = (fields.get(kind) for kind in (_DATA, _DICTIONARY, _DATA_2))
        counted = [count.get(1) for count in counts if isinstance(count, dict)]
        unpacked += own
        values += sum(max(0, count) for count in counted if isinstance(count, int))
        begin = header.at + packed
    return ColumnPages(promised=promised, unpacked=unpacked, values=values)


class _Header:
    """A struct of Thrift's compact protocol, read from its first byte on."""

    def __init__(self, data: bytes, at: int) -> None:
        self._data = data
        self.at = at

    def struct(self, deep: int = 0) -> dict[int, object]:
        """Return whole numbers, structs and lists by their fields."""
        found: dict[int, object] = {}
        name = 0
        while head := self._byte():
            kind = head & 15
            name = name + (head >> 4) if head >> 4 else self._whole()
            found[name] = self._value(kind, deep + 1, boolean=0)
        return found

    def _value(self, kind: int, deep: int, *, boolean: int) -> object:
        """Read a value.

        Args:
            kind: its type.
            deep: how many structs and lists it is in.
            boolean: bytes of a truth value: in a struct its type says it.
        """
        if deep > _MOST_DEEP:
            raise BadPage(f"byte {self.at}: a header that is nested too deep")
        if kind in _WHOLE:
            return self._whole()
        if kind == _STRUCT:
            return self.struct(deep)
        if kind in _BOOLEANS:
            self._pass(boolean)
        elif kind == _BYTE:
            self._pass(1)
        elif kind == _DOUBLE:
            self._pass(8)
        elif kind == _BINARY:
            self._pass(self._digits())
        elif kind in _LISTS:
            return self._list(deep)
        else:
            raise BadPage(f"byte {self.at}: a header with a field of type {kind}")
        return None

    def _list(self, deep: int) -> list[object]:
        head = self._byte()
        count = self._digits() if head >> 4 == _LONG else head >> 4
        return [self._value(head & 15, deep + 1, boolean=1) for _ in range(count)]

    def _whole(self) -> int:
        found = self._digits()
        return (found >> 1) ^ -(found & 1)

    def _digits(self) -> int:
        found = 0
        for place in range(_MOST_DIGITS):
            digit = self._byte()
            found |= (digit & 127) << 7 * place
            if digit < _MORE:
                return found
        raise BadPage(f"byte {self.at}: a header with a number without end")

    def _byte(self) -> int:
        self._pass(1)
        return self._data[self.at - 1]

    def _pass(self, count: int) -> None:
        self.at += count
        if self.at > len(self._data):
            raise BadPage("a header that the file's end cuts off")
