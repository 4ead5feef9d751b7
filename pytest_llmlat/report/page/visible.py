"""Text from elsewhere in markup: control and format characters become badges."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markupsafe import Markup

    from pytest_llmlat.report.page.rows import Mark

_ACTING = ("Cc", "Cs", "Zl", "Zp")
_JOINERS = "\u200c\u200d"
"""Format characters without which emoji and several scripts cannot be written."""
_PICTURES = 0x2400
"""Unicode's pictures of the control characters of ASCII: the first of them."""
_SPACE = 0x20
_DELETE = 0x7F


def visible(text: object) -> Markup:
    """Escape a text; control and format characters become badges with their name."""
    from markupsafe import Markup, escape  # noqa: PLC0415 - jinja2 brings it, on use

    badge = Markup('<span class="ctl">{}</span>')
    return Markup("").join(
        badge.format(_named(letter)) if _hidden(letter) else escape(letter)
        for letter in str(text)
    )


def _hidden(letter: str) -> bool:
    kind = unicodedata.category(letter)
    return kind in _ACTING or (kind == "Cf" and letter not in _JOINERS)


def _named(letter: str) -> str:
    code = ord(letter)
    if code < _SPACE:
        return chr(_PICTURES + code)
    return "\u2421" if code == _DELETE else f"U+{code:04X}"


def marked(mark: Mark) -> Markup:
    """Draw the mark of a row: its colour and shape, the same in every plot."""
    from markupsafe import Markup  # noqa: PLC0415 - jinja2 brings it, on use

    return Markup(
        '<svg class="mark" viewBox="-6 -6 12 12" aria-hidden="true">'
        '<path d="{}" class="hue{}"/></svg>'
    ).format(mark.path, mark.hue)
