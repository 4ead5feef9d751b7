"""Gain of a score because wrong answers come sooner than right ones.

Speed is a mean over all samples, so a model that answers nonsense at once where it
would have been wrong anyhow is faster, and no less right: 0.500 becomes 0.612. It may
be wanted, since a wrong answer is worth no waiting; but it must be seen.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pytest_llmlat.analysis import student_t as student
from pytest_llmlat.analysis.resampling import CONFIDENCE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmlat.analysis.item_units import Units
    from pytest_llmlat.values.records import Record

LEAST_GAIN = 0.02
"""Gain, in points of the score, below which it is not told."""
_FEWEST = 5
"""Number of right items, and of others, below which nothing is told."""


def patient_speed(
    records: Sequence[Record], own: Sequence[float], units: Units
) -> float | None:
    """Return the mean speed if wrong answers had taken as long as right ones.

    That of right answers; of grades in between, each speed counts by its grade.

    Args:
        records: of a cell.
        own: the speed of each.
        units: which of them are alike.

    Returns:
        ``None`` where it is not below the mean speed for certain (95 %): then nobody
        gains by giving up.
    """
    marks = [r.grade.value if r.graded else 0.0 for r in records]
    speeds, counts, earned, grades = units.sums_of(
        own, 1.0, [speed * mark for speed, mark in zip(own, marks, strict=True)], marks
    ).T
    whole, right = float(counts.sum()), float(grades.sum())
    fewest = min((grades > 0).sum(), (grades < counts).sum())
    if fewest < _FEWEST:
        return None
    mean, when_right = float(speeds.sum()) / whole, float(earned.sum()) / right
    influence = (speeds - mean * counts) / whole - (
        earned - when_right * grades
    ) / right
    error = math.sqrt(
        len(influence) / (len(influence) - 1) * float(influence @ influence)
    )
    reach = student.quantile((1 + CONFIDENCE) / 2, int(fewest) - 1) * error
    return when_right if mean - when_right > reach else None
