"""Objects of the candidate that were told a number of the tests.

A class whose tests compare what its methods return with ``==`` is judged by values: an
object equals none. But tests also ask how far a result is from the right one, as in
``abs(circle.area() - 12.57) < 0.01``, and an object in its place would be told the
right one and could answer that it is not far. So what comes of such a question is no
number, nothing can be made of it that is one, and no object stands in order with a
value.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from .operations import BINARY, COMPARING, CONVERTING, UNARY
from .remote import Remote

NUMBERS = (int, float, complex, Decimal, Fraction)
_PLAIN = frozenset({"sub", "truediv", "floordiv", "mod", "xor"})
DISTANCES = _PLAIN | {f"i{name}" for name in _PLAIN} | {"divmod"}
"""Operators that tell how far two numbers are apart."""
_HANDED_ON = frozenset({*BINARY, *(f"i{name}" for name in BINARY)})
_NUMERIC = frozenset({*UNARY, *CONVERTING, *COMPARING, "index", "round", "divmod"})
_NUMERIC -= {"str", "repr", "bytes", "len", "hash"}


class ToldNumbers:
    """Which objects were told a number, and what may not be asked of them."""

    def __init__(self) -> None:
        """Begin with none."""
        self._told: set[int] = set()

    def refusal(self, operation: str, args: tuple[object, ...]) -> str | None:
        """Say why an object may not be asked this; ``None`` if it may."""
        if operation in COMPARING and not all(isinstance(a, Remote) for a in args):
            return "an object of the program stands in no order with a value"
        if operation in _NUMERIC and any(map(self._is_told, args)):
            return "an object of the program that was told a number is none"
        return None

    def told(
        self, operation: str, args: tuple[object, ...], answer: object
    ) -> str | None:
        """Remember what an answer was told; says why it is none, if it is none."""
        told = operation in DISTANCES and any(isinstance(a, NUMBERS) for a in args)
        if told or (operation in _HANDED_ON and any(map(self._is_told, args))):
            if not isinstance(answer, Remote):
                return "an object of the program was told a number, and gave another"
            self._told.add(_number(answer))
        return None

    def _is_told(self, value: object) -> bool:
        return isinstance(value, Remote) and _number(value) in self._told


def _number(value: Remote) -> int:
    number: int = object.__getattribute__(value, "_llmlat_number")
    return number
