"""Objects of JSON of which no key may stand twice: ``json`` keeps the last of them."""

from __future__ import annotations

from collections import Counter
from typing import Any


def without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return the object of its pairs, as ``object_pairs_hook`` of ``json`` wants it.

    Raises:
        ValueError: a key stands twice; names it.
    """
    found = dict(pairs)
    if len(found) < len(pairs):
        ((twice, _),) = Counter(key for key, _ in pairs).most_common(1)
        raise ValueError(f"the key {twice!r:.100} stands twice")
    return found
