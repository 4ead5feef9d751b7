"""What a method, a filter or an operator of a template would make, seen beforehand."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from pytest_llmlat.values.template_budget import (
    LARGEST_NUMBER,
    TemplateLimit,
    largest_number,
    letters_in,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_llmlat.values.template_budget import TemplateBudget

_WIDTH = re.compile(r"\d{7}")
"""Of a format: seven digits are more than :data:`LARGEST_NUMBER`."""
MULTIPLYING = frozenset(
    (
        *("replace", "join", "translate", "expandtabs", "format", "format_map"),
        *("indent", "wordwrap", "urlize", "xmlattr"),
    )
)
"""Methods and filters whose text may be as long as the product of what they get."""
_SIZED = frozenset(
    (
        *("center", "ljust", "rjust", "zfill", "to_bytes", "batch", "slice", "round"),
        *("truncate", "tojson"),
    )
)
"""Those whose work or text grows with a number that they get."""
_LONGEST_INDENT = 100
_SQUARE = frozenset(("sum", "pprint"))
"""Filters that may look at all before each element."""


def check_growth(
    budget: TemplateBudget,
    name: str,
    values: Sequence[Any],
    named: Mapping[str, Any],
) -> None:
    """See that a method or a filter makes nothing that is too large.

    Args:
        budget: counts it.
        name: of the method or filter.
        values: what it works on, and what it is told besides.
        named: what it is told by names.
    """
    for value in (*values, *named.values()):
        budget.used(value)
    others = (*values[1:], *named.values())
    if name in _SIZED or name in MULTIPLYING:
        largest = largest_number(others, budget)
        if largest > (_LONGEST_INDENT if name == "tojson" else LARGEST_NUMBER):
            raise TemplateLimit(f"{name} is told the number {largest:,}")
        budget.step(largest if name in {"batch", "slice"} else 0)
    if name in _SQUARE and values:
        size = letters_in(values[0], budget) >> 3
        budget.step(size * size >> 8)
    if name in MULTIPLYING and values:
        _check_product(budget, name, values, others)


def _check_product(
    budget: TemplateBudget,
    name: str,
    values: Sequence[Any],
    others: Sequence[Any],
) -> None:
    """See that a text of many copies of another is not too long."""
    subject = values[0]
    size = letters_in(subject, budget) + 1
    if name in {"format", "format_map"} and isinstance(subject, str):
        _check_format(budget, subject, others, mark="%" if "%" in subject else "{")
        return
    if name == "replace" and len(values) > 2 and isinstance(subject, str):  # noqa: PLR2004 - what, and by what
        old, new = str(values[1]), str(values[2])
        budget.room((subject.count(old) if old else size) * len(new))
        return
    added = letters_in(others, budget) + largest_number(others, budget) + 1
    if name == "indent" and isinstance(subject, str):
        size = len(subject) // added + subject.count("\n") + 1
    budget.room(size * added)


def check_operator(
    budget: TemplateBudget,
    operator: str,
    left: Any,  # noqa: ANN401 - any value
    right: Any,  # noqa: ANN401 - any value
) -> None:
    """See that an operator makes nothing that is too large."""
    budget.used(left)
    budget.used(right)
    if operator == "*":
        for holder, times in ((left, right), (right, left)):
            if not isinstance(times, int) or times <= 0:
                continue
            if isinstance(holder, str | bytes):
                budget.room(len(holder) * times)
            elif isinstance(holder, list | tuple):
                budget.step(len(holder) * times)
    elif operator == "+" and isinstance(left, str) and isinstance(right, str):
        budget.room(len(left) + len(right))
    elif operator == "**" and isinstance(left, int) and isinstance(right, int):
        if left.bit_length() * right > LARGEST_NUMBER:
            raise TemplateLimit(f"it computes a power of {right:,}")
    elif operator == "%" and isinstance(left, str):
        _check_format(budget, left, right, mark="%")


def _check_format(
    budget: TemplateBudget,
    text: str,
    values: object,
    *,
    mark: str,
) -> None:
    """See that a format asks for no wide field, and for no value too often."""
    if _WIDTH.search(text):
        raise TemplateLimit("a format asks for a width of a million or more")
    widest = largest_number(values, budget)
    if widest > LARGEST_NUMBER and ("*" in text or "{" in text.replace("{", "", 1)):
        raise TemplateLimit(f"a format is told the number {widest:,}")
    budget.room(text.count(mark) * letters_in(values, budget) + len(text))
