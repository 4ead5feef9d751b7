"""The calibration plot of a judged cell: the panel's grades against people's labels."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_llmlat.values.records import Cell, Record

_SIZE = 100.0
_LEAST, _MOST = 1.4, 6.0
"""Radius of a circle of one answer, and the largest one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationDot:
    """A circle: where it stands on a square of 100, and how large it is."""

    across: float
    down: float
    radius: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationPlot:
    """The circles of one cell, and what they are of."""

    told: str
    dots: tuple[CalibrationDot, ...]


@dataclass(slots=True)
class LabelledGrades:
    """Counts of the panel's grades beside labels, gathered in one pass."""

    counts: Counter[tuple[float, float]] = field(default_factory=Counter)

    def add(self, record: Record) -> None:
        """Count a record that both have graded."""
        if record.label is not None and record.graded and record.votes:
            self.counts[round(record.grade.value, 3), round(record.label, 3)] += 1


def calibration_plots(
    told: Iterable[tuple[Cell, LabelledGrades]],
) -> list[CalibrationPlot]:
    """Return the plot of each cell of which people have labelled answers."""
    return [
        CalibrationPlot(
            told=f"{cell.task}, {cell.model} on {cell.device}:"
            f" {sum(grades.counts.values())} labelled answers",
            dots=tuple(_dots(grades.counts)),
        )
        for cell, grades in told
        if grades.counts
    ]


def _dots(counts: Counter[tuple[float, float]]) -> Iterable[CalibrationDot]:
    for (panel, people), count in sorted(counts.items()):
        yield CalibrationDot(
            across=panel * _SIZE,
            down=_SIZE - people * _SIZE,
            radius=min(_MOST, _LEAST * math.sqrt(count)),
        )
