"""Values and entries of catalogues as TOML, which can be read again."""

from __future__ import annotations

import json
import re
from datetime import date, time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_llmlat.values.toml_tables import TomlTable

_BARE = re.compile(r"[A-Za-z0-9_-]+")


def toml_key(name: str) -> str:
    """Write a key, in quotation marks where it needs them."""
    return name if _BARE.fullmatch(name) else toml_value(name)


def toml_value(value: Any) -> str:  # noqa: ANN401 - what an entry holds
    """Write a value on one line; strings and lists of TOML are those of JSON."""
    if isinstance(value, dict):
        pairs = (f"{toml_key(key)} = {toml_value(each)}" for key, each in value.items())
        return f"{{ {', '.join(pairs)} }}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(toml_value, value))}]"
    if isinstance(value, date | time):
        # A day and an instant are dates too; TOML writes them without quotation marks.
        return value.isoformat()
    # JSON leaves DEL as it is, and TOML does not take it.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def entry_lines(table: TomlTable) -> Iterator[str]:
    """Yield an entry as a catalogue would have it, with all that it takes from others.

    A comment names the entry whose keys follow; relative paths start at its file.
    """
    homes: dict[str, list[str]] = {}
    for key, value in table.values.items():
        inner = value if isinstance(value, dict) else None
        for name in [None] if inner is None else inner:
            full = key if name is None else f"{key}.{name}"
            written = toml_key(key) if name is None else f"{toml_key(key)}."
            written += "" if name is None else toml_key(name)
            told = value if inner is None or name is None else inner[name]
            home = table.home(full).where
            homes.setdefault(home, []).append(f"{written} = {_text(told)}")
    kind = table.place.removesuffix(table.name).rstrip(".")
    yield f"[{kind}.{toml_key(table.name)}]"
    for home in sorted(homes, key=lambda where: where != table.where):
        yield f"# {home}"
        for line in homes[home]:
            yield from line.split("\n")


def _text(value: object) -> str:
    """Write a value; a text of several lines as it is read."""
    if not isinstance(value, str) or "\n" not in value:
        return toml_value(value)
    lines = (toml_value(line)[1:-1] for line in value.split("\n"))
    return '"""\n' + "\n".join(lines) + '"""'
