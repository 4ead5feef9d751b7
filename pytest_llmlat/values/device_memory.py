"""Memory of a model on one device, as its library told it and not computed."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceMemory:
    """Memory that a model takes on a device; what is not told is ``None``."""

    device: str
    """The library's name of the device, such as ``cpu`` or ``cuda:1``."""
    model_bytes: int | None = None
    """Weights and buffers of the model that lie there."""
    cache_bytes: int | None = None
    """Set aside there for keys and values of a whole context, whatever is asked; part
    of what is steady. ``None`` where the cache grows with each answer: what answering
    takes holds it then."""
    steady_bytes: int | None = None
    """Taken there after the last answer, when nothing is asked: the model, and what is
    kept from answer to answer."""
    peak_bytes: int | None = None
    """Highest since the cell began. Less what is steady it is what answering takes on
    top: the cache of keys and values, and what is computed with."""
    reusable_bytes: int | None = None
    """Freed, and kept by the library to use it again, beside what is steady."""

    @property
    def answering_bytes(self) -> int | None:
        """What answering takes on top of what is steady."""
        if self.peak_bytes is None or self.steady_bytes is None:
            return None
        return max(0, self.peak_bytes - self.steady_bytes)
