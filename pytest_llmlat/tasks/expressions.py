"""One-line expressions over the columns of a row: sandboxed Jinja2, native values."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from pytest_llmlat.values.errors import BadCatalogue


def check_expression(text: str, *, where: str) -> None:
    """Parse an expression early, so that a typo is told before data are loaded.

    Raises:
        BadCatalogue: it is no expression.
    """
    from jinja2 import TemplateSyntaxError

    try:
        _compiled(text)
    except TemplateSyntaxError as error:
        raise BadCatalogue(
            f"{where}: {text!r} is no expression: {error.message}; it is written as"
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
    from jinja2 import TemplateError

    try:
        found: str = compiled_template(text).render(variables)
    # A template computes: a column of another type than it expects raises anything.
    except (TemplateError, TypeError, ValueError, ArithmeticError) as error:
        columns = ", ".join(sorted(variables))
        raise BadCatalogue(
            f"{where}: template: {error}; the row has: {columns}"
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
    from jinja2 import TemplateError, Undefined

    if text in variables:  # a column's name need not be a word
        return variables[text]
    check_expression(text, where=where)
    try:
        value = _compiled(text)(**variables)
        if isinstance(value, Undefined):
            str(value)  # which raises, and says what is undefined
    # An expression computes: a column of another type than it expects raises anything.
    except (
        *(TemplateError, TypeError, ValueError),
        *(ArithmeticError, LookupError, AttributeError),
    ) as error:
        columns = ", ".join(sorted(variables.get("columns", variables)))
        raise BadCatalogue(
            f"{where} = {text!r}: {error}; the row has: {columns}"
        ) from error
    return value


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

    Text is plain text for a model, never HTML, so nothing is escaped.
    """
    from jinja2 import StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    class ColumnsFirst(ImmutableSandboxedEnvironment):
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
