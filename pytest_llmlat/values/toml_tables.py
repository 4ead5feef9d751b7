"""Reading TOML tables strictly: every complaint names the file and the key."""

from __future__ import annotations

import json
import math
import sys
import tomllib
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_llmlat.values.confidential import ConfidentialTable
from pytest_llmlat.values.entry_option import MOST_WHOLE, shown_value
from pytest_llmlat.values.errors import BadCatalogue

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pytest_llmlat.values.entities import Scalar

EXTENDS = "extends"
"""The key that names the entry of which another changes only a part."""
PYPROJECT = "pyproject.toml"
_TOOL = "pytest-llmlat"
_WIDEST = 2**63
TUNE = "tune"
"""The table of settings to find the best in, which may stand in a catalogue."""
_KINDS = ("models", "tasks", "families", TUNE)


def read_toml(path: Path) -> ConfidentialTable:
    """Return a TOML file as a dictionary; the error names file, line and column."""
    # Not "from": the parser's own frames hold the text, and with it what may be a key.
    try:
        return _hidden(tomllib.loads(path.read_text("utf-8")))
    except OSError as error:
        problem = f"cannot be read: {error.strerror or error}"
    except UnicodeDecodeError as error:
        problem = f"not UTF-8 at byte {error.start}; save the file as UTF-8"
    except RecursionError:
        problem = "not valid TOML: nested too deeply"
    except ValueError as error:  # no TOML, or a number of thousands of digits
        problem = f"not valid TOML: {error!s:.200}"
    raise BadCatalogue(f"{path}: {problem}")


def _hidden(table: dict[str, Any]) -> ConfidentialTable:
    """Return a table in which neither itself nor one inside of it shows keys."""
    return ConfidentialTable((key, _sound(value, key)) for key, value in table.items())


def _sound(value: Any, key: str) -> Any:  # noqa: ANN401 - any TOML value
    """Return a value whose integers are those of TOML, of 64 bits.

    Raises:
        ValueError: one is larger: no figure could be made of it.
    """
    if isinstance(value, dict):
        return _hidden(value)
    if isinstance(value, list):
        return [_sound(each, key) for each in value]
    if type(value) is int and not -_WIDEST <= value < _WIDEST:
        raise ValueError(f"the integer of {key!r:.80} has more than 64 bits")
    return value


def entries(path: Path, kind: str) -> Iterable[TomlTable]:
    """Yield the tables of one kind in a catalogue file.

    Args:
        path: a catalogue, or a ``pyproject.toml`` whose ``[tool.pytest-llmlat]``
            holds one.
        kind: ``models``, ``tasks`` or ``families``.

    Raises:
        BadCatalogue: a key at the top that is no catalogue's, or a wrong type.
    """
    content = read_toml(path)
    prefix = kind
    if path.name == PYPROJECT:
        for key in ("tool", _TOOL):
            content = content.get(key, {})
            if not isinstance(content, dict):
                raise BadCatalogue(f"{path}: {key!r} must be a table")
        prefix = f"tool.{_TOOL}.{kind}"
        TomlTable(str(path), f"tool.{_TOOL}", content).only(_KINDS)
    else:
        TomlTable(str(path), "", content).only(_KINDS)
    tables = content.get(kind, {})
    if not isinstance(tables, dict):
        raise BadCatalogue(f"{path}: {prefix!r} must be a table of tables")
    for name, values in tables.items():
        if not isinstance(values, dict):
            raise BadCatalogue(
                f"{path}: {prefix}.{name} must be a table, not {_kind(values)}"
            )
        yield TomlTable(
            str(path), f"{prefix}.{name}", values, name=name, folder=path.parent
        )


@dataclass(frozen=True, slots=True)
class TomlTable:
    """One TOML table that knows where it stands."""

    file: str
    place: str
    values: Mapping[str, Any]
    name: str = ""
    folder: Path = field(default_factory=Path)
    """Folder in which its relative paths start."""
    taken: Mapping[str, TomlTable] = field(default_factory=dict)
    """Entries that keys were taken from, by key; ``options.seed`` for a key in a
    table."""
    replaces: str | None = None
    """Place of an entry of the same name that this one replaces."""

    @property
    def where(self) -> str:
        """The file and the place in it, for a complaint."""
        return f"{self.file}: {self.place}"

    def home(self, key: str) -> TomlTable:
        """Return the entry in whose file a key stands: this one, or one it extends."""
        return self.taken.get(key, self)

    def named_file(self, key: str, name: str) -> Path:
        """Return a file or folder that an entry names, beside the file it stands in.

        Raises:
            BadCatalogue: there can be none of such a name.
        """
        try:
            return (self.home(key).folder / name).resolve()
        except (OSError, ValueError, RuntimeError) as error:
            raise self.complain(key, f"is no path: {error!s:.80}") from error

    def complain(self, key: str, problem: str) -> BadCatalogue:
        """Return the error for ``key``."""
        place = ".".join(filter(None, (self.place, key)))
        home = self.taken.get(key)
        source = f" (taken from {home.where})" if home else ""
        return BadCatalogue(f"{self.file}: {place}: {problem}{source}")

    def only(self, known: Iterable[str]) -> None:
        """Reject keys that mean nothing here, since a typo would go unnoticed."""
        allowed = sorted(known)
        for key in self.values:
            if key not in allowed:
                near = get_close_matches(key, allowed, n=1)
                hint = (
                    f"did you mean {near[0]!r}?"
                    if near
                    else f"known keys: {', '.join(allowed)}"
                )
                raise self.complain(key, f"unknown key; {hint}")

    def text(self, key: str) -> str | None:
        """Return a string, ``None`` if the key is absent."""
        value = self.values.get(key)
        if value is not None and not isinstance(value, str):
            raise self.complain(key, f"must be a string, not {_kind(value)}")
        return value

    def required(self, key: str) -> str:
        """Return a string that must be there and not be empty."""
        value = self.text(key)
        if not value:
            raise self.complain(key, f"is needed and missing or empty{self._hint}")
        return value

    @property
    def _hint(self) -> str:
        """What to do where a key is missing and an entry of that name is replaced."""
        if self.replaces is None:
            return ""
        return (
            f"; this takes the place of {self.replaces}: to change only a part of that,"
            f' write {EXTENDS} = "{self.name}"'
        )

    def flag(self, key: str) -> bool | None:
        """Return a truth value, ``None`` if the key is absent."""
        value = self.values.get(key)
        if value is not None and not isinstance(value, bool):
            raise self.complain(key, f"must be true or false, not {_kind(value)}")
        return value

    def number(
        self, key: str, default: float | None, *, above: float = -math.inf
    ) -> float:
        """Return a finite number greater than ``above``."""
        value = self.values.get(key, default)
        if value is None:
            raise self.complain(key, f"is needed and missing{self._hint}")
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.complain(key, f"must be a number, not {_kind(value)}")
        # A whole number may be too large to be made a float of.
        if not (value > above and abs(value) <= sys.float_info.max):
            shown = shown_value(value)
            raise self.complain(key, f"must be finite and above {above:g}: {shown}")
        return value

    def whole(self, key: str, default: int | None, *, least: int = 1) -> int:
        """Return a whole number of at least 1, or of another ``least``."""
        value = self.values.get(key, default)
        if value is None:
            raise self.complain(key, f"is needed and missing{self._hint}")
        shown = shown_value(value)
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            bound = f"above {least - 1}" if least else "of 0 or more"
            raise self.complain(key, f"must be a whole number {bound}: {shown}")
        if value > MOST_WHOLE:
            raise self.complain(key, f"must be at most {MOST_WHOLE}: {shown}")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list of strings, empty if the key is absent."""
        value = self.values.get(key, [])
        if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
            raise self.complain(key, "must be a list of strings")
        return tuple(value)

    def pairs(self, key: str) -> tuple[tuple[str, str], ...]:
        """Return a table of strings as pairs, sorted, empty if absent."""
        found = self._table(key, str, "a text")
        return tuple((name, str(value)) for name, value in found)

    def scalars(
        self, key: str, *, nested: bool = False
    ) -> tuple[tuple[str, Scalar], ...]:
        """Return a table of strings, numbers and truth values as sorted pairs.

        Args:
            key: of the table.
            nested: a table or an array in it becomes the text of its JSON.
        """
        told = "a text, a number, true or false"
        if not nested:
            return self._table(key, str | int | float | bool, told)
        kinds = (str, int, float, bool, dict, list)
        pairs = self._table(key, kinds, f"{told}, a table or an array")
        return tuple((name, self._flat(f"{key}.{name}", each)) for name, each in pairs)

    def _flat(self, key: str, value: Any) -> Scalar:  # noqa: ANN401 - what TOML holds
        """Return a table or an array as JSON, and a scalar as it is."""
        if isinstance(value, dict | list):
            try:
                return json.dumps(value, sort_keys=True, ensure_ascii=False)
            except (TypeError, ValueError) as error:
                told = "cannot hold dates, times or numbers of thousands of digits"
                raise self.complain(key, told) from error
        scalar: Scalar = value
        return scalar

    def _table(self, key: str, kind: Any, told: str) -> tuple[tuple[str, Scalar], ...]:  # noqa: ANN401 - a type or a union of types, which has no common type
        value = self.values.get(key, {})
        if not isinstance(value, dict):
            raise self.complain(key, f"must be a table, not {_kind(value)}")
        for name, item in value.items():
            if not isinstance(item, kind):
                raise self.complain(
                    f"{key}.{name}", f"must be {told}, not {_kind(item)}"
                )
        return tuple(sorted(value.items()))


def _kind(value: object) -> str:
    """Name a TOML value's type as TOML does."""
    names = {
        "bool": "a truth value",
        "int": "an integer",
        "float": "a float",
        "str": "a string",
        "list": "an array",
        "dict": "a table",
        "date": "a date",
        "time": "a time",
        "datetime": "a date and time",
    }
    name = "dict" if isinstance(value, dict) else type(value).__name__
    return names.get(name, name)
