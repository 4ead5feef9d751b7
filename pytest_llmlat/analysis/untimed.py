"""Cells and rows without figures of speed: what is missing is null, and never 0.

Answers that were taken from another run have no times, and those of two sittings that
do not agree are no times of one machine. Quality is theirs all the same.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from pytest_llmlat.values.figure_table import FIGURES
from pytest_llmlat.values.results import Distribution, Estimate, Summary

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmlat.values.cell_facts import CellFacts
    from pytest_llmlat.values.figure import FigureDefinition
    from pytest_llmlat.values.records import Record
    from pytest_llmlat.values.results import Standing

    Figured = TypeVar("Figured", Summary, Standing)

_OF_SPEED = frozenset(
    {
        *("geometric", "arithmetic", "harmonic", "proportional"),
        *("patient", "score_bias", "time_weight", "unjudged"),
    }
)
"""Figures that are made of speed although their unit is none of time."""
_OF_THE_MACHINE = frozenset({"load_s", "warmup_s", "wall_s", "constraint_compile_s"})
"""Times of no answer."""


def counted_times(facts: CellFacts, records: Sequence[Record]) -> Sequence[Record]:
    """Return the records of a cell, without times where none may count."""
    if facts.untimed is None:
        return records
    return [replace(record, timing=None) for record in records]


def without_times(found: Figured) -> Figured:
    """Return a cell or a row in which every figure of speed is missing."""
    gone = {f.name: f for f in FIGURES.values() if _is_of_speed(f)}
    own: dict[str, Any] = {
        name: _missing(figure) for name, figure in gone.items() if hasattr(found, name)
    }
    for group in ("figures", "numbers", "averages"):
        own[group] = tuple(
            (name, _missing(gone[name]) if name in gone else value)
            for name, value in getattr(found, group)
        )
    if isinstance(found, Summary):
        own |= {"steadiness": None, "missed": ()}
    return replace(found, **own)


def _is_of_speed(figure: FigureDefinition) -> bool:
    if figure.name in _OF_THE_MACHINE:
        return False
    return figure.timed or figure.name in _OF_SPEED


def _missing(figure: FigureDefinition) -> Estimate | Distribution | None:
    if figure.shape == "estimate":
        return Estimate(value=None)
    return Distribution() if figure.shape == "distribution" else None
