"""Soundness of a grade, the same where a metric gives it and where a file has it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pytest_llmlat.values.records import Grade

_NUMBERS = {float, int}
_LARGEST = 1e100
"""Bound of every figure of a grade: sums of squares of such are finite."""
_ROUNDING = 1e-9
"""Excess over 1 that a quality may have, since sums are not exact."""


def is_quality(value: float) -> bool:
    """Whether a figure lies between 0 and 1, but for rounding."""
    return -_ROUNDING <= value <= 1 + _ROUNDING


def grade_fault(grade: Grade) -> str | None:
    """Say which field of a grade is unsound, and what it must be.

    Returns:
        ``None`` where all are sound. A figure that is no finite number would make one
        of all that it is averaged with.
    """
    if not _finite(grade.value):
        return f"value must be a finite float, not {grade.value!r:.60}"
    if type(grade.correct) not in (bool, type(None)):
        return f"correct must be a bool or None, not {grade.correct!r:.60}"
    if type(grade.note) not in (str, type(None)):
        return f"note must be a text or None, not {grade.note!r:.60}"
    if type(grade.details) is not tuple or not all(map(_detail, grade.details)):
        return f"details must be (name, finite float) pairs, not {grade.details!r:.60}"
    if grade.counts and not _counts(grade.counts):
        return f"counts must be finite floats, none below 0, not {grade.counts!r:.60}"
    return None


def _finite(value: Any) -> bool:  # noqa: ANN401 - any JSON value
    # Not isfinite: of a whole number of 400 digits there is no float.
    return type(value) in _NUMBERS and -_LARGEST < value < _LARGEST


def _detail(pair: Any) -> bool:  # noqa: ANN401 - whatever a metric gives
    return (
        type(pair) is tuple
        and len(pair) == 2  # noqa: PLR2004 - a pair
        and type(pair[0]) is str
        and _finite(pair[1])
    )


def _counts(counts: tuple[Any, ...]) -> bool:
    # In sums, for there are a score of them in each record of a corpus metric.
    known = set(map(type, counts)) <= _NUMBERS
    return known and sum(counts) < _LARGEST and min(counts) >= 0
