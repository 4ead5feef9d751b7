"""GGUF files for tests, byte by byte."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

UINT32, STRING, ARRAY, FLOAT32, BOOL = 4, 8, 9, 6, 7
F32, Q4_1 = 0, 3


def text(words: str) -> bytes:
    """Return a string of a GGUF file."""
    return struct.pack("<Q", len(words.encode())) + words.encode()


def pair(key: str, kind: int, value: bytes) -> bytes:
    """Return a metadata pair."""
    return text(key) + struct.pack("<I", kind) + value


def words(*values: str) -> bytes:
    """Return an array of strings."""
    return struct.pack("<IQ", STRING, len(values)) + b"".join(map(text, values))


def tensor(name: str, shape: Sequence[int], kind: int, offset: int) -> bytes:
    """Return the description of a tensor."""
    dimensions = struct.pack(f"<I{len(shape)}Q", len(shape), *shape)
    return text(name) + dimensions + struct.pack("<IQ", kind, offset)


PAIRS = (
    pair("general.architecture", STRING, text("llama")),
    pair("general.type", STRING, text("model")),
    pair("llama.context_length", UINT32, struct.pack("<I", 512)),
    pair("other.context_length", UINT32, struct.pack("<I", 7)),
    pair("tokenizer.ggml.tokens", ARRAY, words("<s>", "", "é")),
    pair("tokenizer.ggml.scores", ARRAY, struct.pack("<IQ3f", FLOAT32, 3, 0, 0, 0)),
    pair("nested", ARRAY, struct.pack("<IQ", ARRAY, 1) + words("a")),
    pair("flag", BOOL, b"\1"),
)
TENSORS = (
    tensor("a.weight", (4, 2), F32, 0),
    tensor("b.weight", (64,), Q4_1, 32),
)
DATA = 32 + 40
"""Bytes of data: 8 floats, and two blocks of 20 bytes."""


def a_file(
    pairs: Sequence[bytes] = PAIRS,
    tensors: Sequence[bytes] = TENSORS,
    *,
    version: int = 3,
    alignment: int = 32,
) -> bytes:
    """Return a whole GGUF file."""
    head = b"GGUF" + struct.pack("<IQQ", version, len(tensors), len(pairs))
    head += b"".join(pairs) + b"".join(tensors)
    return head + bytes(-len(head) % alignment) + bytes(DATA)
