"""One-line expressions over the columns of a row: sandboxed Jinja2, native values."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from pytest_llmlat.values.bounded_templates import bounded
from pytest_llmlat.values.errors import BadCatalogue


def check_expression(text: str, *, where: str) -> None:
    """Parse an expression early, so that a typo is told before data are loaded.

    Raises:
        BadCatalogue: it is no expression.
    """
    try:
        _compiled(text)
    except broken_source() as error:
        raise BadCatalogue(
            f"{where}: {text!r:.200} is no expression: {told(error)}; it is written as"
            " inside {{ }}, and a column whose name is no word as columns['its name']"
        ) from error


def rendered(text: str, variables: Mapping[str, Any], *, where: str) -> str:
    """Return what a template makes of some columns.

    Args:
        text: the template.
        variables: what it may name.
        where: the row, for the complaint.

    Raises:
        BadCatalogue: it names what is not there, or cannot be computed.
    """
    try:
        found: str = compiled_template(text).render(variables)
    # A template computes: a column of another type than it expects raises anything.
    except _broken_rows() as error:
        columns = ", ".join(sorted(map(str, variables)))
        raise BadCatalogue(
            f"{where}: template: {told(error)}; the row has: {columns:.500}"
        ) from error
    return found


@cache
def compiled_template(text: str) -> Any:  # noqa: ANN401 - jinja2 is not imported for its types
    """Return a template, parsed once.

    Raises:
        jinja2.TemplateSyntaxError: it is none.
    """
    return environment().from_string(text)


def evaluate(text: str, variables: Mapping[str, Any], *, where: str) -> Any:  # noqa: ANN401 - a column holds anything
    """Return the value of an expression, such as ``target[0]`` or ``id | trim``.

    Args:
        text: the expression; a name with nothing around it is that variable.
        variables: what it may name.
        where: the row and the field, for the complaint.

    Raises:
        BadCatalogue: it names what is not there, or cannot be computed.
    """
    from jinja2 import Undefined

    if text in variables:  # a column's name need not be a word
        return variables[text]
    check_expression(text, where=where)
    try:
        with environment().budgeted(variables):
            value = _compiled(text)(**variables)
        if isinstance(value, Undefined):
            str(value)  # which raises, and says what is undefined
    # An expression computes: a column of another type than it expects raises anything.
    except _broken_rows() as error:
        columns = ", ".join(sorted(map(str, variables.get("columns", variables))))
        raise BadCatalogue(
            f"{where} = {text!r:.300}: {told(error)}; the row has: {columns:.500}"
        ) from error
    return value


def broken_source() -> tuple[type[Exception], ...]:
    """Return what compiling a template may raise.

    Python itself refuses code that is nested too deeply, and numbers too long to read.
    """
    from jinja2 import TemplateError

    return (
        *(TemplateError, SyntaxError, ValueError, TypeError),
        *(RecursionError, MemoryError, OverflowError),
    )


def told(error: BaseException) -> str:
    """Say what was wrong with a template, in one line."""
    if isinstance(error, RecursionError):
        return "it is nested too deeply, or calls itself without end"
    words = " ".join(str(error).split())
    return f"{words:.500}" or type(error).__name__


def _broken_rows() -> tuple[type[Exception], ...]:
    """Return what a template may raise as it computes."""
    return (
        *(*broken_source(), ArithmeticError),
        *(LookupError, AttributeError),
        NameError,  # of 1e999, which jinja2 writes as inf
    )


@cache
def _compiled(text: str) -> Any:  # noqa: ANN401 - jinja2 is not imported for its types
    return environment().compile_expression(text, undefined_to_none=False)


def _written(value: object) -> object:
    """Return a value that a template writes; what is missing is no word of it."""
    if value is None:
        raise ValueError(
            "a value is missing or null in this row; leave such rows out by 'where', or"
            " write {% if column %}…{% endif %} or {{ column or '…' }}"
        )
    if isinstance(value, bytes):
        raise ValueError("a value is bytes, not text; write the column as text")  # noqa: TRY004 - as above
    return value


@cache
def environment() -> Any:  # noqa: ANN401 - jinja2 is not imported for its types
    """Return what compiles templates that see values only: no files, no globals.

    Text is plain text for a model, never HTML, so nothing is escaped. What a template
    may cost is limited, see :mod:`pytest_llmlat.values.template_budget`.
    """
    from jinja2 import StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    class ColumnsFirst(bounded(ImmutableSandboxedEnvironment)):  # type: ignore[misc]
        """Reads ``review.items`` as the column, and only else as a dict's method."""

        def getattr(self, obj: Any, attribute: str) -> Any:  # noqa: ANN401 - a cell
            if isinstance(obj, Mapping) and attribute in obj:
                return obj[attribute]
            return super().getattr(obj, attribute)

    sandboxed = ColumnsFirst(
        undefined=StrictUndefined,
        trim_blocks=True,
        autoescape=False,
        finalize=_written,
    )
    sandboxed.globals.clear()  # range(10 ** 9) and its kind are no columns
    return sandboxed
