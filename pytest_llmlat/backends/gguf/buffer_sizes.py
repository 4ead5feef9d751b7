"""Memory that llama.cpp sets aside as it loads a model, read off its log.

It lays weights, cache and room to compute in buffers, and logs the size of each with
the device that it lies on: no other way tells what of a model lies on which of several
cards. Nothing is set aside later but scratch memory of a GPU's library.
"""

from __future__ import annotations

import re
from collections import defaultdict

from pytest_llmlat.values.device_memory import DeviceMemory

_LINE = re.compile(
    r"\A\S+:\s*(?P<place>\S+)\s+(?P<use>model|KV|RS|output|compute)"
    r" buffer size\s*=\s*(?P<mib>\d{1,12}(?:\.\d{1,6})?) MiB\s*\Z"
)
_ON_PROCESSOR = re.compile(r"(?:CPU|AMX|BLAS|KLEIDIAI)|.*_Host\Z", re.IGNORECASE)
_WAY = re.compile(r"_(?:Mapped|Private|Shared|Split|REPACK)\Z")
_CACHES = ("KV", "RS")
"""Keys and values, and the states of recurrent layers."""
_MIB = 1024**2


class BufferSizes:
    """Sizes of the buffers of a model that is being loaded."""

    def __init__(self) -> None:
        """Know of none yet."""
        self._sizes: dict[str, dict[str, float]] = defaultdict(
            lambda: defaultdict(float)
        )

    def note(self, line: str) -> None:
        """Take in a line of the log, if it tells of a buffer."""
        if found := _LINE.match(line):
            of_device = self._sizes[_device(found["place"])]
            of_device[found["use"]] += float(found["mib"])

    def by_device(self) -> tuple[DeviceMemory, ...]:
        """Return what was set aside on each device; nothing if none was told of.

        The log has hundredths of a MiB. No peak is told: on a GPU the library takes
        scratch memory besides.
        """
        return tuple(
            DeviceMemory(
                device=device,
                model_bytes=_size([mib for use, mib in uses.items() if use == "model"]),
                cache_bytes=_size([mib for use, mib in uses.items() if use in _CACHES]),
                steady_bytes=_size(list(uses.values())),
            )
            for device, uses in self._sizes.items()
        )


def _device(place: str) -> str:
    """Return the device of a buffer: what is pinned for a GPU lies in main memory."""
    return "cpu" if _ON_PROCESSOR.match(place) else _WAY.sub("", place)


def _size(mib: list[float]) -> int | None:
    return round(sum(mib) * _MIB) if mib else None
