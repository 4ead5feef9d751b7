"""The messages of a chat, as servers and chat templates take them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_llmlat.values.records import Request


def messages(request: Request) -> list[dict[str, str]]:
    """Return the messages of a request, the question last."""
    return [{"role": role, "content": content} for role, content in request.messages]
