"""Objects of the tests' classes whose fields the candidate has set.

Their classes are the tests' own, so their methods may be trusted, and their fields may
not. Two ways to a false success go through them: a field that hides a method
(``node.same = lambda other: True``), and an object that the tests use to be equal to
many values (``class Any: __eq__ = lambda *_: True``) as an answer.
"""

from __future__ import annotations

import types
from contextlib import suppress
from typing import TYPE_CHECKING

from .crossing_values import Malformed

if TYPE_CHECKING:
    from collections.abc import Iterable

METHODS = (types.FunctionType, classmethod, staticmethod, property)
UNLIKE: tuple[object, ...] = (
    *(None, 2, 3, -7, 2.5, 1e9, 1j, "", "a", "b c", b"", b"a", (), (0,), (1, 2)),
    *([], [0], [1, 2], {}, {0: 0}, {"a": 1}, set(), {0}, object(), int, str),
)
"""No two of these are equal, so nothing that is a value equals two of them."""


def check_filled(filled: Iterable[tuple[object, dict[str, object]]]) -> None:
    """See that objects are what their classes make of them.

    Args:
        filled: each with its fields before.

    Raises:
        Malformed: one hides a method, or equals values that are not equal.
    """
    for value, before in filled:
        hidden = _hidden(value, before)
        if hidden is not None:
            raise Malformed(f"a field in the place of the method {hidden!r}")
    for value, _ in filled:
        if type(value).__eq__ is not object.__eq__ and _equals_many(value):
            name = type(value).__name__
            raise Malformed(f"a {name} that equals values that are not equal")


def _hidden(value: object, before: dict[str, object]) -> str | None:
    """Return the method that a new field hides, ``None`` where none does."""
    space = getattr(value, "__dict__", {})
    for name, field in space.items():
        found = next(
            (vars(base)[name] for base in type(value).__mro__ if name in vars(base)),
            None,
        )
        own = name in before and before[name] is field
        if isinstance(found, METHODS) and not own:
            return str(name)
    return None


def _equals_many(value: object) -> bool:
    equal = 0
    for other in UNLIKE:
        with suppress(Exception):  # a class may refuse to be compared
            equal += bool(value == other)
    return equal > 1
