"""Messages between a process and one that it started, over a pipe.

Each is its kind, a letter, and its length in eight bytes, then its content.
"""

from __future__ import annotations

import os
import struct
from typing import IO

_HEAD = struct.Struct("!cQ")


def write(stream: IO[bytes], kind: bytes, content: bytes) -> None:
    """Write one message."""
    stream.write(_HEAD.pack(kind, len(content)))
    stream.write(content)
    stream.flush()


def read(stream: IO[bytes]) -> tuple[bytes, bytes] | None:
    """Read one message; ``None`` where there will be no other."""
    head = stream.read(_HEAD.size)
    if len(head) < _HEAD.size:
        return None
    kind, length = _HEAD.unpack(head)
    content = stream.read(length)
    return (kind, content) if len(content) == length else None


def own_output() -> IO[bytes]:
    """Return the pipe to whoever started this process.

    What libraries print goes elsewhere from then on: it must not stand among messages.
    """
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return out
