"""Messages that arrived together: a burst is one instant."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_llmlat.values.timing import Timing


def by_instant(timing: Timing) -> Timing:
    """Return a timing with one stamp for each read, which holds all of its tokens.

    A proxy that buffers hands over many messages at once. When each of them was
    generated is not known, only that all were by then.
    """
    if len(set(timing.stamps_ns)) == len(timing.stamps_ns):
        return timing
    tokens: dict[int, int] = {}
    for stamp, count in zip(timing.stamps_ns, timing.stamp_tokens, strict=True):
        tokens[stamp] = tokens.get(stamp, 0) + count
    return replace(timing, stamps_ns=tuple(tokens), stamp_tokens=tuple(tokens.values()))
