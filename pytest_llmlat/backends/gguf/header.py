"""What a GGUF file says of itself, read before llama.cpp maps it.

llama.cpp refuses a broken file too, but tells the reason only to its log. Layout
(little-endian): magic ``GGUF``, version, number of tensors, number of metadata pairs,
the pairs, one description for each tensor, and from the next multiple of the
alignment on the tensors' data. Source: ``docs/gguf.md`` of the ggml project.
"""

from __future__ import annotations

import mmap
import re
import struct
import sys
from array import array
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

MAGIC = b"GGUF"
VERSIONS = (2, 3)
"""Versions that llama.cpp reads; 1 is of 2023, and later ones may look different."""
_STRING, _ARRAY = 8, 9
_WIDTHS: Mapping[int, int] = {
    0: 1,
    1: 1,
    2: 2,
    3: 2,
    4: 4,
    5: 4,
    6: 4,
    7: 1,
    10: 8,
    11: 8,
    12: 8,
}
"""Bytes of a metadata value, by its type; strings and arrays say their own length."""
_FORMS: Mapping[int, str] = {
    0: "<B",
    1: "<b",
    2: "<H",
    3: "<h",
    4: "<I",
    5: "<i",
    6: "<f",
    7: "<?",
    10: "<Q",
    11: "<q",
    12: "<d",
}
"""How such a value is written, for ``struct``."""
_BLOCKS: Mapping[int, tuple[int, int]] = {
    0: (1, 4),
    1: (1, 2),
    24: (1, 1),
    25: (1, 2),
    26: (1, 4),
    27: (1, 8),
    28: (1, 8),
    30: (1, 2),
    2: (32, 18),
    3: (32, 20),
    6: (32, 22),
    7: (32, 24),
    8: (32, 34),
    20: (32, 18),
    39: (32, 17),
    40: (64, 36),
    41: (128, 18),
    10: (256, 84),
    11: (256, 110),
    12: (256, 144),
    13: (256, 176),
    14: (256, 210),
    15: (256, 292),
    16: (256, 66),
    17: (256, 74),
    18: (256, 98),
    19: (256, 50),
    21: (256, 110),
    22: (256, 82),
    23: (256, 136),
    29: (256, 56),
    34: (256, 54),
    35: (256, 66),
}
"""(Values, bytes) of a block of tensor data, by type; a type that is not here is left
to llama.cpp, and only the start of its data is checked."""
_MOST_DIMENSIONS = 4
_MOST_DEPTH = 4
_DEFAULT_ALIGNMENT = 32
_LONGEST_TEXT: Final = 65_536
_MOST: Final = 1 << 24
"""More pairs, tensors or tokens than any model has: the file is damaged."""
_KEPT = ("general.architecture", "general.type")
_TOKENS = "tokenizer.ggml.tokens"
_KINDS_OF_TOKENS = "tokenizer.ggml.token_type"
_NORMAL, _BYTE = 1, 6
"""Types of tokens that are only text: those learnt, and single bytes."""
_INT32 = 5
_BLOCK = re.compile(r"(?:enc\.|dec\.)?blk\.(\d{1,9})\.")
_ALIGNMENT = "general.alignment"
_CONTEXT = ".context_length"
_PART = re.compile(r"-(\d{5})-of-(\d{5})\.gguf$")


class BrokenGGUF(ValueError):
    """A file is no GGUF file that can be loaded; says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What a whole GGUF file holds."""

    version: int
    architecture: str | None
    """Architecture of the model, such as ``llama``; of an adapter's base model too."""
    kind: str | None
    """``model``, ``adapter``, ...; ``None`` where an older file does not say."""
    context: int | None
    """Tokens for which the model was trained."""
    tensors: int
    pairs: int
    special: tuple[int, ...] = ()
    """Tokens of the vocabulary that are no ordinary ones: control tokens and others."""
    tokens: int = 0
    """How many its vocabulary has; 0 where it has none."""
    numbers: Mapping[str, int | float] = field(default_factory=dict)
    """The values of metadata that are single numbers, by their keys."""
    last_block: int | None = None
    """The highest number of a block that has a tensor; ``None`` where none has."""

    def number(self, key: str) -> int | float | None:
        """Return a number that the metadata of its architecture give."""
        return self.numbers.get(f"{self.architecture}.{key}")


def read_header(path: Path) -> Header:
    """Read the header of a GGUF file, and check that all its data is there.

    The file is mapped, and nothing is allocated by a length that it claims.

    Raises:
        BrokenGGUF: says what is wrong, without the file's name.
        OSError: it cannot be opened.
    """
    with path.open("rb") as file:
        size = file.seek(0, 2)
        if not size:
            raise BrokenGGUF("it is empty")
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            return _parse(_Cursor(content, size))


def other_parts(path: Path) -> list[Path]:
    """Return the other files of a model in parts, ``NAME-00001-of-00003.gguf``."""
    found = _PART.search(path.name)
    if not found:
        return []
    number, count = int(found[1]), int(found[2])
    return [
        path.with_name(f"{path.name[: found.start()]}-{part:05d}-of-{count:05d}.gguf")
        for part in range(1, count + 1)
        if part != number
    ]


def _parse(cursor: _Cursor) -> Header:
    version = _version(cursor)
    tensors = cursor.count("its number of tensors")
    pairs = cursor.count("its number of metadata pairs")
    kept: dict[str, str] = {}
    numbers: dict[str, int | float] = {}
    special: tuple[int, ...] = ()
    tokens = 0
    for number in range(pairs):
        what = f"metadata pair {number + 1} of {pairs}"
        key = cursor.text(what)
        kind = cursor.whole(4, what)
        if key in _KEPT and kind == _STRING:
            kept[key] = cursor.text(what)
        elif kind in _FORMS:
            (numbers[key],) = struct.unpack(
                _FORMS[kind], cursor.take(_WIDTHS[kind], what)
            )
        elif key == _KINDS_OF_TOKENS and kind == _ARRAY:
            special = _special(cursor, what)
        else:
            if key == _TOKENS and kind == _ARRAY:
                tokens = cursor.ahead(4, 8)
            cursor.pass_value(kind, what)
    last = _tensors(cursor, tensors, numbers.get(_ALIGNMENT, _DEFAULT_ALIGNMENT))
    architecture = kept.get("general.architecture")
    context = numbers.get(f"{architecture}{_CONTEXT}")
    return Header(
        version=version,
        architecture=architecture,
        kind=kept.get("general.type"),
        context=context if isinstance(context, int) else None,
        tensors=tensors,
        pairs=pairs,
        special=special,
        tokens=tokens,
        numbers=numbers,
        last_block=last,
    )


def _tensors(cursor: _Cursor, count: int, alignment: float) -> int | None:
    """Read the descriptions of all tensors, and see that their data is there.

    Returns:
        The highest number of a block among their names.
    """
    if not isinstance(alignment, int) or alignment <= 0 or alignment & (alignment - 1):
        raise BrokenGGUF(f"its alignment, {alignment}, is no power of two")
    end, last = 0, None
    for number in range(count):
        what = f"the description of tensor {number + 1} of {count}"
        name = cursor.text(what)
        if found := _BLOCK.match(name):
            last = max(int(found[1]), last or 0)
        end = max(end, _tensor_end(cursor, what))
    needed = -(-cursor.place // alignment) * alignment + end
    if count and needed > cursor.size:
        raise BrokenGGUF(
            f"it is cut off: its {count:,} tensors need {needed:,} bytes and it has"
            f" {cursor.size:,}"
        )
    return last


def _special(cursor: _Cursor, what: str) -> tuple[int, ...]:
    """Return the places of the tokens that are not only text."""
    start = cursor.place
    kind, count = cursor.whole(4, what), cursor.whole(8, what)
    if kind != _INT32:
        # Of a type that llama.cpp does not read either.
        cursor.place = start
        cursor.pass_value(_ARRAY, what)
        return ()
    types = array("i", cursor.take(4 * count, what))
    if sys.byteorder == "big":
        types.byteswap()
    return tuple(i for i, each in enumerate(types) if each not in (_NORMAL, _BYTE))


def _version(cursor: _Cursor) -> int:
    magic = cursor.take(4, "its magic")
    if magic != MAGIC:
        if magic == MAGIC[: cursor.size]:
            raise BrokenGGUF("it is cut off within its first four bytes")
        raise BrokenGGUF(f"it is no GGUF file: it begins with {magic!r}, not {MAGIC!r}")
    version = cursor.whole(4, "its version")
    if version in VERSIONS:
        return version
    if not version & 0xFFFF:
        raise BrokenGGUF("it is of a big-endian machine; this one is little-endian")
    known = " and ".join(map(str, VERSIONS))
    remedy = (
        "convert the model again with a present llama.cpp"
        if version < min(VERSIONS)
        else "a newer pytest-llmlat or llama-cpp-python may know it"
    )
    raise BrokenGGUF(f"its GGUF version is {version}; {known} can be read; {remedy}")


def _tensor_end(cursor: _Cursor, what: str) -> int:
    """Return where a tensor's data ends, counted from where all data begins."""
    dimensions = cursor.whole(4, what)
    if dimensions > _MOST_DIMENSIONS:
        raise BrokenGGUF(f"{what} says {dimensions:,} dimensions; 4 are possible")
    values = 1
    for _ in range(dimensions):
        values *= cursor.whole(8, what)
    kind = cursor.whole(4, what)
    offset = cursor.whole(8, what)
    block = _BLOCKS.get(kind)
    if block is None:
        return offset
    return offset + -(-values // block[0]) * block[1]


class _Cursor:
    """A place in a mapped file that never goes past the file's end."""

    __slots__ = ("_content", "place", "size")

    def __init__(self, content: mmap.mmap, size: int) -> None:
        self._content = content
        self.place = 0
        self.size = size

    def take(self, length: int, what: str) -> bytes:
        start = self.place
        self.skip(length, what)
        return self._content[start : self.place]

    def skip(self, length: int, what: str) -> None:
        if length > self.size - self.place:
            raise BrokenGGUF(
                f"it is cut off or damaged: {what} needs {length:,} bytes from"
                f" {self.place:,} on, and the file has {self.size:,} in all"
            )
        self.place += length

    def whole(self, width: int, what: str) -> int:
        return int.from_bytes(self.take(width, what), "little")

    def ahead(self, skipped: int, width: int) -> int:
        """Return a whole number some bytes ahead, without going there."""
        start = self.place + skipped
        return int.from_bytes(self._content[start : start + width], "little")

    def count(self, what: str) -> int:
        count = self.whole(8, what)
        if count > _MOST:
            raise BrokenGGUF(f"it is damaged: {what} is {count:,}")
        return count

    def text(self, what: str) -> str:
        length = self.whole(8, what)
        if length > _LONGEST_TEXT:
            raise BrokenGGUF(f"it is damaged: {what} has a name of {length:,} bytes")
        return self.take(length, what).decode(errors="replace")

    def pass_value(self, kind: int, what: str, depth: int = 0) -> None:
        if kind == _STRING:
            self.skip(self.whole(8, what), what)
        elif kind == _ARRAY:
            self._pass_array(what, depth)
        elif kind in _WIDTHS:
            self.skip(_WIDTHS[kind], what)
        else:
            raise BrokenGGUF(f"it is damaged: {what} is of type {kind:,}, unknown")

    def _pass_array(self, what: str, depth: int) -> None:
        if depth > _MOST_DEPTH:
            raise BrokenGGUF(f"it is damaged: {what} has arrays within arrays")
        kind = self.whole(4, what)
        count = self.whole(8, what)
        if kind in _WIDTHS:
            self.skip(count * _WIDTHS[kind], what)
            return
        if count > _MOST:
            raise BrokenGGUF(f"it is damaged: {what} has {count:,} values")
        if kind == _STRING:
            self._pass_texts(count, what)
            return
        for _ in range(count):
            self.pass_value(kind, what, depth + 1)

    def _pass_texts(self, count: int, what: str) -> None:
        # A vocabulary has some 100,000 of them, so this loop is kept short.
        length_at = struct.Struct("<Q").unpack_from
        content, place, last = self._content, self.place, self.size - 8
        for _ in range(count):
            if place > last:
                break
            place += 8 + length_at(content, place)[0]
        else:
            self.skip(place - self.place, what)
            return
        self.skip(max(place, self.size) + 1 - self.place, what)
