"""A base model kept between two deployments, so that adapters on it load it once.

The shelf has one place. A base lies there only while nobody uses it: two models that
are loaded at the same time never share one, since an adapter changes the layers of its
base while it is on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Hashable


class CachedBase(Protocol):
    """Something that holds memory until it is told to free it."""

    def free(self) -> None:
        """Give the memory back."""
        ...


B = TypeVar("B", bound=CachedBase)


class BaseCache:
    """One place for what the next deployment may use again."""

    def __init__(self) -> None:
        """Begin empty."""
        self._kept: tuple[Hashable, CachedBase] | None = None

    def take(self, key: Hashable, base: type[B]) -> B | None:
        """Return what lies there if it is the one; anything else is freed first.

        Args:
            key: all that makes one base different from another.
            base: the class that one backend's bases are of.

        Returns:
            What was kept under ``key``, no longer on the shelf; ``None`` if the caller
            has to load it, for which the memory is then free.
        """
        kept, self._kept = self._kept, None
        if kept is None:
            return None
        known, thing = kept
        if known == key and isinstance(thing, base):
            return thing
        del kept
        thing.free()
        return None

    def keep(self, key: Hashable, thing: CachedBase) -> None:
        """Lay something there; what lay there before is freed."""
        self.clear()
        self._kept = (key, thing)

    def clear(self) -> None:
        """Free what lies there, if anything does."""
        kept, self._kept = self._kept, None
        if kept is not None:
            kept[1].free()
