"""From values to a message: see ``values`` for its form."""

from __future__ import annotations

import itertools
import math
import sys
import types
from base64 import b64encode
from collections import OrderedDict, deque
from collections.abc import ItemsView, Iterator, KeysView, ValuesView
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any, TypeAlias

from .crossing_values import (
    DATA_TYPES,
    DICTS,
    MAX_FIELDS,
    MAX_ITEMS,
    Opaque,
    Term,
    TermEntry,
    Uncrossable,
    field_names,
    fields,
    is_fixed,
    is_short,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

Handle: TypeAlias = "Callable[[object], Term | None]"
PLAIN_BITS = 64
MAX_DEPTH = 100
"""How deep tuples and frozensets may nest; lists and dicts lie on the heap."""


class Encoder:
    """Turns values into terms, and collects the heap that they refer to."""

    def __init__(
        self,
        classes: Collection[str],
        known: Sequence[object] = (),
        *,
        strict: bool,
        handle: Handle | None = None,
        longest: int | None = None,
    ) -> None:
        """Start with ``known`` at the first numbers of the heap.

        Args:
            classes: names of the classes whose objects cross field by field.
            known: what the other side numbered before.
            strict: raise ``Uncrossable`` for other values, instead of sending an
                opaque one.
            handle: gives the term of a value that stays here, ``None`` for one that
                may not be asked for; without it none may.
            longest: give up early where the message would have more bytes than this.
        """
        self._left = longest
        self._classes = classes
        self._strict = strict
        self._handle = handle
        self._heap = list(known)
        self._known = len(known)
        self._numbers = {id(value): number for number, value in enumerate(known)}
        self._drained: dict[int, list[Term]] = {}

    def term(self, value: object, depth: int = 0) -> Term:
        """Return the term of ``value``.

        Raises:
            Uncrossable: it has none.
        """
        if value is None or value is True or value is False:
            return value
        if depth > MAX_DEPTH:
            raise Uncrossable(f"tuples nested more than {MAX_DEPTH} deep")
        for kind, encode in ATOMS.items():
            if isinstance(value, kind) and _has_form(value):
                return encode(value)
        if isinstance(value, tuple):
            return self._tuple(value, depth)
        if isinstance(value, frozenset):
            self._spend(frozenset.__len__(value))
            return ["z", *self.unordered(frozenset.__iter__(value), depth)]
        return self._elsewhere(value) or ["r", self._number(value)]

    def _tuple(self, value: tuple[object, ...], depth: int) -> Term:
        """Return the term of a tuple, with the names of its items if it has them."""
        self._spend(tuple.__len__(value))
        items = [self.term(item, depth + 1) for item in tuple.__iter__(value)]
        names = field_names(value)
        if names is None:
            return ["t", *items]
        return ["T", type(value).__name__[:MAX_FIELDS], [*names], *items]

    def _elsewhere(self, value: object) -> Term | None:
        """Return the term of what the other side knows or can ask for."""
        if isinstance(value, type) and DATA_TYPES.get(value.__name__) is value:
            return ["B", value.__name__]
        if self._handle is None or self._has_entry(value):
            return None
        return self._handle(value)

    def _has_entry(self, value: object) -> bool:
        """Say whether a value crosses as an entry of the heap."""
        kind = type(value)
        if kind.__name__ in self._classes:
            return True
        # A dictionary with methods of its own is an object, one of Python's a value.
        known = kind.__module__.partition(".")[0] in sys.stdlib_module_names
        return known and isinstance(value, (*CONTAINERS, *ITERATORS))

    def heap(self) -> list[TermEntry | None]:
        """Return every entry that the terms so far refer to, directly or not."""
        entries: list[TermEntry | None] = []
        while len(entries) < len(self._heap):
            entries.append(self._entry(len(entries)))
        return entries

    @property
    def values(self) -> list[object]:
        """The values on the heap, by number."""
        return self._heap

    def _number(self, value: object) -> int:
        number = self._numbers.get(id(value))
        if number is None:
            number = len(self._heap)
            self._heap.append(value)
            self._numbers[id(value)] = number
            if isinstance(value, Iterator):
                # Now and not later: what it does to the arguments must be seen.
                self._drained[number] = self._drain(value)
        return number

    def _spend(self, items: int) -> None:
        # An item takes two bytes at the least: itself and a comma.
        if self._left is not None:
            self._left -= 2 * items
            if self._left < 0:
                raise Uncrossable("it is longer than the limit")

    def _entry(self, number: int) -> TermEntry | None:
        value = self._heap[number]
        if number < self._known and isinstance(value, Opaque):
            return None  # the other side has it, and here nobody could change it
        if number in self._drained:
            return ["n", self._drained[number]]
        for kind, encode in CONTAINERS.items():
            if isinstance(value, kind):
                self._spend(len(value))  # type: ignore[arg-type]  # all of them have one
                return encode(self, value)
        name = type(value).__name__
        if name in self._classes:
            return ["o", [name, self.pairs(fields(value).items())]]
        if self._strict:
            raise Uncrossable(f"a value of type {name} does not cross to the candidate")
        return ["x", name[:100]]

    def ordered(self, items: Iterable[object]) -> list[Term]:
        """Return the terms of ``items``, one by one."""
        return [self.term(item) for item in items]

    def pairs(self, items: Collection[tuple[object, object]]) -> Term:
        """Return the terms of keys and values."""
        return [[self.term(key), self.term(value)] for key, value in items]

    def unordered(self, items: Iterator[object], depth: int = 0) -> list[Term]:
        """Return the terms of what has no order."""
        # By one order on both sides, so that an unchanged set is seen to be that.
        return sorted((self.term(item, depth + 1) for item in items), key=repr)

    def _drain(self, iterator: Iterator[object]) -> list[Term]:
        """Return the items, and how it went on: ended, or longer than allowed."""
        items = list(itertools.islice(iterator, MAX_ITEMS + 1))
        return [
            [self.term(item) for item in items[:MAX_ITEMS]],
            len(items) <= MAX_ITEMS,
        ]


def _has_form(value: object) -> bool:
    """Say whether an immutable value has an exact form that is fit to cross."""
    if isinstance(value, Decimal):
        return is_short(value)
    return is_fixed(value) if isinstance(value, time | datetime) else True


def _integer(value: int) -> Term:
    exact = int.__index__(value)
    return exact if exact.bit_length() <= PLAIN_BITS else ["i", hex(exact)]


def _float(value: float) -> Term:
    exact = float.__float__(value)
    return exact if math.isfinite(exact) else ["f", repr(exact)]


def _text(value: str) -> Term:
    exact = str.__str__(value)
    try:
        exact.encode()
    except UnicodeEncodeError:
        # JSON would join two lone surrogates into one character.
        return ["u", [ord(character) for character in exact]]
    return exact


def _complex(value: complex) -> Term:
    return ["c", _float(value.real), _float(value.imag)]


def _bytes(value: bytes) -> Term:
    return ["b", b64encode(value).decode()]


def _range(value: range) -> Term:
    return ["g", *map(_integer, (value.start, value.stop, value.step))]


def _decimal(value: Decimal) -> Term:
    return ["D", Decimal.__str__(value)]


def _fraction(value: Fraction) -> Term:
    return ["q", _integer(value.numerator), _integer(value.denominator)]


def _date(value: date) -> Term:
    return ["e", date.toordinal(value)]


def _time(value: time) -> Term:
    return ["h", *_clock(value)]


def _datetime(value: datetime) -> Term:
    return ["p", value.year, value.month, value.day, *_clock(value)]


def _clock(value: time | datetime) -> list[Term]:
    offset = None if value.tzinfo is None else _timedelta(value.tzinfo.utcoffset(None))
    parts = (value.hour, value.minute, value.second, value.microsecond, value.fold)
    return [*parts, offset]


def _timedelta(value: timedelta | None) -> Term:
    return (
        None if value is None else ["a", value.days, value.seconds, value.microseconds]
    )


def _dict_tag(value: dict[object, object]) -> str:
    """Return the tag of a dictionary; a class of somebody's own crosses as ``dict``."""
    return next((tag for tag, kind in DICTS.items() if type(value) is kind), "d")


ITERATORS = (
    types.GeneratorType,
    *map(type, (iter([]), iter(()), iter({}), iter(set()), iter(""), iter(range(0)))),
    *map(type, (iter({}.items()), iter({}.values()), reversed([]), iter(b""))),
    *(map, filter, zip, enumerate, itertools.chain, itertools.count, itertools.cycle),
    *(itertools.islice, itertools.accumulate, itertools.product, itertools.repeat),
    *(itertools.permutations, itertools.combinations, itertools.takewhile),
    *(itertools.starmap, itertools.zip_longest, itertools.dropwhile),
)
"""Iterators that are no objects of somebody's own class."""

ATOMS: Mapping[type, Callable[..., Term]] = {
    str: _text,
    int: _integer,
    float: _float,
    bytes: _bytes,
    complex: _complex,
    range: _range,
    Decimal: _decimal,
    Fraction: _fraction,
    datetime: _datetime,
    date: _date,
    time: _time,
    timedelta: _timedelta,
}
"""Immutable values without parts, by type; a subclass crosses as its base."""

CONTAINERS: Mapping[type, Callable[[Encoder, Any], TermEntry]] = {
    list: lambda it, value: ["l", it.ordered(list.__iter__(value))],
    OrderedDict: lambda it, value: [_dict_tag(value), it.pairs(value.items())],
    dict: lambda it, value: [_dict_tag(value), it.pairs(dict.items(value))],
    set: lambda it, value: ["s", it.unordered(set.__iter__(value))],
    bytearray: lambda _, value: ["y", b64encode(value).decode()],
    deque: lambda it, value: ["q", [value.maxlen, it.ordered(deque.__iter__(value))]],
    KeysView: lambda it, value: ["k", it.ordered(value)],
    ValuesView: lambda it, value: ["v", it.ordered(value)],
    ItemsView: lambda it, value: ["m", it.ordered(value)],
}
"""Mutable values and views of them, by type."""
