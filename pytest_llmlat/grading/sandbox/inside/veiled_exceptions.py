"""Exceptions of the candidate that the interpreter would take for a signal of its own.

``StopIteration`` ends ``map``, ``zip`` and every loop over them, as if there were no
more cases: ``all(map(holds, cases))`` would be true. ``AttributeError`` makes
``hasattr`` false, and what a special method of the tests' own class lets through ends
an iteration (``IndexError``) or gives a default. So these are raised among the tests
*veiled*: as a class of the same name, related as the real one is related to other
exceptions, but known to no protocol. Only an ``except`` of the tests, a ``__exit__`` of
theirs or an ``assertRaises`` finds the exception that is meant.
"""

from __future__ import annotations

import ast
import functools
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import CodeType

ALWAYS = (StopIteration, StopAsyncIteration, AttributeError)
"""What C code swallows wherever it calls a function."""
ENDS = (StopIteration, StopAsyncIteration)
THROUGH = frozenset(
    {"__init__", "__new__", "__post_init__", "__call__", "__enter__", "__exit__"}
    | {"__aenter__", "__aexit__"}
)
"""Special methods whose exceptions nobody swallows."""
CAUGHT, MEANT, LEFT = ".caught", ".meant", ".left"
"""Names that no text can have, like ``.0`` of Python's own."""
CATCHING = frozenset({"assertRaises", "assertRaisesRegex", "suppress"})
WORDS = ("except", "__exit__", "__aexit__", *sorted(CATCHING))
"""Tests without any of these catch nothing."""


class Veiled(Exception):
    """Stands for an exception of the candidate."""

    meant: Exception


@functools.cache
def veil_of(kind: type[Exception]) -> type[Exception]:
    """Return the class that stands for an exception's class."""
    if kind is Exception:
        return Exception
    bases = [
        veil_of(base)
        for base in kind.__bases__
        if issubclass(base, Exception) and base is not Exception
    ]
    return type(kind.__name__, (*bases,) or (Veiled,), {})


def veiled(error: Exception) -> Exception:
    """Return an exception that stands for ``error``, with its arguments and notes."""
    found = veil_of(type(error))(*error.args)
    found.meant = error  # type: ignore[attr-defined]  # every veil has one
    for note in getattr(error, "__notes__", ()):
        found.add_note(note)
    return found


def is_swallowed(error: Exception, operation: str) -> bool:
    """Say whether what the candidate raised could get lost on its way to the tests.

    Args:
        error: it.
        operation: in answer to which question: only an iterator may end an iteration,
            and an attribute may be missing where one is asked for.
    """
    if operation == "next" and isinstance(error, StopIteration):
        return False
    if isinstance(error, ENDS):
        return True
    if operation not in {"entry", "call", "await"}:
        return False
    return isinstance(error, ALWAYS) or _inside_special_method()


def _inside_special_method() -> bool:
    """Say whether a special method of the tests' own is under way."""
    frame = sys._getframe(1)  # noqa: SLF001 - there is no other way to ask
    while frame := frame.f_back:  # type: ignore[assignment]  # ends with None
        name = frame.f_code.co_name
        ours = str(frame.f_globals.get("__name__")).startswith("inside.")
        if not ours and name[:2] == name[-2:] == "__" and name not in THROUGH:
            return True
    return False


def _caught(kinds: object) -> object:
    """Return what an ``except`` of ``kinds`` has to catch."""
    given = kinds if isinstance(kinds, tuple) else (kinds,)
    veils = [
        veil_of(kind)
        for kind in given
        if isinstance(kind, type) and issubclass(kind, Exception)
    ]
    return (*given, *veils) if veils else kinds


def _meant(error: object) -> object:
    """Return the exception that the tests see under a name."""
    return error.meant if isinstance(error, Veiled) else error


def _left(*raised: object) -> tuple[object, ...]:
    """Return what an ``__exit__`` is told: type, exception, traceback."""
    _, error, *trace = raised
    if not isinstance(error, Veiled):
        return raised
    return (type(error.meant), error.meant, *trace)


CATCHERS = {CAUGHT: _caught, MEANT: _meant, LEFT: _left}
"""What the code of tests calls under names that their text cannot have."""


def compiled(text: str, file: str) -> CodeType:
    """Compile tests so that they catch what is meant.

    Raises:
        SyntaxError: as ``compile`` does.
    """
    if not any(word in text for word in WORDS):
        return compile(text, file, "exec", dont_inherit=True)
    tree = ast.parse(text, file)
    _Unveiling().visit(tree)
    ast.fix_missing_locations(tree)
    return compile(tree, file, "exec", dont_inherit=True)


class _Unveiling(ast.NodeTransformer):
    """Puts the functions of this module wherever an exception is caught."""

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> ast.ExceptHandler:
        """``except E as e`` catches the veil, and ``e`` is what is meant."""
        self.generic_visit(node)
        if node.type is not None:
            node.type = _call(CAUGHT, node.type)
        if node.name:
            node.body.insert(0, _assign(node.name, MEANT, node.body[0]))
        return node

    def visit_Call(self, node: ast.Call) -> ast.Call:
        """``assertRaises(E)`` expects the veil too."""
        self.generic_visit(node)
        function = node.func
        name = function.id if isinstance(function, ast.Name) else ""
        if isinstance(function, ast.Attribute):
            name = function.attr
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
