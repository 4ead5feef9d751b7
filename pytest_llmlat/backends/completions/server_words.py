"""The words of a server that complains, wherever it puts them."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from html import unescape
from typing import TYPE_CHECKING

from pytest_llmlat.backends.completions.message_parts import MalformedMessage, shown

if TYPE_CHECKING:
    from collections.abc import Mapping

_COMPLAINTS = (
    *("error", "errors", "message", "detail", "msg", "error_msg", "error_message"),
    *("status_msg", "title"),
)
"""Keys of the words of servers that complain, the likeliest first."""
_INNER = ("message", "msg", "detail")
"""Keys of the words in an object under one of these."""
_GOOD = (0, 200, "0", "200", "ok", "success", "succeeded")
"""Codes of messages whose words say that all is well."""
_MOST_WORDS = 10_000
MOST_JSON = 8 << 20
"""From so many bytes on one JSON object is not read: it may take many times as much
memory as it is long."""
_TITLE = re.compile(rb"<title[^>]*>(.{1,300}?)</title", re.IGNORECASE | re.DOTALL)


class Reported(MalformedMessage):
    """A message in which the server says that it has failed."""


def said(body: bytes) -> str:
    """Return the message in the body of an error, or the body where there is none.

    Of a long one it is the beginning.
    """
    told = ""
    if len(body) <= MOST_JSON:
        with suppress(ValueError, RecursionError):
            told = complaint(json.loads(body))
    return told[:_MOST_WORDS] or body[:_MOST_WORDS].decode("utf-8", "replace")


def refusal(message: Mapping[str, object]) -> MalformedMessage:
    """Return what a message without choices has to say, as the error that it is.

    It is :class:`Reported` where the server complains in words. One that says that all
    is well does not.
    """
    if not _is_good(message) and (told := complaint(message)):
        return Reported(f"the server says instead of an answer: {told}")
    return MalformedMessage(f"the answer holds no choices: {shown(message, 200)}")


def complaint(message: object) -> str:
    """Return the text of an error in the shapes that servers give it."""
    if isinstance(message, list) and message:
        message = message[0]
    if not isinstance(message, dict):
        return ""
    for key in _COMPLAINTS:
        value = message.get(key)
        if isinstance(value, dict):
            inner = next((value[name] for name in _INNER if value.get(name)), None)
            if isinstance(inner, str):
                # A code such as context_length_exceeded may say more than the text,
                # and which parameter is meant may stand apart.
                parts = (value.get("code") or value.get("type"), value.get("param"))
                more = [p for p in parts if isinstance(p, str) and p]
                return f"{inner} ({', '.join(more)})" if more else inner
        if value:
            return value if isinstance(value, str) else shown(value, 1000)
    # MiniMax's form stands beside good answers too, with the code 0.
    status = message.get("base_resp")
    told = status.get("status_msg") if isinstance(status, dict) else None
    return told if isinstance(told, str) else ""


def page_title(body: bytes) -> str | None:
    """Return the title of a web page, which says more than that it is one."""
    found = _TITLE.search(body[:_MOST_WORDS])
    if found is None:
        return None
    return unescape(" ".join(found[1].decode("utf-8", "replace").split())) or None


def _is_good(message: Mapping[str, object]) -> bool:
    code = message.get("code", message.get("status"))
    if isinstance(code, str):
        code = code.casefold()
    return not isinstance(code, bool) and code in _GOOD
