"""Figures that their definition alone says how to compute: gathered, then joined."""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, TypeVar

from pytest_llmlat.values.figure import NO_VALUES
from pytest_llmlat.values.figure_table import FIGURES
from pytest_llmlat.values.percentiles import joined_distribution

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from pytest_llmlat.values.cell_facts import CellFacts
    from pytest_llmlat.values.figure import RatioParts, RecordValues
    from pytest_llmlat.values.records import Record
    from pytest_llmlat.values.results import Distribution

Kept = TypeVar("Kept")


@dataclass(frozen=True, slots=True, kw_only=True)
class CensoredValues:
    """Values of a figure that is a distribution, of the records of a cell."""

    values: array[float]
    censored: int
    """How many more there are that are only known to be longer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RatioSums:
    """Both sums of a ratio over the records of a cell."""

    above: float
    below: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FigureParts:
    """What the records of a cell add to figures, by their names."""

    read: Mapping[str, CensoredValues]
    ratios: Mapping[str, RatioSums | None]
    """Sums of each ratio; ``None`` where it is not known of some record."""
    counts: Mapping[str, int | None]


def figure_parts(records: Sequence[Record]) -> FigureParts:
    """Return the parts of all figures, gathered from the records of one cell."""
    figures = FIGURES.values()
    return FigureParts(
        read={f.name: _values(f.read, records) for f in figures if f.read},
        ratios={f.name: _sums(f.ratio, records) for f in figures if f.ratio},
        counts={f.name: _count(f.count, records) for f in figures if f.count},
    )


def distributions(
    parts: Sequence[FigureParts],
) -> tuple[tuple[str, Distribution], ...]:
    """Join the distributions of cells as if their records were those of one."""
    return tuple(
        (
            name,
            joined_distribution(
                [each.read[name].values for each in parts],
                censored=sum(each.read[name].censored for each in parts),
            ),
        )
        for name in _names(each.read for each in parts)
    )


def numbers(
    parts: Sequence[FigureParts], facts: CellFacts | None = None
) -> tuple[tuple[str, float | None], ...]:
    """Join the ratios and counts of cells as if their records were those of one.

    Args:
        parts: of the cells.
        facts: of the cell, where it is one and no row.
    """
    ratios = _names(each.ratios for each in parts)
    counts = _names(each.counts for each in parts)
    found: dict[str, float | None] = {
        **{name: _ratio([each.ratios[name] for each in parts]) for name in ratios},
        **{name: _total([each.counts[name] for each in parts]) for name in counts},
    }
    for figure in FIGURES.values():
        if figure.told is not None and facts is not None:
            found[figure.name] = figure.told(facts)
    return tuple((name, found[name]) for name in FIGURES if name in found)


def parts_for_rows(parts: FigureParts) -> FigureParts:
    """Return the parts of a cell without the figures that only cells have."""
    return FigureParts(
        read=_of_rows(parts.read),
        ratios=_of_rows(parts.ratios),
        counts=_of_rows(parts.counts),
    )


def _of_rows(by_name: Mapping[str, Kept]) -> dict[str, Kept]:
    return {
        name: each
        for name, each in by_name.items()
        if FIGURES[name].row_meaning is not None
    }


def _names(parts: Iterable[Mapping[str, object]]) -> Iterable[str]:
    return dict.fromkeys(chain.from_iterable(parts))


def _ratio(sums: Sequence[RatioSums | None]) -> float | None:
    known = [each for each in sums if each is not None]
    below = sum(each.below for each in known)
    if len(known) < len(sums) or not below:
        return None
    return sum(each.above for each in known) / below


def _total(counts: Sequence[int | None]) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if len(known) == len(counts) else None


def _values(
    read: Callable[[Record], RecordValues], records: Sequence[Record]
) -> CensoredValues:
    values, censored = array("d"), 0
    for record in records:
        part = read(record)
        if part is NO_VALUES:
            continue
        values.extend(part.values)
        censored += part.censored
    return CensoredValues(values=values, censored=censored)


def _sums(
    ratio: Callable[[Record], RatioParts | None], records: Sequence[Record]
) -> RatioSums | None:
    above = below = 0.0
    for record in records:
        part = ratio(record)
        if part is None:
            continue
        if part.above is None or part.below is None:
            return None
        above, below = above + part.above, below + part.below
    return RatioSums(above=above, below=below)


def _count(
    count: Callable[[Record], int | None], records: Sequence[Record]
) -> int | None:
    return _total([count(record) for record in records])
