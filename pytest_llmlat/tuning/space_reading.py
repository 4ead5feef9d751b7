"""The reader of spaces of settings: a TOML file, or a line of text.

In a file of its own, or as the table ``[tune]`` of a catalogue::

    [tune]
    threads = [1, 2, 4]
    quantization = ["none", "int8"]
    batch = { low = 32, high = 512, log = true }
    flash_attention = [true, false]
    kv_type = { values = ["f16", "q8_0"], when = { flash_attention = true } }
    adapter = ["none", "./one"]

On the command line, with a blank between keys: ``threads=1,2,4 batch=32..512:log``.
The value ``default`` leaves what the entry says.
"""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_llmlat.values.confidential import as_option
from pytest_llmlat.values.errors import BadCatalogue, UnknownName, UsageError
from pytest_llmlat.values.search_space import NumberRange, SearchSpace, SpaceKey
from pytest_llmlat.values.toml_tables import PYPROJECT, TUNE, TomlTable, read_toml
from pytest_llmlat.values.typed_setting import AS_ENTRY, typed_setting

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_llmlat.values.entities import Scalar

_GRAMMAR = (
    "write KEY=VALUE,VALUE or KEY=LOW..HIGH (:log behind it for a log range) with a"
    " space between keys, such as 'threads=1,2,4 batch=32..512:log', or name a file"
)
_KEY = re.compile(r"[a-z][a-z0-9_]*")
_RANGE = re.compile(r"(?P<low>[^.,:]+(?:\.\d+)?)\.\.(?P<high>[^,:]+)(?P<log>:log)?")
_PARTS = ("values", "low", "high", "step", "log", "when")
_FEWEST = 2
_MOST_STEPS = 100_000
"""Values of a range with a step, up to which it is no slip."""


def read_space(text: str, *, where: str) -> SearchSpace:
    """Return a space from its file, or from the text itself.

    Args:
        text: the path of a TOML file, or ``threads=1,2 batch=32..512``.
        where: the option, for the complaint.

    Raises:
        UsageError: it is none; names the key and what to write.
    """
    if "=" not in text:
        keys = _in_file(Path(text), where=where)
        where = f"{where}: {text}"
    else:
        keys = tuple(_typed(part, where=where) for part in text.split())
    names = [key.name for key in keys]
    for key in keys:
        if names.count(key.name) > 1:
            raise UsageError(f"{where}: {key.name} stands there twice; {_GRAMMAR}")
        told = ["x", *(value for value in key.values if isinstance(value, str))]
        if any(as_option(key.name, value) != value for value in told):
            raise UsageError(
                f"{where}: {key.name} holds a key, and what is tuned stands in names"
                " and reports: write it into an entry of a catalogue"
            )
    return SearchSpace(_in_order(keys, where=where))


def _in_file(path: Path, *, where: str) -> tuple[SpaceKey, ...]:
    """Return the keys of a file's table.

    Raises:
        UsageError: there is no such file, or no table of settings in it.
    """
    if path.suffix != ".toml":
        raise UsageError(f"{where}: {str(path)!r} is no setting; {_GRAMMAR}")
    content: Any = read_toml(path)
    place = ""
    if path.name == PYPROJECT:
        for key in ("tool", "pytest-llmlat"):
            content = content.get(key, {}) if isinstance(content, dict) else {}
        place = "tool.pytest-llmlat."
    content = content if isinstance(content, dict) else {}
    if TUNE in content or "models" in content or place:
        content, place = content.get(TUNE, {}), f"{place}{TUNE}"
    if not isinstance(content, dict) or not content:
        raise UsageError(
            f"{where}: {path}: there are no settings in it; write a table [{TUNE}]"
            " with keys such as threads = [1, 2]"
        )
    table = TomlTable(str(path), place, content, folder=path.parent)
    return tuple(_written(table, name, value) for name, value in content.items())


def _written(table: TomlTable, name: str, value: Any) -> SpaceKey:  # noqa: ANN401 - any TOML value
    """Return one key of a table.

    Raises:
        BadCatalogue: names the key.
    """
    if isinstance(value, dict):
        place = f"{table.place}.{name}".lstrip(".")
        inner = TomlTable(table.file, place, value, folder=table.folder)
        inner.only(_PARTS)
        when = tuple(
            (key, tuple(_listed(inner, f"when.{key}", each)))
            for key, each in _when(inner, value.get("when", {})).items()
        )
        if "values" in value:
            for key in ("low", "high", "step", "log"):
                if key in value:
                    raise inner.complain(key, "belongs to a range; 'values' is a list")
            values = tuple(_listed(inner, "values", value["values"]))
            return SpaceKey(name=name, values=values, when=when)
        return SpaceKey(name=name, range=_range(inner), when=when)
    return SpaceKey(name=name, values=tuple(_listed(table, name, value)))


def _when(table: TomlTable, value: Any) -> Mapping[str, Any]:  # noqa: ANN401 - any TOML value
    if not isinstance(value, dict):
        raise table.complain("when", "must be a table such as { attention = 'sdpa' }")
    return value


def _listed(table: TomlTable, key: str, value: Any) -> list[Scalar | None]:  # noqa: ANN401 - any TOML value
    values = value if isinstance(value, list) else [value]
    if not values:
        raise table.complain(key, "is an empty list; give it a value at least")
    values = [_plain(table, key, each) for each in values]
    for each in values:
        if not isinstance(each, str | int | float | bool):
            raise table.complain(
                key, f"a value must be a text, a number, true or false: {each!r:.60}"
            )
        if isinstance(each, float) and not math.isfinite(each):
            raise table.complain(key, f"a number must be finite: {each}")
    # By type too: 1 is true for Python.
    unique = {(type(each), each): each for each in values}
    return [None if each == AS_ENTRY else each for each in unique.values()]


def _plain(table: TomlTable, key: str, value: Any) -> Any:  # noqa: ANN401 - any TOML value
    """Return a value as an entry of a catalogue has it.

    A table or an array is its JSON; a path that begins with a dot starts at the file.
    """
    if isinstance(value, dict | list) and value:
        return json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)
    if isinstance(value, str) and value.startswith(("./", "../")):
        return str(table.named_file(key, value))
    return value


def _range(table: TomlTable) -> NumberRange:
    """Return the range that a table says.

    Raises:
        BadCatalogue: a bound is missing, or they are none.
    """
    low, high = table.number("low", None), table.number("high", None)
    step = table.number("step", 0, above=-1) if "step" in table.values else None
    log = table.flag("log") or False
    if low >= high:
        raise table.complain("low", f"must be below high: {low:g} and {high:g}")
    if log and low <= 0:
        raise table.complain("low", f"must be above 0 where log is true: {low:g}")
    if not math.isfinite(high / low if log else float(high) - low):
        raise table.complain("high", f"is too far from low: {low:g} and {high:g}")
    if step is not None and not 0 < step <= high - low:
        raise table.complain("step", f"must be above 0 and fit between: {step:g}")
    if step is not None and (high - low) / step > _MOST_STEPS:
        raise table.complain(
            "step", f"makes more than {_MOST_STEPS:,} values; leave it out: {step:g}"
        )
    whole = all(isinstance(n, int) for n in (low, high, step) if n is not None)
    return NumberRange(low=low, high=high, step=step, log=log, whole=whole)


def _typed(part: str, *, where: str) -> SpaceKey:
    """Return one key of a line.

    Raises:
        UsageError: shows the grammar.
    """
    key, equals, text = part.partition("=")
    if not equals or not _KEY.fullmatch(key):
        raise UsageError(f"{where}: {part!r} is no setting; {_GRAMMAR}")
    if (told := _RANGE.fullmatch(text)) is not None:
        table = {"low": typed_setting(told["low"]), "high": typed_setting(told["high"])}
        if told["log"]:
            table["log"] = True
        try:
            return SpaceKey(name=key, range=_range(TomlTable(where, key, table)))
        except BadCatalogue as error:
            raise UsageError(str(error)) from None
    given = text.split(",")
    if not all(given):
        raise UsageError(f"{where}: {part!r} has an empty value; {_GRAMMAR}")
    return SpaceKey(name=key, values=tuple(dict.fromkeys(map(typed_setting, given))))


def _in_order(keys: Sequence[SpaceKey], *, where: str) -> tuple[SpaceKey, ...]:
    """Return keys so that conditions name earlier ones.

    Raises:
        UsageError: a condition on no key, on a value that the key never has, or two
            keys that wait for each other.
    """
    by_name = {key.name: key for key in keys}
    for key in keys:
        for other, values in key.when:
            if other not in by_name:
                raise UnknownName(
                    "key",
                    other,
                    by_name,
                    where=f"{where}: {key.name}.when",
                    remedy="A condition names another key of the space.",
                )
            listed = by_name[other].listed
            lost = [v for v in values if listed is not None and v not in listed]
            if lost:
                raise UsageError(
                    f"{where}: {key.name}.when: {other} is never {lost[0]!r}; it is one"
                    f" of {', '.join(map(str, listed or ()))}"
                )
    ordered: list[SpaceKey] = []
    left = list(keys)
    while left:
        known = {key.name for key in ordered}
        ready = [key for key in left if {other for other, _ in key.when} <= known]
        if not ready:
            names = " and ".join(key.name for key in left)
            raise UsageError(f"{where}: {names} wait for each other; drop one 'when'")
        ordered += ready
        left = [key for key in left if key not in ready]
    return tuple(ordered)
