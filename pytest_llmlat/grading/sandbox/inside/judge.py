"""Runs the tests, and asks the candidate's process wherever they call it.

The verdict goes out on a pipe that this process alone holds, as one JSON object. The
tests see the candidate's answers as exact builtin values, so they cannot be fooled by
an object that claims to be equal to everything, and no code of the candidate runs here.
"""

from __future__ import annotations

import builtins
import errno
import json
import os
import sys
import traceback
import types
from typing import TYPE_CHECKING, Never, TypeAlias

from .decoder import Decoder, parts
from .encoder import Encoder
from .frames import Closed, TooLong, receive, send
from .values import Malformed, Term, Uncrossable

if TYPE_CHECKING:
    import socket

Verdict: TypeAlias = "tuple[str, str]"

MODULE = "tests"
FILE = "<tests>"
MAX_NOTE = 300
MAX_SHOWN = 80
REFUSED = frozenset({errno.EPERM, errno.EACCES})
BROKEN_TESTS = (NameError, SyntaxError, ImportError)
"""What a test raises that cannot have to do with the answer."""


class Settled(BaseException):
    """The outcome is known, whatever the tests go on to do."""


class CandidateError(Exception):
    """The candidate raised an exception of its own making."""


class Asking:
    """The candidate as the tests see it."""

    def __init__(self, line: socket.socket, longest: int) -> None:
        """Ask on ``line``; an answer of more than ``longest`` bytes is refused."""
        self._line = line
        self._longest = longest
        self.namespace: dict[str, object] = {}
        self.calls = 0
        self.last: object = None
        self.settled: Verdict | None = None
        self.raised: tuple[BaseException, Verdict] | None = None

    def wait_until_ready(self) -> None:
        """Learn what came of the candidate's module.

        Raises:
            Settled: it cannot be called.
        """
        answer = self._receive(self._longest)
        if answer.get("ready") is True:
            return
        if "missing" in answer:
            self.settle("error", f"defines no function {answer['missing']}")
        if "syntax" in answer:
            self.settle("error", f"does not compile: {answer['syntax']}")
        _, verdict = self._rebuild(answer.get("raised"))
        self.settle(verdict[0], f"its module {verdict[1]}")

    def call(self, *args: object, **kwargs: object) -> object:
        """Make the candidate's process do the call, and return what it returned.

        Raises:
            Settled: there will be no answer.
            Exception: the candidate raised this.
        """
        if self.settled:
            raise Settled
        classes = self._classes()
        encoder = Encoder(classes, strict=True)
        terms: dict[str, Term] = {
            "classes": list(classes),
            "args": encoder.term(args),
            "kwargs": encoder.term(tuple(kwargs.items())),
        }
        terms["heap"] = list(encoder.heap())
        known = list(encoder.values)
        question = json.dumps(terms, allow_nan=False).encode()
        try:
            send(self._line, question)
        except Closed:
            self.settle("gone", "")
        answer = self._receive(self._longest + len(question))
        self.calls += 1
        try:
            return self._take(answer, Decoder(classes, known))
        except Malformed as wrong:
            self.settle("refused", f"sent what is no answer: {wrong}")

    def settle(self, kind: str, note: str) -> Never:
        """Fix the outcome.

        Raises:
            Settled: always, to end the tests.
        """
        self.settled = self.settled or (kind, note)
        raise Settled

    def _take(self, answer: dict[str, Term], decoder: Decoder) -> object:
        """Return the value of an answer, or raise what it says was raised."""
        if "unfit" in answer:
            self.settle("refused", f"its answer does not cross: {answer['unfit']}")
        if "heap" in answer:
            decoder.read(answer["heap"])
        if "raised" in answer:
            error, verdict = self._rebuild(answer["raised"])
            if error is None:
                self.settle(*verdict)
            self.raised = (error, verdict)
            raise error
        self.last = decoder.value(answer["value"]) if "value" in answer else None
        if not {"value", "heap"} <= answer.keys():
            raise Malformed("neither a value nor an exception")
        return self.last

    def _receive(self, longest: int) -> dict[str, Term]:
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
        return answer

    def _classes(self) -> dict[str, type]:
        """Return the classes that the stub and the tests define."""
        return {
            name: value
            for name, value in self.namespace.items()
            if isinstance(value, type) and value.__module__ == MODULE
        }

    def _rebuild(self, description: Term) -> tuple[Exception | None, Verdict]:
        """Return the exception to raise here, ``None`` for one that ends a program."""
        try:
            name, base, arguments, text, line = parts(description)
            values = [Decoder({}).value(term) for term in parts(arguments)]
        except (ValueError, Malformed):
            self.settle("refused", "sent what is no answer")
        place = f" at line {line}" if isinstance(line, int) else ""
        verdict = ("error", f"raised {text}{place}")
        if base == "MemoryError":
            self.settle("memory", f"raised {text}{place}")
        known = getattr(builtins, str(base), None)
        if not (isinstance(known, type) and issubclass(known, Exception)):
            return None, verdict
        try:
            error = known(*values)
        except Exception:  # noqa: BLE001 - any end is a verdict
            error = CandidateError(text)
        if isinstance(error, OSError) and error.errno in REFUSED:
            verdict = ("refused", f"tried what the sandbox forbids: {text}{place}")
        return (error if name == base else _with_name(error, str(name))), verdict


def _with_name(error: Exception, name: str) -> Exception:
    """Give an exception the name of the candidate's own class, for the note."""
    error.add_note(name)
    return error


def judge(asking: Asking, *, stub: str, tests: str, entry_point: str) -> Verdict:
    """Return what the tests say, as a kind and a note."""
    try:
        asking.wait_until_ready()
        module = sys.modules[MODULE] = types.ModuleType(MODULE)
        space = asking.namespace = module.__dict__
        _run_stub(stub, space)
        space[entry_point] = _function(asking, entry_point)
        exec(compile(tests, FILE, "exec", dont_inherit=True), space)  # noqa: S102 - tests are code
        check = space.get("check")
        if callable(check) and not asking.calls:
            check(space[entry_point])
    except BaseException as raised:  # noqa: BLE001 - any end is a verdict
        return asking.settled or _explain(raised, asking, tests)
    if asking.settled:
        return asking.settled
    if not asking.calls:
        return "error", f"the tests make no call of {entry_point}"
    return "pass", "every test held"


def report(verdict_pipe: int, verdict: Verdict, calls: int) -> None:
    """Write the verdict and close the pipe."""
    kind, note = verdict
    body = json.dumps({"kind": kind, "note": note[:MAX_NOTE], "calls": calls})
    os.write(verdict_pipe, body.encode())
    os.close(verdict_pipe)


def _function(asking: Asking, name: str) -> object:
    def candidate(*args: object, **kwargs: object) -> object:
        return asking.call(*args, **kwargs)

    candidate.__name__ = candidate.__qualname__ = name
    return candidate


def _run_stub(stub: str, space: dict[str, object]) -> None:
    """Define the helpers of the task; a prompt may end where a body should begin."""
    for text in (stub, f"{stub.rstrip()}\n    pass\n"):
        try:
            code = compile(text, "<stub>", "exec", dont_inherit=True)
        except SyntaxError:
            continue
        exec(code, space)  # noqa: S102 - tests are code
        return


def _explain(raised: BaseException, asking: Asking, tests: str) -> Verdict:
    """Say whose fault it is that the tests ended."""
    if asking.raised and raised is asking.raised[0]:
        return asking.raised[1]
    place = _place(raised, tests)
    text = f"{type(raised).__name__}: {raised}".strip(": ")
    if isinstance(raised, AssertionError):
        return "wrong", f"{place}; the last answer was {_shown(asking.last)}"
    if isinstance(raised, MemoryError):
        return "memory", f"the answer needs too much memory to be judged; {place}"
    if isinstance(raised, Uncrossable):
        return "error", f"the tests cannot be judged: {raised}; {place}"
    if isinstance(raised, BROKEN_TESTS) or not asking.calls:
        return "error", f"the tests are broken: {text}; {place}"
    return "wrong", f"the answer {_shown(asking.last)} gave {text}; {place}"


def _place(raised: BaseException, tests: str) -> str:
    frames = traceback.extract_tb(raised.__traceback__)
    lines = [frame.lineno for frame in frames if frame.filename == FILE]
    text = tests.splitlines()
    if not lines or lines[-1] is None or lines[-1] > len(text):
        return "in the tests"
    return f"line {lines[-1]} of the tests: {text[lines[-1] - 1].strip()[:120]}"


def _shown(value: object) -> str:
    """Return a short form; a long value is not turned into text as a whole."""
    try:
        shown = repr(value)
    except Exception:  # noqa: BLE001 - any end is a verdict
        return f"a {type(value).__name__}"
    return shown if len(shown) <= MAX_SHOWN else f"{shown[:MAX_SHOWN]}…"
