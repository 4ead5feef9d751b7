"""Exceptions of the candidate that the interpreter would take for a signal of its own.

``StopIteration`` ends ``map``, ``zip`` and every loop over them, as if there were no
more cases: ``all(map(holds, cases))`` would be true. ``AttributeError`` makes
``hasattr`` false, and what a special method of the tests' own class lets through ends
an iteration (``IndexError``) or gives a default. So these are raised among the tests
*veiled*: as a class of the same name, related as the real one is related to other
exceptions, but known to no protocol. Only an ``except`` of the tests, a ``__exit__`` of
theirs or an ``assertRaises`` finds the exception that is meant. Where they have none
of these, nobody could want an exception, and the first one ends them.

An end that the tests wait for round ``next`` is that of their own iterator, so it is
not found there; out of a generator of theirs it comes as ``RuntimeError``, as ever.
"""

from __future__ import annotations

import ast
import sys
from inspect import CO_ASYNC_GENERATOR, CO_COROUTINE, CO_GENERATOR
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import CodeType, FrameType

ALWAYS = (StopIteration, StopAsyncIteration, AttributeError)
"""What C code swallows wherever it calls a function."""
ENDS = (StopIteration, StopAsyncIteration)
THROUGH = frozenset(
    {"__init__", "__new__", "__post_init__", "__call__", "__enter__", "__exit__"}
    | {"__aenter__", "__aexit__"}
)
"""Special methods whose exceptions nobody swallows."""
CAUGHT, CAUGHT_BUT_ENDS, MEANT, LEFT = ".caught", ".caught but ends", ".meant", ".left"
"""Names that no text can have, like ``.0`` of Python's own."""
FAILED = ".failed"
CATCHING = frozenset({"assertRaises", "assertRaisesRegex", "suppress"})
WORDS = ("except", "__exit__", "__aexit__", *sorted(CATCHING))
"""Tests without any of these have no place at which they catch anything."""
ALONGSIDE = (
    *("submit", "executor", "create_task", "ensure_future", "TaskGroup", "Future"),
    *("call_soon", "call_later", "add_done_callback", "to_thread", "Pool"),
)
"""Words of tests that do something whose end they need not look at."""
OTHERS = ("return_exceptions", "exception(", "Traceback", "doctest")
"""How tests ask for an exception without catching it."""
STEPS = frozenset({"next", "anext", "send", "throw", "__next__", "__anext__"})
"""Calls that may end with the end of an iterator of the tests' own."""


class Veiled(Exception):
    """Stands for an exception of the candidate."""

    meant: Exception


_VEILS: dict[type[Exception], type[Exception]] = {Exception: Exception}


def veil_of(kind: type[Exception]) -> type[Exception]:
    """Return the class that stands for an exception's class, the same each time."""
    if kind in _VEILS:
        return _VEILS[kind]
    bases = [
        veil_of(base)
        for base in kind.__bases__
        if issubclass(base, Exception) and base is not Exception
    ]
    _VEILS[kind] = type(kind.__name__, (*bases,) or (Veiled,), {})
    return _VEILS[kind]


def veiled(error: Exception) -> Exception:
    """Return an exception that stands for ``error``, with its arguments and notes."""
    found = veil_of(type(error))(*error.args)
    found.meant = error  # type: ignore[attr-defined]  # every veil has one
    for note in getattr(error, "__notes__", ()):
        found.add_note(note)
    return found


def as_raised(error: Exception, operation: str) -> Exception:
    """Return what is raised among the tests for what the candidate has raised.

    Args:
        error: it.
        operation: in answer to which question: only an iterator may end an iteration,
            and an attribute may be missing where one is asked for.
    """
    if not _is_swallowed(error, operation):
        return error
    passes = CO_GENERATOR | CO_COROUTINE | CO_ASYNC_GENERATOR
    if isinstance(error, StopAsyncIteration):
        passes = 0 if operation == "await" else CO_ASYNC_GENERATOR
    through = any(frame.f_code.co_flags & passes for frame in _frames_of_tests())
    if isinstance(error, ENDS) and through:
        error = RuntimeError(f"generator raised {type(error).__name__}")
    return veiled(error)


def _is_swallowed(error: Exception, operation: str) -> bool:
    """Say whether an exception could get lost on its way to the tests."""
    if operation == "next" and isinstance(error, StopIteration):
        return False
    if isinstance(error, ENDS):
        return True
    if operation not in {"entry", "call", "await"}:
        return False
    return isinstance(error, ALWAYS) or any(
        name[:2] == name[-2:] == "__" and name not in THROUGH
        for name in (frame.f_code.co_name for frame in _frames_of_tests())
    )


def _frames_of_tests() -> Iterator[FrameType]:
    """Yield what is under way and not ours, from the inside out."""
    frame = sys._getframe(1).f_back  # noqa: SLF001 - there is no other way to ask
    while frame is not None:
        if not str(frame.f_globals.get("__name__")).startswith("inside."):
            yield frame
        frame = frame.f_back


def expect_exceptions(text: str) -> bool:
    """Say whether tests could ask for an exception at all."""
    return any(word in text for word in (*WORDS, *OTHERS))


def _caught(kinds: object, but: tuple[type, ...] = ()) -> object:
    """Return what an ``except`` of ``kinds`` has to catch."""
    given = kinds if isinstance(kinds, tuple) else (kinds,)
    veils = [
        veil_of(kind)
        for kind in given
        if isinstance(kind, type)
        and issubclass(kind, Exception)
        and not issubclass(kind, but)
    ]
    return (*given, *veils) if veils else kinds


def _caught_but_ends(kinds: object) -> object:
    """The same where the tests step through an iterator of their own."""
    return _caught(kinds, ENDS)


def _meant(error: object) -> object:
    """Return the exception that the tests see under a name."""
    return error.meant if isinstance(error, Veiled) else error


def _left(*raised: object) -> tuple[object, ...]:
    """Return what an ``__exit__`` is told: type, exception, traceback."""
    _, error, *trace = raised
    if not isinstance(error, Veiled):
        return raised
    return (type(error.meant), error.meant, *trace)


CATCHERS = {
    CAUGHT: _caught,
    CAUGHT_BUT_ENDS: _caught_but_ends,
    MEANT: _meant,
    LEFT: _left,
}
"""What the code of tests calls under names that their text cannot have."""


def compiled(text: str, file: str) -> CodeType:
    """Compile tests so that they catch what is meant.

    Raises:
        SyntaxError: as ``compile`` does.
    """
    if not any(word in text for word in (*WORDS, *ALONGSIDE)):
        return compile(text, file, "exec", dont_inherit=True)
    tree = ast.parse(text, file)
    if expect_exceptions(text):
        _Unveiling().visit(tree)
    else:
        _Telling().visit(tree)
    ast.fix_missing_locations(tree)
    return compile(tree, file, "exec", dont_inherit=True)


class _Telling(ast.NodeTransformer):
    """Has it told that an assertion fails: a pool keeps its error to itself."""

    def visit_Assert(self, node: ast.Assert) -> ast.Assert:
        """The message of an ``assert`` is looked at when it fails, and only then."""
        told = [] if node.msg is None else [node.msg]
        call = ast.Call(ast.Name(FAILED, ast.Load()), told, [])
        node.msg = ast.copy_location(call, node)
        return node


class _Unveiling(ast.NodeTransformer):
    """Puts the functions of this module wherever an exception is caught."""

    def visit_Try(self, node: ast.Try) -> ast.Try:
        """``except E as e`` catches the veil, and ``e`` is what is meant."""
        self.generic_visit(node)
        _catch_what_is_meant(node)
        return node

    def visit_TryStar(self, node: ast.TryStar) -> ast.TryStar:
        """The same for ``except*``."""
        self.generic_visit(node)
        _catch_what_is_meant(node)
        return node

    def visit_Call(self, node: ast.Call) -> ast.Call:
        """``assertRaises(E)`` expects the veil too."""
        self.generic_visit(node)
        name = _called(node)
        if name == "suppress":
            node.args = [_call(CAUGHT, argument) for argument in node.args]
        elif name in CATCHING and node.args:
            node.args[0] = _call(CAUGHT, node.args[0])
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        """A ``__exit__`` of the tests' own is told what is meant."""
        self.generic_visit(node)
        if node.name == "__exit__":
            _tell_what_is_meant(node)
        return node

    def visit_AsyncFunctionDef(
        self, node: ast.AsyncFunctionDef
    ) -> ast.AsyncFunctionDef:
        """The same for ``__aexit__``."""
        self.generic_visit(node)
        if node.name == "__aexit__":
            _tell_what_is_meant(node)
        return node


def _catch_what_is_meant(node: ast.Try | ast.TryStar) -> None:
    inner = (each for statement in node.body for each in ast.walk(statement))
    steps = any(_called(each) in STEPS for each in inner)
    for handler in node.handlers:
        if handler.type is not None:
            way = CAUGHT_BUT_ENDS if steps else CAUGHT
            handler.type = _call(way, handler.type)
        if handler.name:
            first = handler.body[0]
            handler.body.insert(0, _assign(handler.name, MEANT, first))


def _called(node: ast.AST) -> str:
    """Return the last name of what is called, nothing where nothing is."""
    function = node.func if isinstance(node, ast.Call) else None
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def _tell_what_is_meant(node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
    names = [each.arg for each in (*node.args.posonlyargs, *node.args.args)][1:]
    rest = node.args.vararg
    if len(names) == 3:  # noqa: PLR2004 - type, exception, traceback
        given: list[ast.expr] = [ast.Name(name, ast.Load()) for name in names]
        target: ast.expr = ast.Tuple(
            [ast.Name(name, ast.Store()) for name in names], ast.Store()
        )
    elif not names and rest:
        given = [ast.Starred(ast.Name(rest.arg, ast.Load()), ast.Load())]
        target = ast.Name(rest.arg, ast.Store())
    else:
        return
    call = ast.Call(ast.Name(LEFT, ast.Load()), given, [])
    node.body.insert(0, ast.copy_location(ast.Assign([target], call), node.body[0]))


def _assign(name: str, function: str, beside: ast.stmt) -> ast.stmt:
    value = _call(function, ast.copy_location(ast.Name(name, ast.Load()), beside))
    return ast.copy_location(ast.Assign([ast.Name(name, ast.Store())], value), beside)


def _call(function: str, argument: ast.expr) -> ast.expr:
    call = ast.Call(ast.Name(function, ast.Load()), [argument], [])
    return ast.copy_location(call, argument)
