"""Typed settings: values as ``--llm-vary`` and a space of tuning say them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_llmlat.values.entities import Scalar

AS_ENTRY = "default"
"""Word for what the entry says."""
_SWITCHES = {"true": True, "on": True, "false": False, "off": False}


def typed_setting(text: str) -> Scalar | None:
    """Return a value as it was typed: a truth value, a number, or a text.

    Args:
        text: one value.

    Returns:
        ``None`` for ``default``, which leaves what the entry says.
    """
    if text == AS_ENTRY:
        return None
    if text in _SWITCHES:
        return _SWITCHES[text]
    for kind in (int, float):
        try:
            number = kind(text)
        except ValueError:
            continue
        if math.isfinite(number):
            return number
    return text
