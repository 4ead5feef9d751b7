"""Quantities as people type them: durations, sizes, and bounds on named figures."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from pytest_llmlat.values.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

SECONDS: Mapping[str, float] = {"s": 1, "ms": 1e-3, "us": 1e-6, "min": 60, "h": 3600}
"""Units of time in seconds; a bare number is seconds."""
BYTES: Mapping[str, float] = {
    "b": 1,
    **{f"{prefix}b": 1000**power for power, prefix in enumerate("kmgt", start=1)},
    **{f"{prefix}ib": 1024**power for power, prefix in enumerate("kmgt", start=1)},
}
"""Units of size in bytes; a bare number is bytes."""
_QUANTITY = re.compile(r"([0-9]*\.?[0-9]+(?:[eE][+-]?[0-9]+)?)\s*([a-zA-Zµ]*)")


def seconds(text: str, *, where: str) -> float:
    """Return a duration above 0 in seconds, from ``2``, ``2.5s`` or ``500ms``.

    Raises:
        UsageError: it is none.
    """
    return _quantity(text, SECONDS, where=where, example="2, 2.5s, 500ms or 3min")


def size(text: str, *, where: str) -> int:
    """Return a size above 0 in bytes, from ``1000``, ``512MB`` or ``1GiB``.

    Raises:
        UsageError: it is none.
    """
    found = round(_quantity(text, BYTES, where=where, example="1000, 512MB or 1GiB"))
    if not found:
        raise UsageError(f"{where}: {text!r} is less than a byte")
    return found


def named(
    text: str, known: tuple[str, ...], *, where: str, sign: str = "="
) -> dict[str, str]:
    """Split ``a=1 b=2`` at blanks or commas and check the names.

    Args:
        text: what was typed.
        known: the names that may stand there, each at most once.
        where: the option, for the complaint.
        sign: what stands between name and value.

    Raises:
        UsageError: shows the place and the grammar.
    """
    grammar = f"write NAME{sign}VALUE, separated by blanks; names: {', '.join(known)}"
    found: dict[str, str] = {}
    for part in re.split(r"[\s,]+", text.strip()):
        name, between, value = part.partition(sign)
        if name not in known or not between or not value:
            raise UsageError(f"{where}: {part!r} is not understood; {grammar}")
        if name in found:
            raise UsageError(f"{where}: {name!r} stands there twice; {grammar}")
        found[name] = value
    return found


def _quantity(
    text: str, units: Mapping[str, float], *, where: str, example: str
) -> float:
    match = _QUANTITY.fullmatch(text.strip())
    unit = match[2].replace("µ", "u").casefold() if match else ""
    if match is None or (unit and unit not in units):
        raise UsageError(f"{where}: {text!r} is not understood; write {example}")
    value = float(match[1]) * (units[unit] if unit else 1)
    if not 0 < value < math.inf:
        raise UsageError(f"{where}: {text!r} must be above 0 and finite")
    return value
