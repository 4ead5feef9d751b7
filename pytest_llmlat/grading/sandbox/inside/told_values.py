"""Objects of the candidate that were told a value of the tests.

A class whose tests compare what its methods return with ``==`` is judged by values: an
object equals none. But tests also ask how far a result is from the right one, as in
``abs(circle.area() - 12.57) < 0.01``, what it lacks (``cart.items() - {"a"}``) or what
of it is there (``flags.value() & 4``), and an object in its place would be told the
right one and could answer with it. So what comes of such a question is no value,
nothing can be made of it that is a number, and no object stands in order with a value.

An object that the tests themselves make by calling its class is asked for what its
operators do, and may answer. It may not once it came back in any other way.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Set as AbstractSet
from datetime import date, time, timedelta
from decimal import Decimal
from fractions import Fraction

from .operations import BINARY, COMPARING, CONVERTING, UNARY
from .remote import Remote

TOLD: tuple[type, ...] = (
    *(int, float, complex, Decimal, Fraction),
    *(date, time, timedelta, AbstractSet, dict),
)
_PLAIN = frozenset({"sub", "truediv", "floordiv", "mod", "xor", "and", "or"})
DISTANCES = _PLAIN | {f"i{name}" for name in _PLAIN} | {"divmod"}
"""Operators that tell how far two values are apart, or what they share."""
_HANDED_ON = frozenset({*BINARY, *(f"i{name}" for name in BINARY)})
_NUMERIC = frozenset({*UNARY, *CONVERTING, *COMPARING, "index", "round", "divmod"})
_NUMERIC -= {"str", "repr", "bytes", "len", "hash"}


class ToldValues:
    """Which objects were told a value, and what may not be asked of them."""

    def __init__(self) -> None:
        """Begin with none."""
        self._told: set[int] = set()
        self._classes: set[int] = set()
        self._came: Counter[int] = Counter()
        self._made: Counter[int] = Counter()

    def came(self, number: int) -> None:
        """Note that an object has come, whatever was asked."""
        self._came[number] += 1

    def refusal(self, operation: str, args: tuple[object, ...]) -> str | None:
        """Say why an object may not be asked this; ``None`` if it may."""
        if operation in COMPARING and not all(isinstance(a, Remote) for a in args):
            return "an object of the program stands in no order with a value"
        if operation in _NUMERIC and any(map(self._is_told, args)):
            return "an object of the program that was told a value is no number"
        return None

    def told(
        self, operation: str, args: tuple[object, ...], answer: object
    ) -> str | None:
        """Remember what an answer was told; says why it is none, if it is none."""
        if operation in {"global", "call"}:
            self._learn(operation, args, answer)
        told = _is_told_by(operation, args)
        if told and any(map(self._is_instance, args)):
            return None
        if told or (operation in _HANDED_ON and any(map(self._is_told, args))):
            if not isinstance(answer, Remote):
                return "an object of the program was told a value, and gave another"
            self._told.add(_number(answer))
        return None

    def _learn(self, operation: str, args: tuple[object, ...], answer: object) -> None:
        """Learn which objects are classes, and which the tests make of them."""
        if not isinstance(answer, Remote):
            return
        if operation == "global":
            # By the name that the tests use: a program may call anything a class.
            if str(args[0]).lstrip("_")[:1].isupper():
                self._classes.add(_number(answer))
        elif isinstance(args[0], Remote) and _number(args[0]) in self._classes:
            self._made[_number(answer)] += 1

    def _is_told(self, value: object) -> bool:
        return isinstance(value, Remote) and _number(value) in self._told

    def _is_instance(self, value: object) -> bool:
        """Say whether an object came as what the call of a class gives, only so."""
        if not isinstance(value, Remote):
            return False
        number = _number(value)
        return 0 < self._made[number] == self._came[number]


def _is_told_by(operation: str, args: tuple[object, ...]) -> bool:
    """Say whether a question tells a value: to add -4 is to take 4 away."""
    if operation in {"add", "iadd"}:
        return any(isinstance(a, int | float) and a < 0 for a in args)
    return operation in DISTANCES and any(isinstance(a, TOLD) for a in args)


def _number(value: Remote) -> int:
    number: int = object.__getattribute__(value, "_llmlat_number")
    return number
