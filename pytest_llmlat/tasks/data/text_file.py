"""The text of a data file, unpacked and decoded, or advice on how to save it."""

from __future__ import annotations

import codecs
import gzip
import io
import zlib
from typing import TYPE_CHECKING

from pytest_llmlat.values.errors import BadCatalogue

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_GZIP = b"\x1f\x8b"
MOST_UNPACKED = 512 << 20
"""Most bytes that a packed file may become; a small one can be made to fill memory."""
MOST_ROWS = 2_000_000
"""Most lines or rows of a packed file: each takes many times its bytes once it is
read."""
MOST_VALUES = 16_000_000
"""Most signs in a packed text that begin or part values, for the same reason."""
_PARTING = (b",", b"[", b"{", b"\t", b";")
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # begins as UTF-16's does
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
"""Byte order marks, as spreadsheets write them, and their encodings."""
_NO_TEXT = (
    (b"PK\x03\x04", "a workbook or a ZIP file; save the sheet as 'CSV UTF-8'"),
    (b"PAR1", "Parquet; let its name end on .parquet"),
    (b"\xd0\xcf\x11\xe0", "an old workbook; save the sheet as 'CSV UTF-8'"),
)
"""Beginnings of files that are no text, and what to do with each."""
_SAVE = (
    "save it as UTF-8 (a spreadsheet: 'CSV UTF-8'; a file in Windows-1252:"
    " iconv -f WINDOWS-1252 -t UTF-8 FILE > NEW)"
)


def file_bytes(path: Path) -> bytes:
    """Return what is in a file, unpacked if it is gzip, whatever its name.

    Raises:
        OSError: it cannot be read.
        BadCatalogue: it is no whole gzip file, or becomes too large.
    """
    content = path.read_bytes()
    return _unpacked(path, content) if _is_packed(path, content) else content


def too_much(path: Path, what: str) -> BadCatalogue:
    """Return the refusal of a packed file that becomes more than may be."""
    return BadCatalogue(
        f"{path}: unpacks to more than {what}; take a part of it, or write it unpacked,"
        " as JSON or separated values, which are read whatever their size"
    )


def _is_packed(path: Path, content: bytes) -> bool:
    return content.startswith(_GZIP) or path.suffix.lower() == ".gz"


def _unpacked(path: Path, content: bytes) -> bytes:
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(content)) as file:
            unpacked = file.read(MOST_UNPACKED + 1)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise BadCatalogue(f"{path}: not a whole gzip file: {error}") from error
    if len(unpacked) > MOST_UNPACKED:
        raise too_much(path, f"{MOST_UNPACKED >> 20} MiB")
    return unpacked


def _check_text(path: Path, content: bytes) -> None:
    """See that an unpacked text does not become far larger yet once it is read."""
    if max(content.count(b"\n"), content.count(b"\r")) > MOST_ROWS:
        raise too_much(path, f"{MOST_ROWS:,} lines")
    if sum(map(content.count, _PARTING)) > MOST_VALUES:
        raise too_much(path, f"{MOST_VALUES:,} values")


def file_text(path: Path) -> str:
    """Return the text of a file in UTF-8, or in what its byte order mark says.

    Raises:
        OSError: it cannot be read.
        BadCatalogue: it is no text, or in another encoding: says which line, and how
            to save it; or it is packed and becomes too much.
    """
    content = path.read_bytes()
    if _is_packed(path, content):
        content = _unpacked(path, content)
        _check_text(path, content)
    for start, what in _NO_TEXT:
        if content.startswith(start):
            raise BadCatalogue(f"{path}: this is {what}")
    mark, encoding = next(
        (pair for pair in _MARKS if content.startswith(pair[0])), (b"", "utf-8")
    )
    content = content.removeprefix(mark)
    if encoding == "utf-8" and b"\0" in content:
        line = content.count(b"\n", 0, content.index(b"\0")) + 1
        raise BadCatalogue(
            f"{path}:{line}: a NUL byte: UTF-16 without its byte order mark, or no"
            f" text; {_SAVE}"
        )
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        place, name = len(mark) + error.start, encoding.upper()
        if encoding != "utf-8":
            raise BadCatalogue(
                f"{path}: not {name} at byte {place}; {_SAVE}"
            ) from error
        line = content.count(b"\n", 0, error.start) + 1
        raise BadCatalogue(
            f"{path}:{line}: not UTF-8 at byte {place} (0x{content[error.start]:02x});"
            f" {_SAVE}"
        ) from error


def lines_of(text: str, end: str = "\n") -> Iterator[str]:
    """Yield lines with their ends, one at a time: all at once take many times the text.

    Args:
        text: of a file.
        end: the one character that ends a line.
    """
    begin = 0
    while (place := text.find(end, begin)) >= 0:
        yield text[begin : place + 1]
        begin = place + 1
    if begin < len(text):
        yield text[begin:]
