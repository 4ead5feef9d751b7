"""Values that have no exact form: they stay where they are and cross as a number.

What a number stands for, only the side that gave it knows; the other side can do with
it what ``remote`` and ``operations`` allow, by asking. The terms::

    ["w", 4, "Stack"]           a value of the sender, and the name of its type
    ["W", 4]                    the value of the receiver that it has sent as 4
    ["A", 5]                    a coroutine of the sender, to be awaited by asking
    ["N", "math", "floor"]      a function of the standard library, by its name
    ["E", "Empty", "IndexError"]
                                an exception of the program's own, and what it is

``N`` goes to the candidate alone.
"""

from __future__ import annotations

import sys
import types
from typing import TYPE_CHECKING

from .crossing_values import Malformed, Term

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Awaitable, Callable, Coroutine

MAX_NAME = 100


class Exports:
    """The values of one side that the other side knows by number."""

    def __init__(self) -> None:
        """Begin with none."""
        self._values: list[object] = []
        self._numbers: dict[int, int] = {}

    def number(self, value: object) -> int:
        """Return the number of a value, the same each time; it is kept alive."""
        found = self._numbers.get(id(value))
        if found is None:
            found = self._numbers[id(value)] = len(self._values)
            self._values.append(value)
        return found

    def value(self, number: Term) -> object:
        """Return what was sent under a number.

        Raises:
            Malformed: nothing was.
        """
        if type(number) is not int or not 0 <= number < len(self._values):
            raise Malformed("a number under which nothing was sent")
        return self._values[number]

    def term(self, value: object) -> Term:
        """Return the term of a value that stays on this side."""
        if isinstance(value, types.CoroutineType):
            return ["A", self.number(value)]
        if isinstance(value, type) and issubclass(value, Exception):
            return ["E", value.__name__, nearest(value)]
        name = getattr(value, "__name__", None) or type(value).__name__
        text = name if type(name) is str else type(value).__name__
        return ["w", self.number(value), text[:MAX_NAME]]


def nearest(kind: type[BaseException]) -> str | None:
    """Return the name of the builtin exception that a class is, if it is one."""
    names = (
        base.__name__
        for base in kind.__mro__
        if base.__module__ == "builtins" and issubclass(base, Exception)
    )
    return next(names, None)


def by_name(value: object) -> Term | None:
    """Return the term of a function of the standard library; ``None`` for others.

    The candidate runs its own, as it would if the tests were beside it.
    """
    owner = (
        value.__objclass__ if isinstance(value, types.MethodDescriptorType) else None
    )
    module = getattr(owner or value, "__module__", None)
    name = getattr(value, "__qualname__", None)
    if not isinstance(module, str) or not isinstance(name, str):
        return None
    if module.partition(".")[0] not in sys.stdlib_module_names or "<" in name:
        return None
    found: object = sys.modules.get(module)
    for part in name.split("."):
        found = getattr(found, part, None)
    return ["N", module, name] if found is value else None


class Loop:
    """Event loop of one side: its coroutines run to their ends, one after the other."""

    def __init__(self) -> None:
        """Start nothing: few programs need it, and it takes its time."""
        self._runner: asyncio.Runner | None = None

    def finish(self, coroutine: Awaitable[object]) -> object:
        """Run a coroutine to its end, and return what it returns."""
        import asyncio  # noqa: PLC0415 - where it is needed

        async def ended() -> object:
            return await coroutine

        try:
            asyncio.get_running_loop()
        except RuntimeError:
            # One loop for all: what a generator holds must outlive each step of it.
            self._runner = self._runner or asyncio.Runner()
            return self._runner.run(ended())
        return _beside(ended)


def _beside(ended: Callable[[], Coroutine[object, object, object]]) -> object:
    """Run a coroutine in a thread of its own, while the loop of this one waits."""
    import asyncio  # noqa: PLC0415 - where it is needed
    import threading  # noqa: PLC0415 - where it is needed

    found: list[object] = []
    raised: list[BaseException] = []

    def run() -> None:
        try:
            found.append(asyncio.run(ended()))
        except BaseException as error:  # noqa: BLE001 - raised again below
            raised.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if raised:
        raise raised[0]
    return found[0]
