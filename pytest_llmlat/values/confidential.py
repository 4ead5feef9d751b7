"""Texts without what may be keys and passwords, as they are written and shown."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

HIDDEN = "***"
_VERSION = "api-version="
_ADDRESS = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*://)(?:[^\s/?#]*@)?"
    r"(?P<place>[^\s?#]*)(?:\?(?P<query>[^\s#]*))?"
)
_TELLING = re.compile(
    r"auth|credential|key|passw|pwd|secret|signature|\bsig\b|token(?!s|iz|_count)",
    re.IGNORECASE,
)
"""Names whose values are hidden; ``max_tokens`` and ``tokenizer`` are none."""


def shown_address(text: str) -> str:
    """Return a text in which addresses have no user, no password and no query.

    What stands behind ``?`` may be a key; ``api-version`` is none, and stays, since it
    tells servers apart.
    """
    return _ADDRESS.sub(_shown, text)


def _shown(found: re.Match[str]) -> str:
    pairs = (found["query"] or "").split("&")
    kept = "&".join(pair for pair in pairs if pair.startswith(_VERSION))
    return f"{found['scheme']}{found['place']}{'?' * bool(kept)}{kept}"


def shown_body(body: Mapping[str, object]) -> dict[str, object]:
    """Return a JSON object with ``***`` for the values of names that tell of keys."""
    return {
        name: HIDDEN if _TELLING.search(name) and value else _shown_value(value)
        for name, value in body.items()
    }


def _shown_value(value: object) -> object:
    if isinstance(value, dict):
        return shown_body(value)
    if isinstance(value, list):
        return [_shown_value(each) for each in value]
    return shown_address(value) if isinstance(value, str) else value
