"""How data and scripts lie in the page: inert, compressed, and named by digest."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

_LEVEL = 6
_SHEET = re.compile(r'getElementById\("([0-9a-f]{64})"\)')
_INERT = {ord(sign): f"\\u{ord(sign):04x}" for sign in "<>&"}
"""Escapes with which no text can end a script element or open a comment in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlottingLibrary:
    """The plotting library as it is embedded."""

    text: str
    """Source of the library, of which the policy has the digest."""
    packed: str
    sheets: tuple[str, ...]
    """Ids of style sheets that it would add to the document for maps. It adds none that
    is there, and the policy would not let it."""


def plotting_library() -> PlottingLibrary | None:
    """Return plotly.js, ``None`` where the extra ``report`` is not installed."""
    if find_spec("plotly") is None:
        return None
    from plotly.offline import get_plotlyjs

    text: str = get_plotlyjs()
    return PlottingLibrary(
        text=text,
        packed=_packed_text(text, level=9),
        sheets=("plotly.js-style-global", *dict.fromkeys(_SHEET.findall(text))),
    )


def inert_json(content: object) -> str:
    """Write JSON that is safe inside a script element, whatever its strings hold."""
    return _json(content).translate(_INERT)


def packed(content: object) -> str:
    """Write JSON compressed by gzip, in letters that are safe in any element."""
    return _packed_text(_json(content), level=_LEVEL)


def content_policy(scripts: Iterable[str], styles: Iterable[str]) -> str:
    """Return the policy under which a browser runs nothing but these, by digest.

    Style attributes are let through: the plotting library sets them on what it draws,
    and they load nothing, since no source of anything is allowed.
    """
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src {_digests(scripts)}",
            f"style-src {_digests(styles)}",
            "style-src-attr 'unsafe-inline'",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )


def _digests(texts: Iterable[str]) -> str:
    return " ".join(
        f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
        for text in texts
    )


def _json(content: object) -> str:
    # ASCII, so that half a surrogate pair in a model's answer is no broken file.
    return json.dumps(content, allow_nan=False, separators=(",", ":"))


def _packed_text(text: str, *, level: int) -> str:
    data: Any = gzip.compress(text.encode(), level, mtime=0)
    return base64.b64encode(data).decode()
