"""From a message to values: see ``values`` for its form.

The judge reads messages of hostile code with this: every part is checked.
"""

from __future__ import annotations

import math
from base64 import b64decode
from collections import deque
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, TypeAlias

from .crossing_values import (
    DATA_TYPES,
    DICTS,
    MAX_DIGITS,
    MAX_ITEMS,
    Malformed,
    Opaque,
    Term,
    are_fields,
    fields,
    is_short,
    named_tuple,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

Resolve: TypeAlias = "Callable[[str, list[Term]], object]"


class Decoder:
    """Builds values from terms."""

    def __init__(
        self,
        classes: Mapping[str, type],
        known: Sequence[object] = (),
        *,
        handle: Resolve | None = None,
    ) -> None:
        """Know what lies at the first numbers of the heap already.

        Args:
            classes: the classes whose objects are built field by field.
            known: what this side numbered before; it is changed in place.
            handle: gives what a term stands for whose value stays with the other
                side; without it there is no such term.
        """
        self._handle = handle
        self._classes = classes
        self._known = len(known)
        self._heap = list(known)
        self._later: list[Callable[[], None]] = []
        self.filled: list[tuple[object, dict[str, object]]] = []
        """Objects whose fields were set, and what they were before."""

    def read(self, heap: Term) -> list[object]:
        """Build every entry of ``heap`` and return the values by number.

        Raises:
            Malformed: it is not a heap.
        """
        if not isinstance(heap, list) or len(heap) < self._known:
            raise Malformed("the heap is no list, or shorter than what was sent")
        try:
            for number, entry in enumerate(heap):
                if number >= self._known:
                    self._heap.append(self._shell(entry))
            for number, entry in enumerate(heap):
                if entry is not None:
                    self._fill(self._heap[number], entry)
            # What hashes its content comes last, when all content is there.
            for fill in self._later:
                fill()
        except (ValueError, TypeError, IndexError, RecursionError) as wrong:
            raise Malformed(str(wrong)) from wrong
        return self._heap

    def value(self, term: Term) -> object:
        """Return the value of ``term``.

        Raises:
            Malformed: it is not a term.
        """
        if not isinstance(term, list):
            return term
        try:
            return READERS[str(term[0])](self, term[1:])
        except (
            ValueError,
            TypeError,
            IndexError,
            KeyError,
            RecursionError,
            MemoryError,
            ArithmeticError,
        ) as wrong:
            raise Malformed(f"not a value: {wrong}") from wrong

    def handle(self, tag: str, rest: list[Term]) -> object:
        """Return what stands here for a value of the other side."""
        if self._handle is None:
            raise Malformed("a value that stays elsewhere")
        return self._handle(tag, rest)

    def named(self, rest: list[Term]) -> object:
        """Return a named tuple."""
        name, names, *items = rest
        texts = tuple(parts(names))
        if (
            not isinstance(name, str)
            or not name.isidentifier()
            or (not are_fields(texts) or len(items) != len(texts))
        ):
            raise Malformed("no named tuple")
        values = tuple(self.value(item) for item in items)
        if any(map(callable, values)):
            return values  # a type under the name "startswith" would be a method
        return named_tuple(name, texts)(values)  # type: ignore[arg-type]  # as checked

    def at(self, number: int) -> object:
        """Return what lies at a number of the heap."""
        return self._heap[number]

    def _shell(self, entry: Term) -> object:
        tag, content = _entry(entry)
        if tag == "o":
            return self._new_object(content)
        if tag == "n":
            return replay(self._later, self, content)
        if tag in {"k", "v", "m"}:
            return self._view(tag, content)
        if tag == "x":
            return Opaque(str(content))
        if tag == "q":
            longest = parts(content)[0]
            return deque(maxlen=None if longest is None else _whole(longest))
        kinds: dict[str, type] = {"l": list, "s": set, "y": bytearray, **DICTS}
        return kinds[tag]()

    def _new_object(self, content: Term) -> object:
        if not isinstance(content, list):
            raise Malformed("an object without fields")
        built = self._classes.get(str(content[0]))
        return Opaque(str(content[0])) if built is None else object.__new__(built)

    def _view(self, tag: str, content: Term) -> object:
        behind: dict[object, object] = {}

        def fill() -> None:
            items = [self.value(term) for term in parts(content)]
            if tag == "k":
                behind.update(dict.fromkeys(items))
            elif tag == "v":
                behind.update(enumerate(items))
            else:
                behind.update(items)  # type: ignore[arg-type]  # pairs, or Malformed

        self._later.append(fill)
        views = {"k": behind.keys, "v": behind.values, "m": behind.items}
        return views[tag]()

    def _fill(self, value: object, entry: Term) -> None:
        tag, content = _entry(entry)
        if tag == "l" and type(value) is list:
            value[:] = [self.value(term) for term in parts(content)]
        elif tag == "q" and isinstance(value, deque):
            longest, items = parts(content)
            if longest != value.maxlen:
                raise Malformed("a deque of another greatest length")
            value.clear()
            value.extend(self.value(term) for term in parts(items))
        elif tag in DICTS and isinstance(value, dict):
            self._later.append(lambda: self._fill_dict(value, content))
        elif tag == "s" and isinstance(value, set):
            self._later.append(lambda: self._fill_set(value, content))
        elif tag == "y" and isinstance(value, bytearray):
            value[:] = b64decode(str(content), validate=True)
        elif tag == "o" and isinstance(content, list):
            self._fill_object(value, content)
        elif tag not in {"n", "k", "v", "m", "x"}:
            raise Malformed(
                f"{tag!r} cannot take the place of a {type(value).__name__}"
            )

    def _fill_dict(self, value: dict[object, object], content: Term) -> None:
        pairs = [(self.value(key), self.value(item)) for key, item in _pairs(content)]
        value.clear()
        for key, item in pairs:
            value[key] = item  # noqa: PERF403 - a Counter counts in ``update``

    def _fill_set(self, value: set[object], content: Term) -> None:
        items = [self.value(term) for term in parts(content)]
        value.clear()
        value.update(items)

    def _fill_object(self, value: object, content: list[Term]) -> None:
        if isinstance(value, Opaque):
            return
        pairs = [(str(self.value(k)), self.value(v)) for k, v in _pairs(content[1])]
        before = fields(value)
        self.filled.append((value, before))
        for name in before:
            object.__delattr__(value, name)
        for name, field in pairs:
            if not name.isidentifier() or name.startswith("__"):
                raise Malformed(f"{name!r} is no field")
            object.__setattr__(value, name, field)


def replay(
    later: list[Callable[[], None]], decoder: Decoder, content: Term
) -> Iterator[object]:
    """Return an iterator that gives the items that the original gave."""
    items: list[object] = []
    terms, ended = parts(content)
    later.append(
        lambda: items.extend(decoder.value(term) for term in parts(terms)),
    )

    def give() -> Iterator[object]:
        yield from items
        if not ended:
            raise RuntimeError(f"an iterator crosses with at most {MAX_ITEMS} items")

    return give()


READERS: Mapping[str, Callable[[Decoder, list[Term]], object]] = {
    "i": lambda _, rest: int(str(rest[0]), 16),
    "f": lambda _, rest: {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}[
        str(rest[0])
    ],
    "u": lambda _, rest: "".join(chr(int(str(code))) for code in parts(rest[0])),
    "c": lambda it, rest: complex(*(_number(it.value(part)) for part in rest)),
    "b": lambda _, rest: b64decode(str(rest[0]), validate=True),
    "t": lambda it, rest: tuple(it.value(part) for part in rest),
    "z": lambda it, rest: frozenset(it.value(part) for part in rest),
    "g": lambda it, rest: range(*(_whole(it.value(part)) for part in rest)),
    "r": lambda it, rest: it.at(_index(rest[0])),
    "T": lambda it, rest: it.named(rest),
    "B": lambda _, rest: DATA_TYPES[str(rest[0])],
    **{
        tag: lambda it, rest, tag=tag: it.handle(tag, rest)  # type: ignore[misc]  # bound early
        for tag in "wWANE"
    },
    "D": lambda _, rest: _decimal(str(rest[0])),
    "q": lambda it, rest: Fraction(*(_whole(it.value(part)) for part in rest)),
    "e": lambda _, rest: date.fromordinal(_whole(rest[0])),
    "h": lambda it, rest: _clock(it, rest),  # noqa: PLW0108 - it is defined below
    "p": lambda it, rest: datetime.combine(
        date(*map(_whole, rest[:3])), _clock(it, rest[3:])
    ),
    "a": lambda _, rest: timedelta(*map(_whole, rest)),
}


def parts(term: Term) -> list[Term]:
    """Return a term that must be a list.

    Raises:
        Malformed: it is something else.
    """
    if isinstance(term, list):
        return term
    raise Malformed("a list is missing")


def _pairs(term: Term) -> list[list[Term]]:
    pairs = [parts(pair) for pair in parts(term)]
    if any(len(pair) != 2 for pair in pairs):  # noqa: PLR2004 - a pair
        raise Malformed("a pair is missing")
    return pairs


def _entry(term: Term) -> tuple[str, Term]:
    tag, content = parts(term)
    if not isinstance(tag, str) or tag not in "ldsyonkvmxqKOF":
        raise Malformed("an entry of no known kind")
    return tag, content


def _index(term: Term) -> int:
    if type(term) is int and term >= 0:
        return term
    raise Malformed("a number of the heap is missing")


def _whole(value: object) -> int:
    if type(value) is int:
        return value
    raise Malformed("an integer is missing")


def _decimal(text: str) -> Decimal:
    if len(text) > MAX_DIGITS + 100:
        raise Malformed("a decimal of more digits than cross")
    found = Decimal(text)
    if not is_short(found):
        raise Malformed("a decimal of more digits than cross")
    return found


def _clock(decoder: Decoder, rest: list[Term]) -> time:
    hour, minute, second, micros, fold, offset = rest
    shift = decoder.value(offset)
    if shift is not None and not isinstance(shift, timedelta):
        raise Malformed("an offset from UTC is missing")
    return time(
        *(_whole(hour), _whole(minute), _whole(second), _whole(micros)),
        tzinfo=None if shift is None else timezone(shift),
        fold=_whole(fold),
    )


def _number(value: object) -> float:
    if type(value) is float:
        return value
    raise Malformed("a float is missing")
