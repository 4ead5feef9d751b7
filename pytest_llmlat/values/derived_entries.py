"""Entries that extend others, put together: ``extends = "reasoning/gsm8k"``.

Such an entry says only what changes. It extends the entry of that name as all files
together make it, or, where it has that name itself, the one of the files before.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any

from pytest_llmlat.values.bundled import bundled
from pytest_llmlat.values.confidential import ConfidentialTable
from pytest_llmlat.values.errors import UnknownName
from pytest_llmlat.values.toml_tables import EXTENDS, entries

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping
    from pathlib import Path

    from pytest_llmlat.values.toml_tables import TomlTable


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryKind:
    """A kind of catalogue entry, and the rules for putting one together."""

    kind: str
    """Table that holds the entries, such as ``tasks``."""
    noun: str
    """Name of one entry in a message."""
    instead: Mapping[str, Collection[str]]
    """(key, keys of the base that are dropped where an entry has that key): a revision
    pins the weights that it was written beside, and no others."""
    implied: Callable[[TomlTable, TomlTable], bool] = lambda entry, before: False  # noqa: ARG005 - of no entry
    """Whether an entry without ``extends`` extends the one of its name before."""


@cache
def bundled_entries(file: str, kind: str) -> Mapping[str, TomlTable]:
    """Return the entries of one of our own catalogues by name, read once a process."""
    return {table.name: table for table in entries(bundled(file), kind)}


def whole_entries(
    files: Iterable[Path],
    kind: EntryKind,
    lowest: Mapping[str, TomlTable] | None = None,
) -> dict[str, TomlTable]:
    """Return the entries of catalogues by name, each with what it takes from others.

    Args:
        files: a later one wins.
        kind: of what entries.
        lowest: entries that were read, and lie below those of every file.

    Raises:
        BadCatalogue: a file cannot be read; entries extend each other in a circle.
        UnknownName: an entry extends one that is in no file; names the nearest.
    """
    layers: list[Mapping[str, TomlTable]] = [lowest or {}]
    layers += [
        {table.name: table for table in entries(path, kind.kind)} for path in files
    ]
    resolver = _Layers(layers, kind)
    names = dict.fromkeys(name for layer in layers for name in layer)
    return {name: resolver.whole(name, len(layers), ()) for name in names}


class _Layers:
    """Entries of all files in layers, the first file lowest."""

    def __init__(self, layers: list[Mapping[str, TomlTable]], kind: EntryKind) -> None:
        """Hold them; nothing is put together yet."""
        self._layers = layers
        self._kind = kind

    def whole(
        self, name: str, below: int, way: tuple[tuple[int, str], ...]
    ) -> TomlTable:
        """Return an entry, put together.

        Args:
            name: there is one, in a file before ``below``.
            below: the number of files to look at.
            way: the entries that extend this one, to see a circle.
        """
        place = max(n for n in range(below) if name in self._layers[n])
        table = self._layers[place][name]
        before = self._before(name, place)
        base = table.text(EXTENDS)
        if base is None and before is not None and self._kind.implied(table, before):
            base = name
        if base is None:
            return table if before is None else replace(table, replaces=before.where)
        way = (*way, (place, name))
        if base == name:
            if before is None:
                raise table.complain(
                    EXTENDS, f"names itself, and no file before has {name!r}"
                )
            return extended(self.whole(name, place, way), table, self._kind.instead)
        if not any(base in layer for layer in self._layers):
            known = {each for layer in self._layers for each in layer} - {name}
            raise UnknownName(
                self._kind.noun,
                base,
                known,
                where=f"{table.where}.{EXTENDS}",
                remedy="",
            )
        last = max(n for n, layer in enumerate(self._layers) if base in layer)
        if (last, base) in way:
            circle = " → ".join([*(each for _, each in way), base])
            raise table.complain(EXTENDS, f"goes round in a circle: {circle}")
        taken = self.whole(base, len(self._layers), way)
        return extended(taken, table, self._kind.instead)

    def _before(self, name: str, place: int) -> TomlTable | None:
        """Return the entry of that name in the files before."""
        below = (self._layers[n].get(name) for n in reversed(range(place)))
        return next((table for table in below if table is not None), None)


def extended(
    base: TomlTable, entry: TomlTable, instead: Mapping[str, Collection[str]]
) -> TomlTable:
    """Return an entry with what it does not say itself taken from another.

    Tables (``options``, ``mapping``) are joined key by key; an empty text takes away
    what the base has.
    """
    gone = {key for own in entry.values for key in instead.get(own, ())}
    values = {key: own for key, own in entry.values.items() if key != EXTENDS}
    taken: dict[str, TomlTable] = {}
    for key, value in base.values.items():
        own = values.get(key)
        if key in gone or not (own is None or isinstance(own, dict)):
            continue
        if isinstance(value, dict):
            inner = [
                name
                for name in value
                if name not in (own or {}) and f"{key}.{name}" not in gone
            ]
            values[key] = {**{name: value[name] for name in inner}, **(own or {})}
            taken |= {f"{key}.{name}": base.home(f"{key}.{name}") for name in inner}
        elif own is None:
            values[key] = value
            taken[key] = base.home(key)
    return replace(entry, values=_without_empty(values), taken=taken)


def _without_empty(values: Mapping[str, Any]) -> ConfidentialTable:
    """Leave out the empty texts, of inner tables too."""
    return ConfidentialTable(
        (key, _without_empty(value) if isinstance(value, dict) else value)
        for key, value in values.items()
        if value != ""
    )
