"""Runs the tests, and asks the candidate's process wherever they call it.

The verdict goes out on a pipe that this process alone holds, as one JSON object. The
tests see the candidate's answers as exact builtin values, so they cannot be fooled by
an object that claims to be equal to everything, and no code of the candidate runs here.
Where they use an answer as an object, they see something that asks it (``remote``).
"""

from __future__ import annotations

import json
import os
import sys
import threading
import traceback
import types
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from .asking import FILE, MODULE, Settled
from .crossing_values import Uncrossable
from .demands import demands, of_library
from .remote import Remote
from .veiled_exceptions import (
    CATCHERS,
    FAILED,
    Veiled,
    compiled,
    expect_exceptions,
)

if TYPE_CHECKING:
    from .asking import Asking, TestVerdict

MAX_NOTE = 300
MAX_SHOWN = 80
BROKEN_TESTS = (NameError, SyntaxError, ImportError)
"""What a test raises that cannot have to do with the answer."""


def judge(asking: Asking, *, stub: str, tests: str, entry_point: str) -> TestVerdict:
    """Return what the tests say, as a kind and a note."""
    try:
        asking.wait_until_ready()
        module = sys.modules[MODULE] = types.ModuleType(MODULE)
        space = asking.namespace = module.__dict__
        space.update(CATCHERS)
        asking.expects_exceptions = expect_exceptions(stub + tests)
        space[FAILED] = lambda message=None: _failed(asking, tests, message)
        _miss_nothing(asking, tests)
        _run_stub(stub, space)
        _provide(asking, space, tests, entry_point)
        exec(compiled(tests, FILE), space)  # noqa: S102 - tests are code
        check = space.get("check")
        if callable(check) and not asking.calls:
            check(space[entry_point])
        asking.end()
    except BaseException as raised:  # noqa: BLE001 - any end is a verdict
        return asking.settled or _explain(raised, asking, tests)
    if asking.settled:
        return asking.settled
    if not asking.calls:
        return "error", f"the tests make no call of {entry_point}"
    return "pass", "every test held"


def report(verdict_pipe: int, verdict: TestVerdict, calls: int) -> None:
    """Write the verdict and close the pipe."""
    kind, note = verdict
    body = json.dumps({"kind": kind, "note": note[:MAX_NOTE], "calls": calls})
    os.write(verdict_pipe, body.encode())
    os.close(verdict_pipe)


def _miss_nothing(asking: Asking, tests: str) -> None:
    """Let a test fail where an interpreter would only print that it did.

    In a thread, a task and in ``__del__`` an exception ends nothing but itself.
    """

    def lost(raised: BaseException | None) -> None:
        candidates = asking.raised is not None and asking.raised[0] is raised
        if raised is not None and (
            candidates or isinstance(raised, AssertionError | Veiled)
        ):
            asking.settled = asking.settled or _explain(raised, asking, tests)

    threading.excepthook = lambda told: lost(told.exc_value)
    sys.unraisablehook = lambda told: lost(told.exc_value)
    if "asyncio" in tests:
        from asyncio import BaseEventLoop  # noqa: PLC0415 - where it is needed

        def told(_: BaseEventLoop, context: dict[str, Any]) -> None:
            lost(context.get("exception"))

        loops: Any = BaseEventLoop
        loops.default_exception_handler = told


def _provide(
    asking: Asking, space: dict[str, object], tests: str, entry_point: str
) -> None:
    """Give the tests the candidate, as far as they need it."""
    needed = demands(tests, entry_point, space)
    for name in needed.modules:
        space[name] = of_library(name)
    asking.objects, asking.printed = needed.objects, needed.printed
    if not needed.objects:
        space[entry_point] = _function(asking, entry_point)
        return
    space[entry_point] = asking.ask("global", entry_point)
    for name in needed.names:
        with suppress(NameError):  # then the tests will say so
            space[name] = asking.ask("global", name)


def _function(asking: Asking, name: str) -> object:
    def candidate(*args: object, **kwargs: object) -> object:
        return asking.call(*args, **kwargs)

    candidate.__name__ = candidate.__qualname__ = name
    return candidate


def _run_stub(stub: str, space: dict[str, object]) -> None:
    """Define the helpers of the task; a prompt may end where a body should begin."""
    for text in (stub, f"{stub.rstrip()}\n    pass\n"):
        try:
            code = compiled(text, "<stub>")
        except SyntaxError:
            continue
        exec(code, space)  # noqa: S102 - tests are code
        return


def _explain(raised: BaseException, asking: Asking, tests: str) -> TestVerdict:
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


def _failed(asking: Asking, tests: str, message: object) -> object:
    """Note that an assertion does not hold, whoever may hear of it."""
    if asking.settled is None:
        place = _line(tests, [sys._getframe(2).f_lineno])  # noqa: SLF001 - of the tests
        shown = _shown(asking.last)
        asking.settled = "wrong", f"{place}; the last answer was {shown}"
    return message


def _place(raised: BaseException, tests: str) -> str:
    frames = traceback.extract_tb(raised.__traceback__)
    return _line(tests, [frame.lineno for frame in frames if frame.filename == FILE])


def _line(tests: str, lines: list[int | None]) -> str:
    text = tests.splitlines()
    if not lines or lines[-1] is None or lines[-1] > len(text):
        return "in the tests"
    return f"line {lines[-1]} of the tests: {text[lines[-1] - 1].strip()[:120]}"


def _shown(value: object) -> str:
    """Return a short form; a long value is not turned into text as a whole."""
    if isinstance(value, Remote):
        return f"<{type(value).__name__} object>"
    try:
        shown = repr(value)
    except (Exception, Settled):  # noqa: BLE001 - any end is a verdict
        return f"a {type(value).__name__}"
    return shown if len(shown) <= MAX_SHOWN else f"{shown[:MAX_SHOWN]}…"
