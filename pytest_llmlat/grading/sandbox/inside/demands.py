"""What tests ask of a candidate beyond values, read off their text.

A candidate's objects are shown to tests that cannot do without them, and to no others:
an object can answer every question as it is asked, where a value is what it is. So a
function whose tests compare values is judged by values alone.
"""

from __future__ import annotations

import ast
import builtins
import importlib
import sys
from collections import deque
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from types import GeneratorType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

VALUES: tuple[type, ...] = (
    *(str, bytes, bytearray, int, float, complex, bool, list, tuple, dict, set),
    *(frozenset, range, deque, Decimal, Fraction, date, time, datetime, timedelta),
    *(type(None), BaseException, GeneratorType, type({}.keys()), type({}.items())),
)
OF_VALUES = frozenset(name for kind in VALUES for name in dir(kind)) | {"_fields"}
"""Attributes that some value which crosses has."""
CANDIDATE = "candidate"
"""What HumanEval's tests call the function."""
COMPARING = {
    "isclose": "math",
    "Counter": "collections",
    "Decimal": "decimal",
    "Fraction": "fractions",
    "TestCase": "unittest",
    "ANY": "unittest.mock",
}
"""What tests compare answers with, by the module that has it."""
LIBRARIES = frozenset(
    {"numpy", "np", "pandas", "pd", "scipy", "sympy", "torch", "pytest", "hypothesis"}
)
"""Names of modules that nobody but an installed library could give."""


@dataclass(frozen=True)
class Demands:
    """What tests need."""

    objects: bool
    """Whether the tests use what the candidate returns as an object."""
    printed: bool
    """Whether the tests read what is printed."""
    names: tuple[str, ...]
    """What they name beside the entry point and define nowhere."""
    modules: tuple[str, ...] = ()
    """What they name so of the standard library: no program may lend it to them."""


def demands(tests: str, entry_point: str, space: Mapping[str, object]) -> Demands:
    """Read what tests need.

    Args:
        tests: their text.
        entry_point: the name that they call.
        space: what the stub has defined.
    """
    try:
        tree = ast.parse(tests)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return Demands(objects=False, printed=False, names=())
    nodes = list(ast.walk(tree))
    known = _bound(nodes) | {*space, *vars(builtins), entry_point, CANDIDATE}
    # What a star imports, nobody can tell from the text.
    unknown = set() if "*" in known else _named(nodes) - known - LIBRARIES
    modules = tuple(sorted(name for name in unknown if _is_lent(name, nodes)))
    names = tuple(sorted(unknown - {*modules}))
    own = _own_attributes(nodes) | _own_attributes_of(space)
    stub = space.get(entry_point)
    capital = entry_point.lstrip("_")[:1].isupper()
    is_class = capital if stub is None else isinstance(stub, type)
    answers = _Returned({entry_point, CANDIDATE})
    answers.follow(nodes)
    return Demands(
        objects=is_class or bool(names) or answers.are_objects(nodes, own),
        printed="stdout" in tests,
        names=names,
        modules=modules,
    )


def of_library(name: str) -> object:
    """Return what a name stands for that tests use and forgot to import.

    Raises:
        ImportError: the module is not there.
    """
    if name in COMPARING:
        return getattr(importlib.import_module(COMPARING[name]), name)
    return importlib.import_module(name)


def _is_lent(name: str, nodes: list[ast.AST]) -> bool:
    """Say whether a name is a module of Python's, which has what tests use of it."""
    if name in COMPARING:
        return True
    used = {
        node.attr
        for node in nodes
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == name
    }
    if not used or name not in sys.stdlib_module_names:
        return False
    try:
        module = importlib.import_module(name)
    except ImportError:
        return True  # and the tests will say that it is not there
    return all(hasattr(module, attribute) for attribute in used)


class _Returned:
    """The names under which tests keep what a candidate has returned."""

    def __init__(self, functions: set[str]) -> None:
        self._functions = functions
        self._kept: set[str] = set()

    def follow(self, nodes: list[ast.AST]) -> None:
        """Find the names that hold an answer, or a part of one."""
        before = -1
        while before != len(self._kept):
            before = len(self._kept)
            for target, value in _bindings(nodes):
                if self._is_answer(value):
                    self._kept |= {
                        name.id
                        for name in ast.walk(target)
                        if isinstance(name, ast.Name)
                    }
            self._kept |= {
                node.name
                for node in nodes
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
                and any(map(self._decorates, node.decorator_list))
            }

    def are_objects(self, nodes: list[ast.AST], own: set[str]) -> bool:
        """Say whether an answer is called, or has an attribute that no value has."""
        return any(
            (
                isinstance(node, ast.Call)
                and not isinstance(node.func, ast.Attribute)
                and self._is_answer(node.func)
            )
            or (
                isinstance(node, ast.Attribute)
                and node.attr not in OF_VALUES
                and node.attr not in own
                and self._is_answer(node.value)
            )
            or (
                isinstance(node, ast.With | ast.AsyncWith)
                and any(self._is_answer(item.context_expr) for item in node.items)
            )
            or (isinstance(node, ast.AsyncFor) and self._is_answer(node.iter))
            or (
                isinstance(node, ast.comprehension)
                and bool(node.is_async)
                and self._is_answer(node.iter)
            )
            for node in nodes
        )

    def _decorates(self, node: ast.expr) -> bool:
        """Say whether a decorator is the candidate's."""
        bare = isinstance(node, ast.Name) and node.id in self._functions
        return bare or self._is_answer(node)

    def _is_answer(self, node: ast.AST) -> bool:
        """Say whether an expression is an answer, or something inside of one."""
        called = False
        while True:
            if isinstance(node, ast.Call):
                # A method of a value gives a value, and so does one of our own.
                called, node = True, node.func
            elif isinstance(node, ast.Attribute | ast.Subscript | ast.Await):
                node = node.value
            elif isinstance(node, ast.Name):
                return node.id in self._kept or (called and node.id in self._functions)
            else:
                return False


def _bindings(nodes: list[ast.AST]) -> Iterator[tuple[ast.AST, ast.AST]]:
    """Yield (target, value) wherever a value gets a name."""
    for node in nodes:
        if isinstance(node, ast.Assign):
            yield from ((target, node.value) for target in node.targets)
        elif isinstance(node, ast.AnnAssign | ast.NamedExpr) and node.value:
            yield node.target, node.value
        elif isinstance(node, ast.For | ast.comprehension):
            yield node.target, node.iter
        elif isinstance(node, ast.withitem) and node.optional_vars:
            yield node.optional_vars, node.context_expr


def _named(nodes: list[ast.AST]) -> set[str]:
    return {
        node.id
        for node in nodes
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
    }


def _bound(nodes: list[ast.AST]) -> set[str]:
    """Return every name that the tests themselves give to something."""
    found: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            found.add(node.id)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.arg):
            found.add(node.arg)
        elif isinstance(node, ast.alias):
            found.add(node.asname or node.name.partition(".")[0])
        elif isinstance(node, ast.ExceptHandler) and node.name:
            found.add(node.name)
    return found


def _own_attributes(nodes: list[ast.AST]) -> set[str]:
    """Return the attributes that classes of the tests have or are given."""
    found: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            found.add(node.attr)
        elif isinstance(node, ast.ClassDef):
            found |= {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
            found |= {n.name for n in node.body if isinstance(n, ast.FunctionDef)}
            found |= {
                str(n.value)
                for n in ast.walk(node)
                if isinstance(n, ast.Constant) and isinstance(n.value, str)
            }
    return found


def _own_attributes_of(space: Mapping[str, object]) -> set[str]:
    """Return the attributes of the classes that the stub defines, as named there."""
    kinds = [kind for kind in space.values() if isinstance(kind, type)]
    names = {name for kind in kinds for name in dir(kind)}
    fields = {
        name
        for kind in kinds
        for function in vars(kind).values()
        for name in getattr(getattr(function, "__code__", None), "co_names", ())
    }
    annotated = {n for kind in kinds for n in getattr(kind, "__annotations__", {})}
    return names | fields | annotated
