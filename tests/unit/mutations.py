"""Seeded damage to values and texts, for tests of what reads foreign files."""

from __future__ import annotations

import random
from copy import deepcopy
from typing import TYPE_CHECKING, Any

from hypothesis import settings

from pytest_llmlat.values.toml_text import toml_key, toml_value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

JUNK: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 2, 2**63, -(2**64), 10**400, 5.5, -0.0, 1e308, 1e-320),
    *("", "x", "\x00", "\ud800", "= 1", "{{ x", "*" * 2000, "NaN", "../..", "a\nb"),
    *([], {}, [[]], {"": None}, [None] * 3, {"a": {"a": {"a": []}}}),
)
"""Values that stand where others belong."""
BITS = (
    *("{", "}", "[", "]", '"', "'", "'''", ",", ":", "=", "#", "\\", "\n", "\r", "\t"),
    *(
        "\x00",
        "\ufeff",
        "\ud800",
        "é",
        "{{",
        "}}",
        "{%",
        "%}",
        "{#",
        "|",
        ".",
        "-",
        "%",
    ),
    *("null", "true", "NaN", "Infinity", "1e999", "9" * 5001, "[" * 5000, "{{" * 400),
)
"""Pieces that mean something to one format or another."""
CASES = 5
"""Cases of damage for one example of hypothesis: 500 in full, 25 in the quick loop."""


def sources(cases: int = CASES) -> Iterator[random.Random]:
    """Yield a source for each case; how many, the profile of hypothesis says."""
    for seed in range(cases * settings().max_examples):
        yield random.Random(seed)  # noqa: S311 - damage, not secrets


def places(value: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:  # noqa: ANN401 - any JSON value
    """Yield the way to every value inside of a value."""
    pairs: Sequence[tuple[Any, Any]] = ()
    if isinstance(value, dict):
        pairs = list(value.items())
    elif isinstance(value, list):
        pairs = list(enumerate(value))
    for key, inner in pairs:
        yield (*way, key)
        yield from places(inner, (*way, key))


def damaged(value: Any, source: random.Random) -> Any:  # noqa: ANN401 - any JSON value
    """Return a value with one to three of its parts replaced, taken out or doubled."""
    found = deepcopy(value)
    for _ in range(source.choice((1, 1, 1, 2, 3))):
        ways = list(places(found))
        if not ways:
            return source.choice(JUNK)
        *way, key = source.choice(ways)
        holder = found
        for step in way:
            holder = holder[step]
        _change(holder, key, source)
    return found


def _change(holder: Any, key: Any, source: random.Random) -> None:  # noqa: ANN401 - a table or a list
    what = source.random()
    if what < 0.2:
        del holder[key]
    elif what < 0.3 and isinstance(holder, list):
        holder.insert(key, deepcopy(holder[key]))
    elif what < 0.4 and isinstance(holder, dict):
        holder[source.choice(("", "unknown", "id", "x" * 300))] = holder[key]
    else:
        holder[key] = deepcopy(source.choice(JUNK))


def torn(text: str, source: random.Random) -> str:
    """Return a text with one to four damages: cut, doubled, or with pieces put in."""
    for _ in range(source.choice((1, 1, 2, 4))):
        text = source.choice(_TEARS)(text, source)
    return text


def _cut(text: str, source: random.Random) -> str:
    return text[: source.randrange(len(text) + 1)]


def _without(text: str, source: random.Random) -> str:
    begin = source.randrange(len(text) + 1)
    return text[:begin] + text[begin + source.choice((1, 2, 7, 40)) :]


def _with(text: str, source: random.Random) -> str:
    at = source.randrange(len(text) + 1)
    return text[:at] + source.choice(BITS) + text[at:]


def _twice(text: str, source: random.Random) -> str:
    begin = source.randrange(len(text) + 1)
    end = begin + source.choice((1, 5, 50))
    return text[:end] + text[begin:]


_TEARS: tuple[Callable[[str, random.Random], str], ...] = (
    _cut,
    _without,
    _with,
    _twice,
)


def damaged_toml(content: Any) -> str:  # noqa: ANN401 - any JSON value
    """Write entries as TOML; what TOML has no form for is an empty text."""
    if not isinstance(content, dict):
        return str(content)
    lines: list[str] = []
    for kind, entries in content.items():
        if not isinstance(entries, dict):
            lines.append(f"{toml_key(kind)} = {_toml(entries)}")
            continue
        for name, entry in entries.items():
            lines.append(f"[{toml_key(kind)}.{toml_key(name)}]")
            if isinstance(entry, dict):
                lines += [f"{toml_key(k)} = {_toml(v)}" for k, v in entry.items()]
    return "\n".join([*lines, ""])


def _toml(value: Any) -> str:  # noqa: ANN401 - any JSON value
    return '""' if value is None else toml_value(value)
