"""Holding answers to a schema or a grammar: which backend can, and how it is told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_llmlat.values.errors import Unsupported
from pytest_llmlat.values.protocols import Constraining

if TYPE_CHECKING:
    from pytest_llmlat.values.constraint import Constraint
    from pytest_llmlat.values.protocols import Backend, Server
    from pytest_llmlat.values.records import Request

WITHOUT = (
    "option structured = false of its entry (--llm-vary structured=false) measures it"
    " without"
)
"""What one can do with a backend that cannot hold answers to anything."""


def make_ready(backend: Backend | Server[Any], constraint: Constraint) -> None:
    """Have a backend compile a schema or a grammar, so that no request pays for it.

    Raises:
        Unsupported: it cannot hold answers to it; says why, in its library's words.
        MissingExtra: the library that it takes for this is not installed.
    """
    if not isinstance(backend, Constraining):
        raise Unsupported(
            f"this backend holds answers to no schema and no grammar; {WITHOUT}"
        )
    backend.prepare_constraint(constraint)


def refused(constraint: Constraint, reason: str) -> Unsupported:
    """Return the error for a schema or a grammar that a library does not take."""
    told = " ".join(reason.split())
    return Unsupported(
        f"{constraint.digest} cannot be used here: {told:.400}; {WITHOUT}"
    )


def check_thoughts(request: Request) -> None:
    """Refuse a budget of thoughts beside what holds from the first token on.

    Raises:
        Unsupported: there is one.
    """
    if request.constraint is not None and request.thinking_tokens:
        raise Unsupported(
            "an answer is held to its schema or grammar from the first token on, and"
            " leaves no room for thoughts: write thinking_tokens = 0, or structured ="
            " false"
        )
