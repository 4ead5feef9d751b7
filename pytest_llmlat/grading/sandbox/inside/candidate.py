"""Runs the candidate's module and answers the calls of the judge.

This process is the candidate's to spoil: it holds no test, no expected value and no
verdict, only the line on which it is asked. Whatever it sends is checked by the judge.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
import types
from contextlib import suppress
from typing import TYPE_CHECKING

from .decoder import Decoder
from .encoder import Encoder
from .frames import Closed, receive, send
from .values import Term, Uncrossable

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

MODULE = "candidate"
FILE = "<candidate>"
MAX_QUESTION = 1 << 30
MAX_TEXT = 300
USUAL_RECURSION = 1000


def serve(line: socket.socket, source: str, entry_point: str, *, longest: int) -> None:
    """Answer every call until the judge has gone. Never returns to the server."""
    module = types.ModuleType(MODULE)
    sys.modules[MODULE] = module
    # The frames below the program are ours and not taken from its depth.
    sys.setrecursionlimit(USUAL_RECURSION + len(traceback.extract_stack()))
    tell, leave = send, os._exit
    try:
        tell(line, json.dumps(_load(module, source, entry_point)).encode())
        while True:
            question = receive(line, MAX_QUESTION)
            # The arguments may come back, so their length is not held against it.
            room = longest + len(question)
            tell(line, _answer(module, entry_point, json.loads(question), room))
    except Closed:
        leave(0)


def _load(module: types.ModuleType, source: str, entry_point: str) -> dict[str, Term]:
    """Run the module, and say what came of it."""
    try:
        code = compile(source, FILE, "exec", dont_inherit=True)
    except BaseException as wrong:  # noqa: BLE001 - its code may raise anything
        return {"syntax": _one_line(wrong)}
    try:
        exec(code, module.__dict__)  # noqa: S102 - what the sandbox is for
    except BaseException as raised:  # noqa: BLE001 - its code may raise anything
        return {"raised": _description(raised)}
    if not callable(getattr(module, entry_point, None)):
        return {"missing": entry_point}
    return {"ready": True}


def _answer(
    module: types.ModuleType, entry_point: str, question: dict[str, Term], room: int
) -> bytes:
    """Make one call and return the reply."""
    classes = _classes(module, question["classes"])
    decoder = Decoder(classes)
    known = list(decoder.read(question["heap"]))
    positional, named = (decoder.value(question[key]) for key in ("args", "kwargs"))
    function: Callable[..., object] = getattr(module, entry_point)
    encoder = Encoder(classes, known, strict=False, longest=room)
    reply: dict[str, Term] = {}
    try:
        result = function(*positional, **dict(named))  # type: ignore[misc, call-overload]  # our judge sends a tuple and pairs
        reply["value"] = encoder.term(result)
    except Uncrossable as unfit:
        return json.dumps({"unfit": str(unfit)}).encode()
    except BaseException as raised:  # noqa: BLE001 - its code may raise anything
        reply["raised"] = _description(raised)
    try:
        heap = encoder.heap()
        before = question["heap"]
        reply["heap"] = [
            None if number < len(known) and _same(entry, before, number) else entry
            for number, entry in enumerate(heap)
        ]
        return json.dumps(reply, allow_nan=False).encode()
    except Uncrossable as unfit:
        return json.dumps({"unfit": str(unfit)}).encode()
    except BaseException as raised:  # noqa: BLE001 - its code may raise anything
        return json.dumps({"raised": _description(raised)}).encode()


def _same(entry: list[Term], before: Term, number: int) -> bool:
    # By text, because 1, 1.0 and True are equal in Python.
    return isinstance(before, list) and repr(before[number]) == repr(entry)


def _classes(module: types.ModuleType, names: Term) -> dict[str, type]:
    """Return the candidate's classes of these names; plain ones where it has none."""
    found: dict[str, type] = {}
    for name in names if isinstance(names, list) else ():
        if isinstance(name, str):
            own = getattr(module, name, None)
            if not isinstance(own, type):
                own = type(name, (), {})
                setattr(module, name, own)
            found[name] = own
    return found


def _description(raised: BaseException) -> Term:
    """Say what was raised: its type, its nearest builtin, arguments and place."""
    base = next(
        (
            kind.__name__
            for kind in type(raised).__mro__
            if kind.__module__ == "builtins" and issubclass(kind, Exception)
        ),
        None,
    )
    arguments: list[Term] = []
    with suppress(BaseException):
        encoder = Encoder((), strict=True)
        arguments = [encoder.term(argument) for argument in raised.args]
        if encoder.heap():
            arguments = [_one_line(raised)]
    lines = [
        frame.lineno
        for frame in traceback.extract_tb(raised.__traceback__, limit=-100)
        if frame.filename == FILE
    ]
    return [
        type(raised).__name__[:MAX_TEXT],
        base,
        arguments,
        _one_line(raised),
        lines[-1] if lines else None,
    ]


def _one_line(raised: BaseException) -> str:
    name, text = type(raised).__name__, ""
    with suppress(BaseException):
        text = str(raised)
    line = f"{name}: {text}" if text else name
    return line.replace("\n", " ")[:MAX_TEXT]
