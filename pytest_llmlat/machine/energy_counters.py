"""Counters of energy: what one is, where they are looked for, and which are counted.

Each kind of counter is one :class:`EnergySource` of an open table (entry points of the
group ``pytest_llmlat.energy``; ours are named in ``pyproject.toml``). All of a
machine's counters are read one after the other, and what two of them count together is
counted once.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from pytest_llmlat.values.errors import BadExtension
from pytest_llmlat.values.extensions import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

EVERYTHING = "*"
"""Part of a counter that counts the whole machine, such as a meter at the wall."""
MOST_WATTS = 2_000.0
"""Power above which no counter of a computer is believed that does not tell its own
highest."""


class EnergyCounter(Protocol):
    """A counter of microjoules that only grows, but for where it wraps round."""

    @property
    def name(self) -> str:
        """Name for reports, such as ``RAPL package-0``."""
        ...

    @property
    def part(self) -> str:
        """Part of the machine that it counts; of two with one part one is counted."""
        ...

    @property
    def contains(self) -> frozenset[str]:
        """Parts that it counts too, of other counters; ``*`` stands for all."""
        ...

    @property
    def least_s(self) -> float:
        """Shortest window, in seconds, that its steps are fine enough for."""
        ...

    @property
    def range_uj(self) -> int | None:
        """Value behind which it begins at 0 again; ``None`` where it does not."""
        ...

    @property
    def most_w(self) -> float | None:
        """Highest power that it may count, in watts; ``None`` where unknown."""
        ...

    def read_uj(self) -> int | None:
        """Return its value, in microjoules; ``None`` where it cannot be read."""
        ...

    def close(self) -> None:
        """Give back what it holds open."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class EnergyPlace:
    """The place of a model whose energy is wanted."""

    kind: str
    """The most general device: ``cpu``, ``cuda``, ``rocm``, ``mps``."""
    cards: tuple[int, ...] = ()
    """Numbers of the cards that hold the model; none if it may be any."""
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundCounters:
    """The counters that a source found."""

    counters: tuple[EnergyCounter, ...] = ()
    sought: str = ""
    """What was looked for, and what came of it; empty where the place has no such
    counters."""
    left_out: tuple[str, ...] = ()
    """Counters that are there and count what these count too, each with the reason."""
    refused: bool = False
    """Whether a counter is there that cannot be read, so that the sum of the others
    would be too small."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EnergySource:
    """A kind of energy counters."""

    name: str
    find: Callable[[EnergyPlace], FoundCounters]
    """Returns the counters that a model at a place uses; raises nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedOnce:
    """Counters of which no two count the same."""

    counters: tuple[EnergyCounter, ...]
    left_out: tuple[str, ...]
    """The others, each with the reason."""


def check_source(name: str, value: object) -> EnergySource:
    """Return what was added to the table as a source of counters.

    Raises:
        TypeError: it is none.
    """
    if not isinstance(value, EnergySource):
        raise TypeError(f"{name!r} is no EnergySource")
    return value


ENERGY_SOURCES = Table("energy", "source of energy counters", check_source)


def counted_once(found: Sequence[EnergyCounter]) -> CountedOnce:
    """Return counters that do not overlap: the widest of those that do.

    Of two with one part the first counts. A counter whose part another one contains is
    left out, so that no joule is counted twice.
    """
    kept: dict[str, EnergyCounter] = {}
    left_out: list[str] = []
    for counter in found:
        if counter.part in kept:
            other = kept[counter.part].name
            left_out.append(f"{counter.name}: counts the same as {other}")
        else:
            kept[counter.part] = counter
    counted = []
    for counter in kept.values():
        wider = next((o.name for o in kept.values() if _holds(o, counter)), None)
        if wider is None:
            counted.append(counter)
        else:
            left_out.append(f"{counter.name}: {wider} contains it")
    return CountedOnce(counters=tuple(counted), left_out=tuple(left_out))


def _holds(wider: EnergyCounter, counter: EnergyCounter) -> bool:
    if wider is counter:
        return False
    if EVERYTHING in wider.contains:
        return EVERYTHING not in counter.contains
    return counter.part in wider.contains


def find_counters(
    place: EnergyPlace, sources: Mapping[str, EnergySource] = ENERGY_SOURCES
) -> FoundCounters:
    """Return the counters of a place from all sources, and what was looked for.

    Where one is there that cannot be read, there are none: a sum without it would
    flatter.
    """
    found: list[EnergyCounter] = []
    sought: list[str] = []
    left_out: list[str] = []
    refused = False
    for source in _working(sources):
        own = source.find(place)
        found += own.counters
        left_out += own.left_out
        refused |= own.refused
        if own.sought:
            sought.append(own.sought)
    if refused:
        for counter in found:
            counter.close()
        found = []
    return FoundCounters(
        counters=tuple(found),
        sought="; ".join(sought),
        left_out=tuple(left_out),
        refused=refused,
    )


def _working(sources: Mapping[str, EnergySource]) -> Iterable[EnergySource]:
    """Yield the sources that can be used; a broken one harms no measurement."""
    for name in sources:
        try:
            yield sources[name]
        except BadExtension:
            continue
