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
    ["T", name, fields, …]      a named tuple
    ["B", "int"]                a type or an exception of Python's own

An entry of the heap is ``[tag, content]``: ``l`` list, ``d`` dict as pairs, ``s`` set,
``y`` bytearray, ``q`` deque as its greatest length and items, ``o`` an object as class
name and fields, ``n`` an iterator as the items that it gave, ``k`` ``v`` ``m`` the
views of a dict, ``K`` ``O`` ``F`` a Counter, an OrderedDict and a defaultdict (without
its factory) as pairs, ``x`` anything else. What crosses as a number by which the other
side asks for it, ``handles`` says.

Nothing of the message is ever executed to decode it: no pickle, no import, and no
constructor but those of the standard library's numbers, dates and containers, whose
arguments are checked.
"""

from __future__ import annotations

import builtins
import operator
from collections import Counter, OrderedDict, defaultdict
from datetime import datetime, time, timezone
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from decimal import Decimal

Term: TypeAlias = "bool | int | float | str | list[Term] | None"
TermEntry: TypeAlias = "list[Term]"

MAX_ITEMS = 10_000
"""How many items of an iterator cross; asking for more is an error."""
MAX_FIELDS = 100
"""How many names a tuple's items may have."""
DATA_NAMES = frozenset(
    {"int", "float", "complex", "bool", "str", "bytes", "bytearray", "list", "tuple"}
    | {"dict", "set", "frozenset", "range", "object"}
)
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

    def __getattr__(self, name: str) -> object:
        """Have no attribute, and say why."""
        raise AttributeError(
            f"{self!r} has no {name!r} here: it does not cross to the tests"
        )

    def __bool__(self) -> bool:
        """Refuse to be a condition."""
        raise TypeError(f"{self!r} does not cross, so it is neither true nor false")


DATA_TYPES = {
    kind.__name__: kind
    for kind in vars(builtins).values()
    if isinstance(kind, type)
    and (issubclass(kind, Exception) or kind.__name__ in DATA_NAMES)
}
"""The types that cross by name."""


DICTS = {"d": dict, "K": Counter, "O": OrderedDict, "F": defaultdict}
"""Kinds of dictionaries by their tags."""


def named_tuple(name: str, names: tuple[str, ...]) -> type[tuple[object, ...]]:
    """Return a class of named tuples, made without running any text."""
    space: dict[str, object] = {
        field: property(operator.itemgetter(place)) for place, field in enumerate(names)
    }
    space |= {
        "__slots__": (),
        "_fields": names,
        "_asdict": lambda self: dict(zip(names, self, strict=True)),
        "_replace": lambda self, **new: type(self)(
            new.get(field, value) for field, value in zip(names, self, strict=True)
        ),
        "__repr__": lambda self: (
            f"{name}("
            + ", ".join(f"{n}={v!r}" for n, v in zip(names, self, strict=True))
            + ")"
        ),
    }
    return type(name, (tuple,), space)


def field_names(value: tuple[object, ...]) -> tuple[str, ...] | None:
    """Return the names of a named tuple's items, ``None`` for another tuple."""
    names = getattr(type(value), "_fields", None)
    if type(names) is not tuple or len(names) != tuple.__len__(value):
        return None
    return names if are_fields(names) else None


def are_fields(names: tuple[object, ...]) -> bool:
    """Say whether texts can be the names of a tuple's items."""
    return len({*names}) == len(names) <= MAX_FIELDS and all(
        type(name) is str
        and name.isidentifier()
        and not name.startswith("_")
        and not hasattr(tuple, name)
        for name in names
    )


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
