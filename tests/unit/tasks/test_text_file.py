"""Encodings and packing of data files: read, or told how to save them."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.tasks.data.text_file import file_text
from pytest_llmlat.values.errors import BadCatalogue

if TYPE_CHECKING:
    from pathlib import Path

TEXT = "id,text\n1,é 字\n"


@pytest.mark.parametrize(
    "content",
    [
        TEXT.encode(),
        TEXT.encode("utf-8-sig"),
        TEXT.encode("utf-16"),
        b"\xfe\xff" + TEXT.encode("utf-16-be"),
        TEXT.encode("utf-32"),
        gzip.compress(TEXT.encode("utf-16"), mtime=0),
    ],
)
def test_a_byte_order_mark_says_the_encoding(tmp_path: Path, content: bytes) -> None:
    """Spreadsheets write UTF-16 as "Unicode text"; gzip is known by its bytes."""
    path = tmp_path / "x.csv"
    path.write_bytes(content)

    assert file_text(path) == TEXT


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (TEXT.encode("utf-16-le"), "FILE:1: a NUL byte: UTF-16 without its byte order"),
        (
            b"id\n1\n\xe9t\xe9\n",
            "FILE:3: not UTF-8 at byte 5 (0xe9); save it as UTF-8 ",
        ),
        (b"\xff\xfea", "FILE: not UTF-16-LE at byte 2; save it as UTF-8"),
        (b"PK\x03\x04...", "FILE: this is a workbook or a ZIP file; save the sheet as"),
        (b"PAR1...", "FILE: this is Parquet; let its name end on .parquet"),
        (b"\x1f\x8b\x08", "FILE: not a whole gzip file: "),
    ],
)
def test_what_is_no_text_is_told_with_the_remedy(
    tmp_path: Path, content: bytes, expected: str
) -> None:
    """Nothing is replaced and read on."""
    path = tmp_path / "x.csv"
    path.write_bytes(content)

    with pytest.raises(BadCatalogue) as caught:
        file_text(path)

    assert str(caught.value).replace(str(path), "FILE").startswith(expected)
