"""Runs the candidate's module and answers the questions of the judge.

This process is the candidate's to spoil: it holds no test, no expected value and no
verdict, only the line on which it is asked. Whatever it sends is checked by the judge.
"""

from __future__ import annotations

import importlib
import io
import json
import os
import sys
import threading
import traceback
import types
from typing import TYPE_CHECKING, Any

from .crossing_values import DATA_TYPES, Term, Uncrossable
from .decoder import Decoder
from .encoder import Encoder
from .frames import Closed, receive, send
from .handles import Exports, Loop
from .operations import OPERATIONS
from .raised import description, one_line, rebuilt

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

MODULE = "candidate"
FILE = "<candidate>"
MAX_MESSAGE = 1 << 30
USUAL_RECURSION = 1000
MAX_PRINTED = 1 << 20
"""Characters of what is printed that are told to the tests."""


def serve(line: socket.socket, source: str, entry_point: str, *, longest: int) -> None:
    """Answer every question until the judge has gone. Never returns to the server."""
    module = types.ModuleType(MODULE)
    sys.modules[MODULE] = module
    # The frames below the program are ours and not taken from its depth.
    sys.setrecursionlimit(USUAL_RECURSION + len(traceback.extract_stack()))
    tell, leave = send, os._exit
    output = Output()
    answering = Answering(line, module, entry_point, output, longest=longest)
    try:
        loaded = _load(module, source, entry_point)
        nonce = json.loads(receive(line, MAX_MESSAGE))["nonce"]
        tell(line, json.dumps({**loaded, "nonce": nonce}).encode())
        output.printed()
        while True:
            answering.answer(receive(line, MAX_MESSAGE))
    except Closed:
        leave(0)


class Bytes(io.BufferedWriter):
    """What lies under standard output, where a program may write as well."""

    def __init__(self, keep: Callable[[str], None]) -> None:
        """Open what there is, and tell what is written past the text above it."""
        super().__init__(io.FileIO(1, "w", closefd=False))
        self._keep = keep
        self.by_text = False

    def write(self, data: bytes) -> int:  # type: ignore[override]  # or the like of it
        """Write, and remember."""
        if not self.by_text:
            self._keep(bytes(data).decode(errors="replace"))
        return super().write(data)


class Output(io.TextIOWrapper):
    """Standard output that remembers what was printed since it was last asked."""

    def __init__(self) -> None:
        """Take the place of ``sys.stdout``."""
        # The interpreter opened the old one for another file than lies there now.
        self._under = Bytes(self._keep)
        super().__init__(
            self._under, encoding="utf-8", errors="replace", write_through=True
        )
        self._kept: list[str] = []
        self._room = MAX_PRINTED
        sys.stdout = self

    def write(self, text: str) -> int:
        """Print, and remember."""
        self._keep(text)
        self._under.by_text = True
        try:
            return super().write(text)
        finally:
            self._under.by_text = False

    def _keep(self, text: str) -> None:
        kept = text[: self._room]
        self._room -= len(kept)
        self._kept.append(kept)

    def printed(self) -> str:
        """Return what was printed since the last call."""
        text = "".join(self._kept)
        self._kept.clear()
        self._room = MAX_PRINTED
        return text


class Answering:
    """The candidate's end of the line."""

    def __init__(
        self,
        line: socket.socket,
        module: types.ModuleType,
        entry_point: str,
        output: Output,
        *,
        longest: int,
    ) -> None:
        """Answer for a module; an answer may have ``longest`` bytes."""
        self._line = line
        self._module = module
        self._entry_point = entry_point
        self._output = output
        self._longest = longest
        self._given = Exports()
        self._loop = Loop()
        self._functions: dict[int, Callable[..., object]] = {}
        self._exceptions: dict[str, type] = {}
        self._objects = self._wanted = False
        self._classes: dict[str, type] = {}
        self._nonce: str | None = None
        """Of the question that is being answered."""
        # Threads of the program may call what the tests have given it.
        self._lock = threading.Condition(threading.RLock())

    def answer(self, question: bytes) -> None:
        """Do what is asked, and tell what came of it."""
        asked = json.loads(question)
        with self._lock:
            before, self._nonce = self._nonce, asked["nonce"]
            self._lock.notify_all()
        # The arguments may come back, so their length is not held against it.
        reply = self._reply(asked, self._longest + len(question))
        with self._lock:
            send(self._line, reply)
            self._nonce = before

    def _said(self, terms: dict[str, Any]) -> bytes:
        """Return a message that belongs to the question under way."""
        said = {**terms, "nonce": self._nonce}
        return json.dumps(said, allow_nan=False).encode()

    def _reply(self, question: dict[str, Any], room: int) -> bytes:
        self._objects, self._wanted = question["objects"], question["printed"]
        classes = self._classes = self._known_classes(question["classes"])
        decoder = Decoder(classes, handle=self._incoming)
        known = list(decoder.read(question["heap"]))
        positional, named = (decoder.value(question[key]) for key in ("args", "kwargs"))
        encoder = Encoder(
            classes, known, strict=False, handle=self._outgoing, longest=room
        )
        reply: dict[str, Term] = {}
        try:
            result = self._do(question["do"], positional, dict(named))  # type: ignore[call-overload]  # pairs of our judge
            reply["value"] = encoder.term(result)
        except Uncrossable as unfit:
            return self._said({"unfit": str(unfit)})
        except BaseException as raised:  # noqa: BLE001 - its code may raise anything
            reply["raised"] = description(raised, FILE)
        try:
            heap = encoder.heap()
            before = question["heap"]
            reply["heap"] = [
                None if number < len(known) and _same(entry, before, number) else entry
                for number, entry in enumerate(heap)
            ]
            reply["printed"] = self._printed()
            return self._said(reply)
        except Uncrossable as unfit:
            return self._said({"unfit": str(unfit)})
        except BaseException as raised:  # noqa: BLE001 - its code may raise anything
            return self._said({"raised": description(raised, FILE)})

    def _do(self, operation: str, positional: Any, named: dict[str, Any]) -> object:  # noqa: ANN401 - of the tests
        if operation == "entry":
            return getattr(self._module, self._entry_point)(*positional, **named)
        if operation == "await":
            return self._loop.finish(*positional)
        if operation == "global":
            (name,) = positional
            if not hasattr(self._module, name):
                raise NameError(f"name {name!r} is not defined", name=name)
            return getattr(self._module, name)
        return OPERATIONS[operation](*positional, **named)

    def _ask(self, operation: str, of: Term, args: object, kwargs: object) -> object:
        """Have the judge call a function of the tests, and return what it returns."""
        with self._lock:
            while self._nonce is None:
                # The judge listens only while it waits for an answer.
                self._lock.wait()
            encoder = Encoder(self._classes, strict=False, handle=self._outgoing)
            terms: dict[str, Term] = {
                "do": operation,
                "of": of,
                "args": encoder.term(args),
                "kwargs": encoder.term(kwargs),
            }
            terms["heap"] = list(encoder.heap())
            terms["printed"] = self._printed()
            send(self._line, self._said(terms))
            while "do" in (message := json.loads(receive(self._line, MAX_MESSAGE))):
                self.answer(json.dumps(message).encode())
            known = list(encoder.values)
            decoder = Decoder(self._classes, known, handle=self._incoming)
            decoder.read(message["heap"])
            if "raised" in message:
                raise rebuilt(message["raised"]) or RuntimeError("the tests ended")
            return decoder.value(message["value"])

    def _printed(self) -> str:
        """Return what was printed since the last message, if the tests look at it."""
        text = self._output.printed()
        return text if self._wanted else ""

    def _outgoing(self, value: object) -> Term | None:
        """Return the term of what stays here, or is the judge's already."""
        for number, function in self._functions.items():
            if function is value:
                return ["W", number]
        if self._objects or isinstance(value, types.CoroutineType):
            return self._given.term(value)
        return None

    def _incoming(self, tag: str, rest: list[Any]) -> object:
        """Return what stands here for a value of the judge."""
        if tag == "W":
            return self._given.value(rest[0])
        if tag == "N":
            found: Any = importlib.import_module(rest[0])
            for part in rest[1].split("."):
                found = getattr(found, part)
            return found
        number = rest[0]
        if tag == "E":
            base = DATA_TYPES[rest[1]]
            self._exceptions.setdefault(number, type(number, (base,), {}))
            return self._exceptions[number]
        if tag == "A":
            return self._awaited(number)
        if number not in self._functions:
            self._functions[number] = self._function(number, rest[1])
        return self._functions[number]

    def _function(self, number: int, name: str) -> Callable[..., object]:
        def function(*args: object, **kwargs: object) -> object:
            return self._ask("call", number, args, tuple(kwargs.items()))

        function.__name__ = function.__qualname__ = name
        return function

    async def _awaited(self, number: int) -> object:
        return self._ask("await", number, (), ())

    def _known_classes(self, given: dict[str, list[str]]) -> dict[str, type]:
        """Return the candidate's classes of these names, else stand-ins for them."""
        found: dict[str, type] = {}
        for name, methods in given.items():
            own = getattr(self._module, name, None)
            if not isinstance(own, type):
                own = self._stand_in(name, methods)
                # The program may name what only the tests define.
                setattr(self._module, name, own)
            found[name] = own
        return found

    def _stand_in(self, name: str, methods: list[str]) -> type:
        """Return a class whose methods are run by the judge, which has the class."""

        def method(of: str) -> Callable[..., object]:
            def forward(*args: object, **kwargs: object) -> object:
                return self._ask("method", [name, of], args, tuple(kwargs.items()))

            return forward

        return type(name, (), {of: method(of) for of in methods})


def _load(module: types.ModuleType, source: str, entry_point: str) -> dict[str, Term]:
    """Run the module, and say what came of it."""
    try:
        code = compile(source, FILE, "exec", dont_inherit=True)
    except BaseException as wrong:  # noqa: BLE001 - its code may raise anything
        return {"syntax": one_line(wrong)}
    try:
        exec(code, module.__dict__)  # noqa: S102 - what the sandbox is for
    except BaseException as raised:  # noqa: BLE001 - its code may raise anything
        return {"raised": description(raised, FILE)}
    if not callable(getattr(module, entry_point, None)):
        return {"missing": entry_point}
    return {"ready": True}


def _same(entry: list[Term] | None, before: Term, number: int) -> bool:
    # By text, because 1, 1.0 and True are equal in Python.
    return isinstance(before, list) and repr(before[number]) == repr(entry)
