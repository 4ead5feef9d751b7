"""The limits that a test's marker has on the base branch, read without running it."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, TypeAlias

from pytest_llmlat.gate.tolerances import LIMITED, parse_limit
from pytest_llmlat.session.base_branch import counterpart
from pytest_llmlat.values.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from _pytest.python import FunctionDefinition

    from pytest_llmlat.gate.tolerances import Limit
    from pytest_llmlat.values.settings import Settings

_MARKER = "mark.llm"
_Holder: TypeAlias = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def limits_of_base(
    item: FunctionDefinition, settings: Settings
) -> tuple[Limit, ...] | None:
    """Return the limits that a test's marker has on the base branch.

    Returns:
        ``None`` where the test's own count: no base was named, or the test is new.

    Raises:
        UsageError: a limit cannot be read, or is none.
    """
    if settings.base is None:
        return None
    file = counterpart(item.path, settings.root, settings.base)
    if file == item.path or not file.is_file():
        return None
    way = [*item.nodeid.split("::")[1:-1], item.originalname]
    try:
        found = marked_limits(file.read_text("utf-8"), way)
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{file}: cannot be read: {error}") from error
    if found is None:
        return None
    where = f"{settings.gate_from}: {item.nodeid}: @pytest.mark.llm"
    return tuple(parse_limit(name, text, where=where) for name, text in found.items())


def marked_limits(text: str, way: Sequence[str]) -> Mapping[str, str] | None:
    """Return the limits of the closest marker of a test.

    Args:
        text: of its module.
        way: the names of its classes and its own.

    Returns:
        Each limit as it is written; ``None`` where there is no such test, or it has no
        marker.

    Raises:
        UsageError: a limit is no plain text, so that it is not known without running
            the module.
    """
    try:
        holder: _Holder = ast.parse(text)
    except (SyntaxError, ValueError):
        return None
    holders = [holder]
    for name in way:
        inner = (
            each
            for each in holder.body
            if isinstance(each, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
            and each.name == name
        )
        found = next(inner, None)
        if found is None:
            return None
        holder = found
        holders.append(found)
    for each in reversed(holders):
        for call in _markers(each):
            return _limits(call)
    return None


def _markers(holder: _Holder) -> list[ast.Call]:
    """Return the calls of the marker on a function, a class or a module."""
    if not isinstance(holder, ast.Module):
        # Of several the one next to the function counts.
        marks = list(reversed(holder.decorator_list))
    else:
        marks = [
            mark
            for each in holder.body
            if isinstance(each, ast.Assign)
            and any(ast.unparse(target) == "pytestmark" for target in each.targets)
            for mark in (
                each.value.elts
                if isinstance(each.value, ast.List | ast.Tuple)
                else [each.value]
            )
        ]
    return [
        mark
        for mark in marks
        if isinstance(mark, ast.Call) and ast.unparse(mark.func).endswith(_MARKER)
    ]


def _limits(call: ast.Call) -> Mapping[str, str] | None:
    found: dict[str, str] = {}
    for keyword in call.keywords:
        if keyword.arg not in LIMITED:
            continue
        if not isinstance(keyword.value, ast.Constant):
            raise UsageError(
                f"line {keyword.value.lineno} of the base branch's file: the limit"
                f" {keyword.arg} is computed, and that file is only read; write it as a"
                " plain text there, or give it with llm_limit in the ini file"
            )
        found[keyword.arg] = str(keyword.value.value)
    return found
