"""Values of other tools' JSON, each as ours or not at all.

A file of another tool is foreign input: of another version, edited, or cut off. What is
not of its kind is missing, never a guess.
"""

from __future__ import annotations

import math
from typing import Any

from pytest_llmlat.store.field_kinds import MOST

_LONGEST_S = 1e8
"""Longest time that is believed: three years."""
NS_OF = {"ns": 1.0, "us": 1e3, "µs": 1e3, "ms": 1e6, "s": 1e9, "sec": 1e9}
"""Nanoseconds of a unit, by its name in files."""


def number(value: Any) -> float | None:  # noqa: ANN401 - any JSON value
    """Return a finite number; ``None`` of anything else, truth values included."""
    if type(value) not in (int, float):
        return None
    try:
        found = float(value)
    except OverflowError:
        return None
    return found if math.isfinite(found) else None


def share(value: Any) -> float | None:  # noqa: ANN401 - any JSON value
    """Return a number between 0 and 1, also of a truth value; else ``None``."""
    if type(value) is bool:
        return float(value)
    found = number(value)
    return found if found is not None and 0 <= found <= 1 else None


def count(value: Any) -> int | None:  # noqa: ANN401 - any JSON value
    """Return a whole number from 0 on; ``None`` of anything else."""
    found = number(value)
    if found is None or found != int(found) or not 0 <= found < MOST:
        return None
    return int(found)


def text(value: Any) -> str:  # noqa: ANN401 - any JSON value
    """Return a text as it is, and of anything else its JSON-like form."""
    if isinstance(value, str):
        return value
    return "" if value is None else str(value)


def instant_ns(value: Any, unit: str = "ns") -> int | None:  # noqa: ANN401 - any JSON value
    """Return an instant in nanoseconds; ``None`` where it is none."""
    found = number(value)
    if found is None or unit not in NS_OF or found < 0:
        return None
    if unit == "ns" and type(value) is int:
        return value if value < MOST else None
    instant = found * NS_OF[unit]
    return round(instant) if instant < MOST else None


def span_ns(value: Any, unit: str) -> int | None:  # noqa: ANN401 - any JSON value
    """Return a duration in nanoseconds; ``None`` where it is none."""
    found = instant_ns(value, unit)
    return found if found is not None and found < _LONGEST_S * 1e9 else None


def table(value: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON value
    """Return a JSON object; an empty one of anything else."""
    return value if isinstance(value, dict) else {}


def listed(value: Any) -> list[Any]:  # noqa: ANN401 - any JSON value
    """Return a JSON list; an empty one of anything else."""
    return value if isinstance(value, list) else []
