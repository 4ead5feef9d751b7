"""Kinds of values in a baseline's columns."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llmlat.values.sound_grade import is_quality

if TYPE_CHECKING:
    from collections.abc import Callable

_HEX = re.compile("[0-9a-f]{8}")


@dataclass(frozen=True, slots=True)
class ValueKind:
    """A kind of values: what those of a column may be."""

    what: str
    fits: Callable[[object], bool]


def whole(most: int) -> ValueKind:
    """Return the kind of whole numbers from 0 up to a bound."""
    # Not isinstance: True is an int too.
    return ValueKind(
        "a whole number, 0 or more",
        lambda value: (
            isinstance(value, int)
            and not isinstance(value, bool)
            and 0 <= value <= most
        ),
    )


def _is_number(value: object) -> bool:
    plain = isinstance(value, int | float) and not isinstance(value, bool)
    return plain and math.isfinite(value)  # type: ignore[arg-type] # told above


def one_of(*names: str) -> ValueKind:
    """Return the kind of some names."""
    return ValueKind(f"one of {', '.join(names)}", lambda value: value in names)


def or_none(kind: ValueKind) -> ValueKind:
    """Return a kind that allows ``None`` too."""
    return ValueKind(
        f"{kind.what}, or null", lambda value: value is None or kind.fits(value)
    )


TEXT = ValueKind("a text", lambda value: isinstance(value, str))
NUMBER = ValueKind("a finite number", _is_number)
AMOUNT = ValueKind(
    "a finite number, 0 or more",
    lambda value: _is_number(value) and value >= 0,  # type: ignore[operator]
)
BIT = whole(1)
QUALITY = ValueKind(
    "a number between 0 and 1",
    lambda value: _is_number(value) and is_quality(value),  # type: ignore[arg-type] # told above
)
DIGEST = ValueKind(
    "eight hex digits",
    lambda value: isinstance(value, str) and bool(_HEX.fullmatch(value)),
)
