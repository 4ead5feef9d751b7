"""Which answers are worth another try, and how long a server asks us to wait before."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

BUSY = 429
_PASSING = frozenset({408, 409, 425, BUSY})
"""A request that came too slowly, met another one, came too early, or one too many."""
_SERVER_ERRORS = range(500, 600)
_LASTING = frozenset({501, 505, 506, 508, 510, 511})
"""Errors of a server that are the same the next time."""
_DURATION = re.compile(r"(\d+(?:\.\d*)?|\.\d+) *(ms|s|)", re.IGNORECASE)
_PER_S = {"": 1, "s": 1, "ms": 1000}


def is_passing(status: int | None) -> bool:
    """Whether the same request may succeed after an answer with this status."""
    if status is None or status in _LASTING:
        return False
    return status in _PASSING or status in _SERVER_ERRORS


def told_to_retry(headers: Mapping[str, str]) -> bool | None:
    """Return whether a server says itself that it may help, ``None`` if it does not.

    OpenAI's and Anthropic's do, and their own clients heed it.

    Args:
        headers: of the answer, by names in lower case.
    """
    told = headers.get("x-should-retry", "").strip().lower()
    return {"true": True, "false": False}.get(told)


def wait_asked(headers: Mapping[str, str]) -> float | None:
    """Return how many seconds a server asks us to wait, ``None`` if it does not.

    ``Retry-After`` is a number of seconds or a date (RFC 9110, section 10.2.3); many
    write fractions or a unit, and some have ``retry-after-ms`` beside it, which is
    finer.

    Args:
        headers: of the answer, by names in lower case.
    """
    for name, usual in (("retry-after-ms", "ms"), ("retry-after", "s")):
        told = _DURATION.fullmatch(headers.get(name, "").strip())
        if told is not None and math.isfinite(value := float(told[1])):
            return value / _PER_S[told[2].lower() or usual]
    try:
        when = parsedate_to_datetime(headers.get("retry-after", ""))
        if when.tzinfo is None:  # the old form of a date names no zone: it is UTC
            when = when.replace(tzinfo=UTC)
        return max(0.0, (when - datetime.now(UTC)).total_seconds())
    except (TypeError, ValueError, OverflowError):
        return None
