"""The head of a safetensors file: every tensor's type, shape and place, checked.

Layout: eight bytes that say how long the header is (little-endian), the header, which
is JSON, and the data. Nothing is allocated by a length that the file claims.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_llmlat.values.json_objects import without_doubles

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_LONGEST_HEADER = 100_000_000
"""What safetensors itself allows, in bytes."""
_BITS: Mapping[str, int] = {
    "F64": 64,
    "I64": 64,
    "U64": 64,
    "C64": 64,
    "F32": 32,
    "I32": 32,
    "U32": 32,
    "F16": 16,
    "BF16": 16,
    "I16": 16,
    "U16": 16,
    "I8": 8,
    "U8": 8,
    "BOOL": 8,
    "F8_E4M3": 8,
    "F8_E5M2": 8,
    "F8_E8M0": 8,
    "F8_E4M3FNUZ": 8,
    "F8_E5M2FNUZ": 8,
    "F6_E2M3": 6,
    "F6_E3M2": 6,
    "F4": 4,
}
"""Of one value; the data of a type that is not here is left to the library."""
_PREFIX = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredTensor:
    """One tensor of a file."""

    dtype: str
    shape: tuple[int, ...]
    begin: int
    end: int
    """Where its data lie, from the end of the header on."""


def stored_tensors(path: Path) -> dict[str, StoredTensor]:
    """Read the tensors of a safetensors file from its head.

    Raises:
        ValueError: it is not whole, or none, or says what cannot be; says in which way.
        OSError: it cannot be opened.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        length = int.from_bytes(file.read(_PREFIX), "little")
        if size < _PREFIX or length > min(size - _PREFIX, _LONGEST_HEADER):
            raise ValueError(f"it is cut off in its header, after {size} bytes")
        header = _header(file.read(length))
    found = {
        name: _tensor(name, told)
        for name, told in header.items()
        if name != "__metadata__"
    }
    end = max((tensor.end for tensor in found.values()), default=0)
    if size - _PREFIX - length != end:
        raise ValueError(
            f"it has {size - _PREFIX - length} bytes of weights where its header says"
            f" {end}"
        )
    _check_places(found)
    return found


def tensor_shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """Read the name and shape of every tensor; raises as :func:`stored_tensors`."""
    return {name: tensor.shape for name, tensor in stored_tensors(path).items()}


def _header(content: bytes) -> dict[str, Any]:
    try:
        header = json.loads(content, object_pairs_hook=without_doubles)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"its header is no JSON: {error!s:.200}") from error
    if not isinstance(header, dict):
        raise ValueError("its header is no JSON object")  # noqa: TRY004 - a malformed file
    return header


def _tensor(name: str, told: Any) -> StoredTensor:  # noqa: ANN401 - JSON
    try:
        shape = tuple(_count(number) for number in told["shape"])
        begin, end = (_count(number) for number in told["data_offsets"])
        dtype = told.get("dtype", "")
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ValueError(f"its header is broken at {name!r:.100}") from error
    if end < begin:
        raise ValueError(f"tensor {name!r:.100} ends at {end}, before it begins")
    bits = _BITS.get(dtype if isinstance(dtype, str) else "")
    needed = None if bits is None else math.prod(shape) * bits / 8
    if needed is not None and needed != end - begin:
        raise ValueError(
            f"tensor {name!r:.100} of type {dtype} and shape {list(shape)} needs"
            f" {needed:.0f} bytes, and has {end - begin}"
        )
    return StoredTensor(dtype=str(dtype), shape=shape, begin=begin, end=end)


def _check_places(found: Mapping[str, StoredTensor]) -> None:
    """See that tensors lie one behind the other, none over another."""
    place, before = 0, "its header"
    for name, tensor in sorted(found.items(), key=lambda pair: pair[1].begin):
        if tensor.begin != place:
            where = "over" if tensor.begin < place else "not right behind"
            raise ValueError(f"tensor {name!r:.100} lies {where} {before!r:.100}")
        place, before = tensor.end, name


def _count(number: object) -> int:
    if isinstance(number, bool) or not isinstance(number, int) or number < 0:
        raise ValueError(number)
    return number
