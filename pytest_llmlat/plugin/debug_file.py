"""The file of ``pytest --debug``, without what lets somebody in.

pytest writes all arguments and all calls of hooks into it, as they are.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pytest_llmlat.values.confidential import shown_given, shown_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import pytest


def conceal(config: pytest.Config) -> None:
    """Take addresses' users and queries, and keys, out of it, now and from here on."""
    root = config.trace.root
    # No public way leads to who writes it; where this one does not, nothing is done.
    write = getattr(root, "_writer", None)
    file = getattr(write, "__self__", None)
    if write is None or file is None:
        return
    file.flush()
    before = Path(file.name).read_text("utf-8", "replace")
    file.seek(0)
    file.truncate()
    typed = _typed(map(str, config.invocation_params.args))
    file.write(_shown(before, typed))
    root.setwriter(lambda text: write(_shown(text, typed)))


def _typed(arguments: Iterable[str]) -> dict[str, str]:
    """Return what was typed that holds what lets somebody in, and what may be shown.

    An address whose beginning is misspelt is known as one only while it stands alone.
    The value alone comes before the whole, so that the option stays to be read.
    """
    parts = {part for each in arguments for part in (each, each.partition("=")[2])}
    return {
        part: shown
        for part in sorted(parts, key=len)
        if (shown := shown_given(part)) != part
    }


def _shown(text: str, typed: Mapping[str, str]) -> str:
    for part, shown in typed.items():
        text = text.replace(part, shown)
    return "".join(map(shown_text, text.splitlines(keepends=True)))
