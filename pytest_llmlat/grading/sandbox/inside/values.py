"""How values cross between the tests and the candidate: by what they are, exactly.

A message has a *heap*, the mutable values by number, and *terms* that refer to it, so
that aliases, cycles and identity survive the crossing. A term is a JSON scalar where
JSON has the very value, else a list whose first item says what it is::

    null true 7 "text" 0.5      themselves
    ["i", "-0x…"]               an integer beyond 64 bits
    ["f", "nan"]                inf, -inf, nan
    ["u", [55296, …]]           a text with lone surrogates, as code points
    ["c", re, im]  ["b", "…"]   complex; bytes in base64
    ["t", …]  ["z", …]          tuple; frozenset
    ["g", start, stop, step]    range
    ["D", "0.30"]  ["q", n, d]  Decimal; Fraction
    ["e", 738886]               date, as its ordinal
    ["h", …]  ["p", …]          time; datetime: their parts, fold, UTC offset or null
    ["a", days, seconds, µs]    timedelta
    ["r", 3]                    what lies at number 3 of the heap

An entry of the heap is ``[tag, content]``: ``l`` list, ``d`` dict as pairs, ``s`` set,
``y`` bytearray, ``q`` deque as its greatest length and items, ``o`` an object as class
name and fields, ``n`` an iterator as the items that it gave, ``k`` ``v`` ``m`` the
views of a dict, ``x`` anything else.

Nothing of the message is ever executed to decode it: no pickle, no import, and no
constructor but those of the standard library's numbers, dates and containers, whose
arguments are checked.
"""

from __future__ import annotations

from datetime import datetime, time, timezone
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from decimal import Decimal

Term: TypeAlias = "bool | int | float | str | list[Term] | None"
Entry: TypeAlias = "list[Term]"

MAX_ITEMS = 10_000
"""How many items of an iterator cross; asking for more is an error."""
MAX_DIGITS = 10_000
"""How many digits, and how large an exponent, a Decimal has that crosses."""


class Uncrossable(Exception):
    """A value has no exact form on the other side."""


class Malformed(Exception):
    """A message is not what it should be; nobody but hostile code sends such."""


class Opaque:
    """Stands for a value of the candidate that has no exact form here.

    It is equal to nothing, neither true nor false, and has no operation.
    """

    def __init__(self, type_name: str) -> None:
        """Keep the name of its type, for the note."""
        self.type_name = type_name

    def __repr__(self) -> str:
        """Name the type."""
        return f"<{self.type_name} object>"

    def __eq__(self, other: object) -> bool:
        """Equal nothing, itself included."""
        return False

    def __ne__(self, other: object) -> bool:
        """Differ from everything, itself included."""
        return True

    __hash__ = object.__hash__

    def __bool__(self) -> bool:
        """Refuse to be a condition."""
        raise TypeError(f"{self!r} does not cross, so it is neither true nor false")


def is_short(value: Decimal) -> bool:
    """Say whether a Decimal may cross: a huge one is cheap to write and dear to use."""
    _, digits, exponent = value.as_tuple()
    return len(digits) <= MAX_DIGITS and (
        not isinstance(exponent, int) or abs(exponent) <= MAX_DIGITS
    )


def is_fixed(value: time | datetime) -> bool:
    """Say whether a time may cross: it has no zone, or a fixed offset from UTC."""
    return value.tzinfo is None or type(value.tzinfo) is timezone


def fields(value: object) -> dict[str, object]:
    """Return the fields of an object: its slots, then its dictionary."""
    found: dict[str, object] = {}
    for base in type(value).__mro__:
        slots = base.__dict__.get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            if not name.startswith("__") and hasattr(value, name):
                found[name] = object.__getattribute__(value, name)
    found.update(getattr(value, "__dict__", {}))
    return found
