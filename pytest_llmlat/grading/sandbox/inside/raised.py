"""Exceptions as they cross: by the nearest builtin that they are."""

from __future__ import annotations

import builtins
import traceback
from contextlib import suppress
from types import MappingProxyType
from typing import TYPE_CHECKING

from .crossing_values import Malformed, Term
from .decoder import Decoder, parts
from .encoder import Encoder
from .handles import nearest

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_TEXT = 300


class CandidateError(Exception):
    """The candidate raised an exception of its own making."""


def description(raised: BaseException, file: str) -> Term:
    """Say what was raised: its type, its nearest builtin, arguments, text, line.

    Args:
        raised: by the program.
        file: the name of the program's file, in which the line is looked for.
    """
    base = nearest(type(raised))
    arguments: list[Term] = []
    with suppress(BaseException):
        encoder = Encoder((), strict=True)
        arguments = [encoder.term(argument) for argument in raised.args]
        if encoder.heap():
            arguments = [one_line(raised)]
    lines = [
        frame.lineno
        for frame in traceback.extract_tb(raised.__traceback__, limit=-100)
        if frame.filename == file
    ]
    return [
        type(raised).__name__[:MAX_TEXT],
        base,
        arguments,
        one_line(raised),
        lines[-1] if lines else None,
    ]


def one_line(raised: BaseException) -> str:
    """Return the type and the text of an exception in one line."""
    name, text = type(raised).__name__, ""
    with suppress(BaseException):
        text = str(raised)
    line = f"{name}: {text}" if text else name
    return line.replace("\n", " ")[:MAX_TEXT]


def rebuilt(
    told: Term, own: Mapping[str, type[Exception]] = MappingProxyType({})
) -> Exception | None:
    """Return the exception of a description, ``None`` for one that ends a program.

    Args:
        told: the description.
        own: classes that stand for those of the program, by name.

    Raises:
        Malformed: it is no description.
    """
    try:
        name, base, arguments, text, _ = parts(told)
        values = [Decoder({}).value(term) for term in parts(arguments)]
    except ValueError as wrong:
        raise Malformed("no description of an exception") from wrong
    known = getattr(builtins, str(base), None)
    if not (isinstance(known, type) and issubclass(known, Exception)):
        return None
    kind = own.get(str(name), known)
    try:
        error = (kind if issubclass(kind, known) else known)(*values)
    except Exception:  # noqa: BLE001 - hostile arguments
        error = CandidateError(str(text))
    if name != base:
        # The name of the program's own class, for the note.
        error.add_note(str(name))
    return error
