"""The messages of a chat, as servers and chat templates take them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from pytest_llmlat.backends.settings_check import text_option
from pytest_llmlat.backends.shared_options import SYSTEM_AS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmlat.values.entities import ModelSpec
    from pytest_llmlat.values.records import Request

SystemAs: TypeAlias = Literal["system", "user"]
"""Place of the system prompt: a message of its own, or before the first question, for
models that know no such message."""
Turns: TypeAlias = tuple[tuple[str, str], ...]
"""(role, content) of each message."""


def system_as(model: ModelSpec) -> SystemAs:
    """Return where an entry wants its system prompt.

    Raises:
        BadCatalogue: its option ``system_as`` is neither.
    """
    found = text_option(model, SYSTEM_AS)
    return "user" if found == "user" else "system"


def turns_of(request: Request, where: SystemAs = "system") -> Turns:
    """Return the messages of a request, the question last."""
    found = request.messages
    if where == "system" or request.system is None:
        return found
    (_, system), (role, first), *others = found
    return ((role, f"{system}\n\n{first}"), *others)


def messages(request: Request, where: SystemAs = "system") -> list[dict[str, str]]:
    """Return the messages of a request as a server takes them."""
    return [{"role": role, "content": text} for role, text in turns_of(request, where)]


def as_messages(turns: Sequence[tuple[str, str]], *, parts: bool) -> list[Any]:
    """Return messages as a chat template takes them.

    Args:
        turns: (role, content) pairs.
        parts: the template expects a content to be a list of typed parts.
    """
    return [
        {"role": role, "content": [{"type": "text", "text": text}] if parts else text}
        for role, text in turns
    ]
