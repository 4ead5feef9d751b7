"""The judge's end of the line: each use of the candidate is a question.

While it waits for an answer it is asked itself: a function of the tests that the
candidate was given runs here, and the candidate waits for what it returns. Questions
nest and never cross. Nothing can be asked of the judge but to call what the tests have
handed over.

Every question has a nonce, made when it is asked, and whatever comes back until it is
answered repeats it: a reply that was sent ahead, twice or in another order is none.
"""

from __future__ import annotations

import errno
import json
import os
import sys
import threading
import types
from typing import TYPE_CHECKING, Any, Never, TypeAlias

from .crossing_values import DATA_TYPES, Malformed, Opaque, Term, Uncrossable
from .decoder import Decoder, parts
from .encoder import Encoder
from .filled_objects import check_filled
from .frames import Closed, TooLong, receive, send
from .handles import Exports, Loop, by_name
from .raised import description, rebuilt
from .remote import Remote
from .told_values import ToldValues
from .veiled_exceptions import as_raised

if TYPE_CHECKING:
    import socket

TestVerdict: TypeAlias = "tuple[str, str]"

MODULE = "tests"
FILE = "<tests>"
REFUSED = frozenset({errno.EPERM, errno.EACCES})
FORWARDED = frozenset(
    {"__call__", "__len__", "__lt__", "__le__", "__gt__", "__ge__", "__add__"}
    | {"__sub__", "__mul__", "__getitem__", "__setitem__", "__contains__"}
    | {"__enter__", "__exit__"}
)
"""Special methods of the tests' classes that a candidate's process can call here."""


NONCE_BYTES = 8
PRINTED_BYTES = 6 << 20
"""How long what was printed may be in a message; in JSON a character takes up to 6."""


class Settled(BaseException):
    """The outcome is known, whatever the tests go on to do."""


class Asking:
    """The candidate as the tests see it."""

    def __init__(self, line: socket.socket, longest: int) -> None:
        """Ask on ``line``; an answer of more than ``longest`` bytes is refused."""
        self._line = line
        self._longest = longest
        self._given = Exports()
        self._loop = Loop()
        self._remotes: dict[int, Remote] = {}
        self._kinds: dict[str, type[Remote]] = {}
        self._exceptions: dict[str, type[Exception]] = {}
        self._shown: set[str] = set()
        self._told = ToldValues()
        self.namespace: dict[str, object] = {}
        self.objects = False
        """Whether the tests see objects of the candidate, and not values alone."""
        self.printed = False
        """Whether what the candidate prints is printed here."""
        self.expects_exceptions = True
        """Whether the tests could ask for an exception at all."""
        self.calls = 0
        self.last: object = None
        self.settled: TestVerdict | None = None
        self.raised: tuple[BaseException, TestVerdict] | None = None
        # Threads of the tests take turns.
        self._turn = threading.RLock()

    def wait_until_ready(self) -> None:
        """Learn what came of the candidate's module.

        Raises:
            Settled: it cannot be called.
        """
        nonce = _nonce()
        self._send(json.dumps({"nonce": nonce}).encode())
        answer = self._receive(self._longest, nonce)
        if answer.get("ready") is True:
            return
        if "missing" in answer:
            self.settle("error", f"defines no function {answer['missing']}")
        if "syntax" in answer:
            self.settle("error", f"does not compile: {answer['syntax']}")
        _, verdict = self._rebuild(answer.get("raised"))
        self.settle(verdict[0], f"its module {verdict[1]}")

    def call(self, *args: object, **kwargs: object) -> object:
        """Make the candidate's process call its function, and return what it returned.

        Raises:
            Settled: there will be no answer.
            Exception: the candidate raised this.
        """
        return self.ask("entry", *args, **kwargs)

    def ask(self, operation: str, /, *args: object, **kwargs: object) -> Any:  # noqa: ANN401 - of the candidate
        """Make the candidate's process do something with its objects.

        Raises:
            Settled: there will be no answer.
            Exception: the candidate raised this.
        """
        with self._turn:
            return self._ask(operation, *args, **kwargs)

    def _ask(self, operation: str, /, *args: object, **kwargs: object) -> Any:  # noqa: ANN401 - of the candidate
        if self.settled:
            raise Settled
        if refusal := self._told.refusal(operation, args):
            self.settle("wrong", refusal)
        nonce = _nonce()
        classes = self._classes()
        encoder = Encoder(classes, strict=True, handle=self._outgoing)
        terms: dict[str, Term] = {
            "nonce": nonce,
            "do": operation,
            "classes": {name: _methods(kind) for name, kind in classes.items()},  # type: ignore[dict-item]  # JSON too
            "args": encoder.term(args),
            "kwargs": encoder.term(tuple(kwargs.items())),
            "objects": self.objects,
            "printed": self.printed,
        }
        terms["heap"] = list(encoder.heap())
        known = list(encoder.values)
        self._shown.update(type(value).__name__ for value in known)
        question = json.dumps(terms, allow_nan=False).encode()
        self._send(question)
        room = PRINTED_BYTES if self.printed else 0
        answer = self._answer(self._longest + len(question) + room, nonce)
        if operation in {"entry", "call"}:
            self.calls += 1
        decoder = Decoder(classes, known, handle=self._incoming)
        try:
            found = self._take(answer, decoder, operation)
        except Malformed as wrong:
            self.settle("refused", f"sent what is no answer: {wrong}")
        if refusal := self._told.told(operation, args, found):
            self.settle("wrong", refusal)
        return found

    def settle(self, kind: str, note: str) -> Never:
        """Fix the outcome.

        Raises:
            Settled: always, to end the tests.
        """
        self.settled = self.settled or (kind, note)
        raise Settled

    def end(self) -> None:
        """See that nothing was said that was not asked.

        Raises:
            Settled: something was.
        """
        self._line.settimeout(0)
        try:
            surplus = self._line.recv(1)
        except OSError:
            return  # there is nothing, or nobody
        if surplus:
            self.settle("refused", "answered more than it was asked")

    def _answer(self, longest: int, nonce: str) -> dict[str, Term]:
        """Return the answer to a question, and do meanwhile what is asked for."""
        while True:
            message = self._receive(longest, nonce)
            printed = message.get("printed")
            if self.printed and isinstance(printed, str):
                sys.stdout.write(printed)
            if "do" not in message:
                return message
            try:
                reply = self._serve(message)
            except Malformed as wrong:
                self.settle("refused", f"asked what cannot be asked: {wrong}")
            except Uncrossable as wrong:
                self.settle("error", f"the tests cannot be judged: {wrong}")
            self._send(json.dumps(reply, allow_nan=False).encode())

    def _serve(self, message: dict[str, Term]) -> dict[str, Term]:
        """Call a function of the tests for the candidate."""
        classes = self._classes()
        decoder = Decoder(classes, handle=self._incoming)
        known = list(decoder.read(message.get("heap")))
        check_filled(decoder.filled)
        arguments = decoder.value(message.get("args"))
        named = decoder.value(message.get("kwargs"))
        if not isinstance(arguments, tuple) or not isinstance(named, tuple):
            raise Malformed("no arguments")
        function = self._asked(message, classes)
        encoder = Encoder(classes, known, strict=True, handle=self._outgoing)
        reply: dict[str, Term] = {}
        try:
            if message["do"] == "await":
                result = self._loop.finish(function)
            else:
                result = function(*arguments, **dict(named))
        except AssertionError:
            raise  # a test has failed, and says what it expects
        except Exception as error:  # noqa: BLE001 - the candidate may expect it
            reply["raised"] = description(error, FILE)
        else:
            reply["value"] = encoder.term(result)
        reply["heap"] = list(encoder.heap())
        return reply

    def _asked(self, message: dict[str, Term], classes: dict[str, type]) -> Any:  # noqa: ANN401 - of the tests
        """Return what the candidate wants to be called; only what it was given."""
        operation, of = message["do"], message.get("of")
        if operation == "call" or operation == "await":  # noqa: PLR1714 - may be a list
            return self._given.value(of)
        if operation == "method":
            name, method = (*map(str, parts(of)), "", "")[:2]
            # Of objects that it has: the methods of a test case know the answers.
            if (
                name in classes
                and name in self._shown
                and method in _methods(classes[name])
            ):
                return getattr(classes[name], method)
        raise Malformed("neither a function nor a method that it was given")

    def _outgoing(self, value: object) -> Term | None:
        """Return the term of what stays here, or is the candidate's already."""
        if isinstance(value, Remote):
            return ["W", object.__getattribute__(value, "_llmlat_number")]
        if callable(value):
            if isinstance(value, type) and issubclass(value, Exception):
                self._exceptions[value.__name__] = value
            return by_name(value) or self._given.term(value)
        if isinstance(value, types.CoroutineType):
            return self._given.term(value)
        return None

    def _incoming(self, tag: str, rest: list[Term]) -> object:
        """Return what stands here for a value of the candidate."""
        number = rest[0]
        if tag == "W":
            return self._given.value(number)
        if tag == "E" and self.objects:
            return self._exception(str(number), rest[1])
        if tag == "N" or type(number) is not int or number < 0:
            raise Malformed("a value that the candidate cannot have")
        if tag == "A":
            return self._awaited(number)
        if not self.objects:
            return Opaque(str(rest[1]))
        self._told.came(number)
        if number not in self._remotes:
            self._remotes[number] = self._kind(str(rest[1]))(self.ask, number)
        return self._remotes[number]

    def _exception(self, name: str, base: Term) -> type[Exception]:
        """Return the class that stands for an exception of the candidate's own."""
        known = DATA_TYPES.get(str(base))
        if known is None or not issubclass(known, Exception):
            raise Malformed("no exception")
        if name not in self._exceptions:
            self._exceptions[name] = type(name, (known,), {})
        return self._exceptions[name]

    async def _awaited(self, number: int) -> object:
        return self.ask("await", self._coroutine(number))

    def _coroutine(self, number: int) -> Remote:
        return Remote(self.ask, number)

    def _kind(self, name: str) -> type[Remote]:
        """Return the class of the stand-ins for objects of a class."""
        if name not in self._kinds:
            self._kinds[name] = type(name, (Remote,), {"__slots__": ()})
        return self._kinds[name]

    def _take(
        self, answer: dict[str, Term], decoder: Decoder, operation: str
    ) -> object:
        """Return the value of an answer, or raise what it says was raised."""
        if "unfit" in answer:
            self.settle("refused", f"its answer does not cross: {answer['unfit']}")
        if "heap" in answer:
            decoder.read(answer["heap"])
            check_filled(decoder.filled)
        if "raised" in answer:
            error, verdict = self._rebuild(answer["raised"])
            if error is None:
                self.settle(*verdict)
            if self._ends(operation, error):
                self.settle(*verdict)
            error = as_raised(error, operation)
            self.raised = (error, verdict)
            raise error
        self.last = decoder.value(answer["value"]) if "value" in answer else None
        if not {"value", "heap"} <= answer.keys():
            raise Malformed("neither a value nor an exception")
        return self.last

    def _ends(self, operation: str, error: Exception) -> bool:
        """Say whether an exception ends tests that could not ask for any."""
        if self.expects_exceptions:
            return False
        if operation == "await":
            # The end of an ``async for`` is raised where its next item is awaited.
            return not isinstance(error, StopAsyncIteration)
        return operation in {"entry", "call"}

    def _send(self, body: bytes) -> None:
        try:
            send(self._line, body)
        except Closed:
            self.settle("gone", "")

    def _receive(self, longest: int, nonce: str) -> dict[str, Term]:
        try:
            answer = json.loads(receive(self._line, longest))
        except Closed:
            self.settle("gone", "")
        except TooLong as long:
            self.settle("refused", f"answered with {long}, the limit is {longest}")
        except (ValueError, RecursionError):
            self.settle("refused", "sent what is no answer")
        if not isinstance(answer, dict):
            self.settle("refused", "sent what is no answer")
        if answer.get("nonce") != nonce:
            self.settle("refused", "answered what was not asked")
        return answer

    def _classes(self) -> dict[str, type]:
        """Return the classes that the stub and the tests define."""
        return {
            name: value
            for name, value in self.namespace.items()
            if isinstance(value, type) and value.__module__ == MODULE
        }

    def _rebuild(self, told: Term) -> tuple[Exception | None, TestVerdict]:
        """Return the exception to raise here, ``None`` for one that ends a program."""
        try:
            error = rebuilt(told, self._exceptions)
            _, base, _, text, line = parts(told)
        except (ValueError, Malformed):
            self.settle("refused", "sent what is no answer")
        place = f" at line {line}" if isinstance(line, int) else ""
        verdict = ("error", f"raised {text}{place}")
        if base == "MemoryError":
            self.settle("memory", f"raised {text}{place}")
        if isinstance(error, OSError) and error.errno in REFUSED:
            verdict = ("refused", f"tried what the sandbox forbids: {text}{place}")
        return error, verdict


def _nonce() -> str:
    """Return what nobody can know before the question is asked."""
    return os.urandom(NONCE_BYTES).hex()


def _methods(kind: type) -> list[str]:
    """Return the names of what can be called of a class of the tests."""
    return [
        name
        for base in kind.__mro__
        if base.__module__ == MODULE
        for name, value in vars(base).items()
        if isinstance(value, types.FunctionType)
        if not name.startswith("__") or name in FORWARDED
    ]
