"""Sandboxed environments of jinja2 that count what their templates do.

A class of the library's is made into one with limits, so that a backend's own
environment keeps its filters, its extensions and its way of treating blanks. Loops,
calls, filters, tests, comparisons and whatever makes a text or a list are counted by
a :class:`TemplateBudget`; a template that takes too much ends with
:class:`TemplateLimit` before it has done it.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from functools import cache, wraps
from types import BuiltinMethodType
from typing import TYPE_CHECKING, Any

from pytest_llmlat.values.template_budget import (
    LONGEST_SOURCE,
    TemplateBudget,
    TemplateLimit,
)
from pytest_llmlat.values.template_growth import (
    MULTIPLYING,
    check_growth,
    check_operator,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

_STEP, _USED = "bounded_step", "bounded_used"
_COPIED, _WRITTEN = "bounded_copied", "bounded_written"


@cache
def bounded(base: type) -> type:
    """Return a class of sandboxed environments with limits.

    Args:
        base: ``jinja2.sandbox.ImmutableSandboxedEnvironment``, or a class of it.
    """
    from jinja2.compiler import CodeGenerator
    from jinja2.environment import Template

    class BoundedCode(_GuardsWritten, CodeGenerator):  # type: ignore[misc]
        """Writes guards as plain calls."""

    class BoundedTemplate(_BudgetForEach, Template):
        """Renders with a budget of its own each time."""

    return type(
        f"Bounded{base.__name__}",
        (_Limits, base),
        {"code_generator_class": BoundedCode, "template_class": BoundedTemplate},
    )


@contextmanager
def bounded_class(holder: Any) -> Iterator[None]:  # noqa: ANN401 - a module of a library
    """Have environments that a library makes inside a block be such with limits.

    Args:
        holder: the module by whose name ``ImmutableSandboxedEnvironment`` it finds it.
    """
    usual = holder.ImmutableSandboxedEnvironment
    holder.ImmutableSandboxedEnvironment = bounded(usual)
    try:
        yield
    finally:
        holder.ImmutableSandboxedEnvironment = usual


class _GuardsWritten:
    """Part of a code generator: a guard is called without the sandbox between."""

    def visit_Call(  # noqa: N802 - as jinja2 calls it
        self: Any,
        node: Any,  # noqa: ANN401 - a node
        frame: Any,  # noqa: ANN401 - of jinja2
        **how: bool,
    ) -> None:
        """Write a call."""
        from jinja2.nodes import EnvironmentAttribute

        if not isinstance(node.node, EnvironmentAttribute):
            super().visit_Call(node, frame, **how)  # type: ignore[misc]
            return
        self.write(f"environment.{node.node.name}(")
        for argument in node.args:
            self.visit(argument, frame)
        self.write(")")


class _BudgetForEach:
    """Part of a template: each rendering begins with a whole budget."""

    environment: Any

    def render(self, *args: Any, **kwargs: Any) -> str:  # noqa: ANN401 - as jinja2 takes them
        """Render; raises what a template does, and :class:`TemplateLimit`."""
        given = dict(*args, **kwargs)
        with self.environment.budgeted(given):
            text: str = super().render(given)  # type: ignore[misc]
        return text


class _Budgets(threading.local):
    """The budget of each thread."""

    def __init__(self) -> None:
        self.now = TemplateBudget()


class _Guarded(dict[str, Any]):
    """Filters or tests, each of which is guarded as it is put in."""

    def __init__(
        self, given: Mapping[str, Any], guard: Callable[[str, Any], Any]
    ) -> None:
        self._guard = guard
        super().__init__({name: guard(name, each) for name, each in given.items()})

    def __setitem__(self, name: str, function: Any) -> None:  # noqa: ANN401 - a filter
        super().__setitem__(name, self._guard(name, function))


class _Limits:
    """Part of an environment: what its templates do is counted."""

    intercepted_binops = frozenset(("+", "*", "**", "%"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - as jinja2 takes them
        super().__init__(*args, **kwargs)
        here: Any = self
        self._budgets = _Budgets()
        here.filters = _Guarded(here.filters, self._guarded)
        here.tests = _Guarded(here.tests, self._guarded)
        # As many words as one asks for.
        here.globals.pop("lipsum", None)

    @property
    def budget(self) -> TemplateBudget:
        """What is left for the rendering of this thread."""
        return self._budgets.now

    @contextmanager
    def budgeted(self, given: Mapping[str, object]) -> Iterator[None]:
        """Give a block a whole budget."""
        before = self._budgets.now
        self._budgets.now = TemplateBudget(given.values())
        try:
            yield
        finally:
            self._budgets.now = before

    def concat(self, pieces: Iterable[str]) -> str:
        """Join what a template wrote."""
        return self.budget.joined(pieces)

    def bounded_step(self) -> None:
        """Count the turn of a loop."""
        self.budget.step()

    def bounded_used(self, value: Any) -> Any:  # noqa: ANN401 - any value
        """Count a value that is compared, or was put together."""
        return self.budget.used(value)

    def bounded_copied(self, value: Any) -> Any:  # noqa: ANN401 - any value
        """Count a value that becomes a part of a text."""
        return self.budget.copied(value)

    def bounded_written(self, value: Any) -> Any:  # noqa: ANN401 - any value
        """Count a value that is written; what is written is counted as it is joined."""
        budget = self.budget
        return budget.used(value) if isinstance(value, str) else budget.copied(value)

    def call(
        self,
        context: Any,  # noqa: ANN401 - of jinja2
        function: Any,  # noqa: ANN401 - any that can be called
        /,
        *args: Any,  # noqa: ANN401 - any values
        **kwargs: Any,  # noqa: ANN401 - any values
    ) -> Any:  # noqa: ANN401 - any value
        """Call what a template calls."""
        budget = self.budget
        budget.step()
        method = getattr(function, "__wrapped__", function)
        if isinstance(method, BuiltinMethodType):
            values = _whole((method.__self__, *args))
            check_growth(budget, method.__name__, values, kwargs)
            args = values[1:]
        return self._counted(super().call(context, function, *args, **kwargs))  # type: ignore[misc]

    def call_binop(
        self,
        context: Any,  # noqa: ANN401 - of jinja2
        operator: str,
        left: Any,  # noqa: ANN401 - any value
        right: Any,  # noqa: ANN401 - any value
    ) -> Any:  # noqa: ANN401 - any value
        """Compute what may be large."""
        check_operator(self.budget, operator, left, right)
        return self.budget.made(
            super().call_binop(context, operator, left, right)  # type: ignore[misc]
        )

    def _generate(
        self,
        source: Any,  # noqa: ANN401 - a node
        *args: Any,  # noqa: ANN401 - as jinja2 takes them
        **kwargs: Any,  # noqa: ANN401 - as jinja2 takes them
    ) -> str:
        """Put guards into a template before its code is written."""
        with self.budgeted({}):
            text: str = super()._generate(_guarded_node(source), *args, **kwargs)  # type: ignore[misc]
        return text

    def _parse(self, source: str, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - as jinja2 takes them
        """Refuse a template that is longer than any."""
        if len(source) > LONGEST_SOURCE:
            raise TemplateLimit(f"it has {len(source):,} letters itself")
        return super()._parse(source, *args, **kwargs)  # type: ignore[misc]

    def _guarded(self, name: str, function: Any) -> Any:  # noqa: ANN401 - a filter or test
        """Return a filter or a test that is counted."""

        @wraps(function)
        def counted(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - any values
            values = _whole(args) if name in MULTIPLYING else args
            own = [value for value in values if not _of_library(value)]
            check_growth(self.budget, name, own, kwargs)
            return self._counted(function(*values, **kwargs))

        return counted

    def _counted(self, found: Any) -> Any:  # noqa: ANN401 - any value
        """Count what came of a call; what is made on demand is counted then."""
        if hasattr(found, "__next__"):
            return self.budget.counted(found)
        return self.budget.made(found)


def _of_library(value: object) -> bool:
    """Whether a value is what jinja2 hands to filters: a context and the like."""
    return isinstance(value, _Limits) or type(value).__module__.startswith("jinja2.")


def _whole(values: Iterable[Any]) -> tuple[Any, ...]:
    """Return values, those that are made on demand made: they can be looked at."""
    return tuple(
        list(value) if hasattr(value, "__next__") else value for value in values
    )


def _guarded_node(node: Any) -> Any:  # noqa: ANN401 - a node of jinja2
    """Return the tree of a template, with guards put round what may be large."""
    from jinja2 import nodes

    for name, value in list(node.iter_fields()):
        if isinstance(value, list):
            setattr(node, name, [_guarded_child(each) for each in value])
        else:
            setattr(node, name, _guarded_child(value))
    if isinstance(node, nodes.For):
        node.body = [nodes.ExprStmt(_guard(node, _STEP)), *node.body]
        if node.test is not None:
            node.test = _guard(node, _USED, node.test)
    elif isinstance(node, nodes.Output):
        node.nodes = [
            each
            if isinstance(each, nodes.TemplateData)
            else _guard(each, _WRITTEN, each)
            for each in node.nodes
        ]
    elif isinstance(node, nodes.Concat):
        node.nodes = [_guard(each, _COPIED, each) for each in node.nodes]
    elif isinstance(node, nodes.Compare):
        node.expr = _guard(node.expr, _USED, node.expr)
        for each in node.ops:
            each.expr = _guard(each.expr, _USED, each.expr)
    elif _makes_a_holder(node):
        return _guard(node, _USED, node)
    return node


def _guarded_child(value: Any) -> Any:  # noqa: ANN401 - a field of a node
    from jinja2.nodes import Node

    return _guarded_node(value) if isinstance(value, Node) else value


def _makes_a_holder(node: Any) -> bool:  # noqa: ANN401 - a node of jinja2
    """Whether a node makes a list, a dict or a part of one, other than a constant."""
    from jinja2 import nodes

    if isinstance(node, nodes.Getitem):
        return isinstance(node.arg, nodes.Slice)
    if isinstance(node, nodes.Tuple) and node.ctx != "load":
        return False
    if isinstance(node, nodes.List | nodes.Tuple):
        return not all(isinstance(each, nodes.Const) for each in node.items)
    return isinstance(node, nodes.Dict)


def _guard(node: Any, name: str, *values: Any) -> Any:  # noqa: ANN401 - nodes of jinja2
    """Return the call of a guard, at the place of a node."""
    from jinja2 import nodes

    place = {"lineno": node.lineno, "environment": node.environment}
    return nodes.Call(
        nodes.EnvironmentAttribute(name, **place), list(values), [], None, None, **place
    )
