"""Server-sent events, read from the parts of a body that has been received."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

BOM = b"\xef\xbb\xbf"
"""The mark of byte order, which some put before UTF-8, and a few before each line."""
_SLICE = 1 << 16
"""Bytes that are cut into lines at once: a part of line ends alone is as many lines."""


@dataclass(frozen=True, slots=True)
class Event:
    """One event: the lines of its data, each with the instant that completed it."""

    name: str
    data: tuple[tuple[int, bytes], ...]

    def count(self, signs: bytes) -> int:
        """Return how many of these signs, of a byte each, its data have."""
        return sum(line.count(sign) for _, line in self.data for sign in signs)


def events(
    parts: Iterable[tuple[int, bytes]], most: int | None = None
) -> Iterator[Event]:
    """Yield the events of a stream; the last one need not be ended.

    Args:
        parts: (instant of arrival, bytes), cut anywhere.
        most: after so many lines it is taken to be at its end; ``None`` reads all.
    """
    name, data = "", list[tuple[int, bytes]]()
    for stamp, line in islice(lines(parts), most):
        if not line:
            if data:
                yield Event(name, tuple(data))
            name, data = "", []
            continue
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"data":
            data.append((stamp, value))
        elif field == b"event":
            name = value.decode("utf-8", "replace")
        elif field == b"error":
            # No field of the standard: llama.cpp's server has had it for its errors.
            name = "error"
            data.append((stamp, value))
    if data:
        yield Event(name, tuple(data))


def lines(parts: Iterable[tuple[int, bytes]]) -> Iterator[tuple[int, bytes]]:
    r"""Yield (instant, line) for lines that end in ``\n``, ``\r\n`` or ``\r``.

    The instant is the arrival of the bytes that completed the line; for what is left
    at the end of the stream, of the last bytes.
    """
    held: list[bytes] = []
    after_return, stamp = False, 0
    for stamp, part in _slices(parts):
        rest = part
        if after_return:
            # The other half of a line end that was cut in two.
            rest, after_return = rest.removeprefix(b"\n"), False
        if b"\r" in rest:
            after_return = rest.endswith(b"\r")
            rest = rest.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        *whole, last = rest.split(b"\n")
        for line in whole:
            if held:
                held.append(line)
                line = b"".join(held)  # noqa: PLW2901 - the rest of a line begun before
                held.clear()
            yield stamp, line.removeprefix(BOM)
        if last:
            held.append(last)
    if held:
        line = b"".join(held)
        yield stamp, line.removeprefix(BOM)


def _slices(parts: Iterable[tuple[int, bytes]]) -> Iterator[tuple[int, bytes]]:
    """Cut long parts, so that no part is empty and none becomes many lines at once."""
    for stamp, part in parts:
        for begin in range(0, len(part), _SLICE):
            yield stamp, part[begin : begin + _SLICE]
