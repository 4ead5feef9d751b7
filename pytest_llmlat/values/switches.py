"""Switches of a chat template as people type them: ``enable_thinking=false``."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import TYPE_CHECKING

from pytest_llmlat.values.errors import UsageError

if TYPE_CHECKING:
    from pytest_llmlat.values.entities import Scalar

_TRUTHS = ("true", "false")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def switches_of(text: str, *, where: str) -> tuple[tuple[str, Scalar], ...]:
    """Return names and values, sorted, from ``enable_thinking=false effort=low``.

    ``true`` and ``false`` are truth values, whole numbers are numbers, all else is
    text.

    Raises:
        UsageError: shows the grammar.
    """
    found: dict[str, Scalar] = {}
    for part in text.split():
        name, equals, value = part.partition("=")
        if not _NAME.fullmatch(name) or not equals or not value or name in found:
            raise UsageError(
                f"{where}: {part!r} is not understood; write NAME=VALUE, separated by"
                " blanks and each name once, such as enable_thinking=false"
            )
        near = get_close_matches(value.lower(), _TRUTHS, n=1, cutoff=0.75)
        if near and value not in _TRUTHS:
            raise UsageError(
                f"{where}: {part!r}: did you mean {name}={near[0]}? A template takes"
                " any text for true"
            )
        found[name] = _value(value)
    return tuple(sorted(found.items()))


def _value(text: str) -> Scalar:
    if text in _TRUTHS:
        return text == "true"
    return int(text) if re.fullmatch(r"-?[0-9]{1,18}", text) else text
