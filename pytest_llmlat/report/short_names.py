"""Short names for models that go by a long address or path, in what people read.

A table whose first column is a path has no room for figures. So a report calls the
model by the last part of its address, and says once what that stands for. Files for
programs have the whole name, which is the model's identity.
"""

from __future__ import annotations

import re
from dataclasses import fields, is_dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

from pytest_llmlat.report.figures import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pytest_llmlat.values.results import Scoreboard

Value = TypeVar("Value")

_LONG = 24
"""Letters up to which a name stays as it is."""
_SUFFIX = re.compile(r"(\[[^\]]*\])?(@base|@yardstick)?$")
"""Ending of a name that tells a setting, or a role beside another."""
_ADDRESS = re.compile(r"[\w.:/\\#@%+~=,?&-]+")
"""Letters of an address or a path. A name with others stays, and is shown with care."""
_LAST = re.compile(r"[^/#\\]+$")
_AS_WRITTEN = ("entry",)
"""Fields whose text is to be copied: an entry of a catalogue names the real place."""


def short_names(board: Scoreboard) -> dict[str, str]:
    """Return short names by the long ones that they stand for; none where none is long.

    No two models get the same, and none the name of another.
    """
    names = dict.fromkeys(
        [
            *(summary.cell.model for summary in board.summaries),
            *(standing.model for standing in board.standings),
        ]
    )
    whole = dict.fromkeys(_SUFFIX.sub("", name, count=1) for name in names)
    taken = {name for name in whole if not _is_long(name)}
    found: dict[str, str] = {}
    for name in whole:
        last = _LAST.search(name.rstrip("/"))
        if not _is_long(name) or last is None:
            continue
        short = last[0].removesuffix(".gguf")
        number = 2
        while short in taken:
            short = f"{last[0].removesuffix('.gguf')}-{number}"
            number += 1
        if len(short) < len(name):
            taken.add(short)
            found[name] = short
    return found


def _is_long(name: str) -> bool:
    """Whether a name is an address or a path, and too long for a column."""
    if len(name) <= _LONG or not ("/" in name or "\\" in name):
        return False
    return _ADDRESS.fullmatch(name) is not None


def renamed(value: Value, names: Mapping[str, str]) -> Value:
    """Return a value in whose texts long names are short.

    Args:
        value: a text, a value of this project, or a tuple, list or table of them.
        names: short names by long ones.
    """
    if not names:
        return value
    # The longest first: one may be the beginning of another.
    ordered = sorted(names, key=len, reverse=True)
    found: Value = _renamed(value, {name: names[name] for name in ordered})
    return found


def _renamed(value: Any, names: Mapping[str, str]) -> Any:  # noqa: ANN401 - any field of a board
    if isinstance(value, str):
        for name, short in names.items():
            value = value.replace(name, short)
        return value
    if isinstance(value, tuple | list | frozenset):
        parts = [_renamed(each, names) for each in value]
        return value if parts == list(value) else type(value)(parts)
    if isinstance(value, dict):
        return {_renamed(k, names): _renamed(v, names) for k, v in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        changed = {
            field.name: new
            for field in fields(value)
            if field.init and field.name not in _AS_WRITTEN
            if (old := getattr(value, field.name)) is not None
            if (new := _renamed(old, names)) is not old and new != old
        }
        return replace(value, **changed) if changed else value
    return value


def name_lines(names: Mapping[str, str]) -> Iterator[str]:
    """Yield a line for each short name: what it stands for."""
    for name, short in names.items():
        yield printable(f"{short}: {name}")
