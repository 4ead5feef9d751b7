"""Spaces of settings: keys with the values that each may have, some on a condition."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from random import Random

    from pytest_llmlat.values.entities import Scalar

MOST_LISTED = 4096
"""Number of settings up to which a space is written out."""
_WIDEST = 64
"""Whole numbers of a range up to which each counts as a value of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberRange:
    """Numbers between two bounds, both included."""

    low: float
    high: float
    step: float | None = None
    """Distance between neighbours, from ``low`` on; ``None`` for any number."""
    log: bool = False
    """Whether a doubling counts as much at either end."""
    whole: bool = False

    @property
    def listed(self) -> tuple[float, ...] | None:
        """All its values; ``None`` where they are too many, or not countable."""
        step = 1 if self.whole and self.step is None else self.step
        if step is None or (self.log and self.step is None):
            return None
        count = math.floor((self.high - self.low) / step + 1e-9) + 1
        if count > _WIDEST and self.step is None:
            return None
        return tuple(self._made(self.low + place * step) for place in range(count))

    def at(self, share: float) -> float:
        """Return the number at a share of the way from ``low`` to ``high``."""
        if self.log:
            value = math.exp(
                math.log(self.low) + share * math.log(self.high / self.low)
            )
        else:
            value = self.low + share * (self.high - self.low)
        if self.step is not None:
            value = self.low + self.step * round((value - self.low) / self.step)
        return self._made(min(self.high, max(self.low, value)))

    def _made(self, value: float) -> float:
        return round(value) if self.whole else float(f"{value:.6g}")


@dataclass(frozen=True, slots=True, kw_only=True)
class SpaceKey:
    """A key of a space: what is varied, and the values that it may have."""

    name: str
    values: tuple[Scalar | None, ...] = ()
    """Values in turn; ``None`` is what the entry says. Empty for a range."""
    range: NumberRange | None = None
    when: tuple[tuple[str, tuple[Scalar | None, ...]], ...] = ()
    """Other keys, each with the values of which it must have one; else this key is as
    the entry says."""

    def holds(self, chosen: Mapping[str, Scalar | None]) -> bool:
        """Whether the key counts beside what was chosen for others."""
        return all(key in chosen and chosen[key] in few for key, few in self.when)

    @property
    def listed(self) -> tuple[Scalar | None, ...] | None:
        """All its values; ``None`` where they cannot be listed."""
        return self.range.listed if self.range is not None else self.values

    def drawn(self, source: Random) -> Scalar | None:
        """Return one of its values, each as likely as the others."""
        if self.range is not None:
            return self.range.at(source.random())
        return self.values[int(source.random() * len(self.values))]


@dataclass(frozen=True, slots=True)
class Setting:
    """One combination of values, by their keys; what is not among them is as it was."""

    values: tuple[tuple[str, Scalar], ...] = ()

    @classmethod
    def of(cls, chosen: Mapping[str, Scalar | None]) -> Setting:
        """Return the setting of what was chosen; ``None`` leaves the entry's own."""
        return cls(tuple((k, v) for k, v in chosen.items() if v is not None))

    @property
    def name(self) -> str:
        """The setting as it is typed: ``threads=2,dtype=bfloat16``."""
        return ",".join(f"{key}={_written(value)}" for key, value in self.values)


@dataclass(frozen=True, slots=True)
class SearchSpace:
    """The settings among which the best is looked for."""

    keys: tuple[SpaceKey, ...]
    """Keys in an order in which conditions name earlier ones."""

    def settings(self) -> tuple[Setting, ...] | None:
        """Return all settings, each once; ``None`` where they are too many to list."""
        if any(key.listed is None for key in self.keys):
            return None
        found: dict[Setting, None] = {}
        for chosen in self._chosen({}, 0):
            found[Setting.of(chosen)] = None
            if len(found) > MOST_LISTED:
                return None
        return tuple(found)

    def drawn(self, source: Random) -> Setting:
        """Return a setting by chance."""
        chosen: dict[str, Scalar | None] = {}
        for key in self.keys:
            if key.holds(chosen):
                chosen[key.name] = key.drawn(source)
        return Setting.of(chosen)

    def _chosen(
        self, chosen: Mapping[str, Scalar | None], place: int
    ) -> Iterator[Mapping[str, Scalar | None]]:
        if place == len(self.keys):
            yield chosen
            return
        key = self.keys[place]
        if not key.holds(chosen):
            yield from self._chosen(chosen, place + 1)
            return
        for value in key.listed or ():
            yield from self._chosen({**chosen, key.name: value}, place + 1)


def _written(value: Scalar) -> str:
    """Write a value as a part of a model's name: on one line, and of no cell's id."""
    if isinstance(value, bool):
        return str(value).lower()
    return "".join(
        each if each.isprintable() and each != "|" else _escaped(each)
        for each in str(value)
    )


def _escaped(letter: str) -> str:
    return r"\x7c" if letter == "|" else letter.encode("unicode_escape").decode("ascii")
