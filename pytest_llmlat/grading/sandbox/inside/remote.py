"""An object of the candidate as the tests see it: every use of it is a question.

It is equal to no value of Python's own, whatever its class says: else an object that
calls itself equal to everything would be every right answer. Two of them are compared
by the candidate's own ``__eq__``, as they would be in one interpreter.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .operations import BINARY, COMPARING, UNARY
from .veiled_exceptions import Veiled

if TYPE_CHECKING:
    from collections.abc import Callable

READABLE = frozenset({"__name__", "__qualname__", "__doc__", "__dict__"})
"""Names with two underscores that tests may read."""


class Remote:
    """Stands for an object in the candidate's process."""

    __slots__ = ("_llmlat_ask", "_llmlat_number")
    _llmlat_ask: Callable[..., Any]
    _llmlat_number: int

    def __init__(self, ask: Callable[..., Any], number: int) -> None:
        """Know how to ask, and the object's number over there."""
        object.__setattr__(self, "_llmlat_ask", ask)
        object.__setattr__(self, "_llmlat_number", number)

    def __getattr__(self, name: str) -> object:
        """Read an attribute; what is special to an interpreter is not there."""
        if name.startswith("__") and name.endswith("__") and name not in READABLE:
            raise AttributeError(name)
        return self._llmlat_ask("getattr", self, name)

    def __setattr__(self, name: str, value: object) -> None:
        """Set an attribute over there."""
        self._llmlat_ask("setattr", self, name, value)

    def __delattr__(self, name: str) -> None:
        """Delete an attribute over there."""
        self._llmlat_ask("delattr", self, name)

    def __eq__(self, other: object) -> bool:
        """Equal what it is itself, or what its class calls equal of the candidate's."""
        if self is other:
            return True
        return isinstance(other, Remote) and (
            self._llmlat_ask("eq", self, other) is True
        )

    def __ne__(self, other: object) -> bool:
        """Differ from whatever it does not equal."""
        if self is other:
            return False
        return not isinstance(other, Remote) or (
            self._llmlat_ask("ne", self, other) is not False
        )

    def __hash__(self) -> int:
        """Return the hash that its class gives."""
        return self._whole("hash")

    def __bool__(self) -> bool:
        """Return what its class says."""
        return self._llmlat_ask("bool", self) is True

    def __len__(self) -> int:
        """Return how long it says it is."""
        return self._whole("len")

    def __instancecheck__(self, instance: object) -> bool:
        """Say whether an object of the candidate is one of this class of its."""
        return isinstance(instance, Remote) and (
            self._llmlat_ask("isinstance", instance, self) is True
        )

    def __call__(self, *args: object, **kwargs: object) -> object:
        """Call it."""
        return self._llmlat_ask("call", self, *args, **kwargs)

    def __exit__(self, kind: object, *_: object) -> object:
        """Leave a ``with``; of an exception only the type crosses."""
        return self._llmlat_ask("exit", self, kind, None, None)

    def __mro_entries__(self, bases: object) -> tuple[type, ...]:
        """Refuse to be a base: its methods run over there, and know no class here."""
        raise TypeError("a class of the program is no base for a class of the tests")

    async def __aenter__(self) -> object:
        """Enter an ``async with``."""
        return await self._llmlat_ask("aenter", self)

    async def __aexit__(self, kind: object, *_: object) -> object:
        """Leave an ``async with``."""
        return await self._llmlat_ask("aexit", self, kind, None, None)

    def __aiter__(self) -> object:
        """Return what gives the items of an ``async for``."""
        return self._llmlat_ask("aiter", self)

    async def __anext__(self) -> object:
        """Wait for the next item."""
        try:
            return await self._llmlat_ask("anext", self)
        except Veiled as raised:
            if isinstance(raised.meant, StopAsyncIteration):
                raise raised.meant from None
            raise

    def __deepcopy__(self, memo: object) -> object:
        """Copy it over there."""
        del memo
        return self._llmlat_ask("deepcopy", self)

    def _whole(self, name: str) -> int:
        value = self._llmlat_ask(name, self)
        if type(value) is not int:
            raise TypeError(f"its {name} is no integer")
        return value


def _asking(name: str) -> Callable[..., Any]:
    def ask(self: Remote, *args: object) -> object:
        return self._llmlat_ask(name, self, *args)

    return ask


def _asking_right(name: str) -> Callable[..., Any]:
    def ask(self: Remote, other: object) -> object:
        return self._llmlat_ask(name, other, self)

    return ask


_OTHERS = (
    *("int", "float", "complex", "index", "str", "repr", "bytes", "format", "round"),
    *("divmod", "contains", "getitem", "setitem", "delitem", "iter", "next"),
    *("reversed", "enter", "copy"),
)
for _name in (*BINARY, *COMPARING, *UNARY, *_OTHERS):
    setattr(Remote, f"__{_name}__", _asking(_name))
for _name in BINARY:
    setattr(Remote, f"__r{_name}__", _asking_right(_name))
    setattr(Remote, f"__i{_name}__", _asking(f"i{_name}"))
