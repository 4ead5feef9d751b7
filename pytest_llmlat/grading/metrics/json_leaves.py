"""Values of JSON by their paths, and which of them two values have in common."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from pytest_llmlat.values.json_objects import without_doubles

Leaf: TypeAlias = "str | int | float | bool | dict[str, Any] | list[Any] | None"
"""What has no values below it: empty objects and arrays too."""
_SHOWN = 40


def read_json(text: str) -> Any:  # noqa: ANN401 - any JSON value
    """Return the value that a text is, strictly.

    Raises:
        ValueError: it is no JSON, names a key twice, or holds a number that is none.
    """
    try:
        value = json.loads(
            text, parse_constant=_refused, object_pairs_hook=without_doubles
        )
        _check_numbers(value)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Sameness:
    """When two plain values count as the same."""

    tolerance: float = 0.0
    """Difference by which numbers may differ."""
    case: bool = True
    """Whether the case of letters counts in texts."""

    def same(self, one: Leaf, other: Leaf) -> bool:
        """Compare two values; those of different types are never the same.

        JSON has one kind of number: 3 and 3.0 are the same.
        """
        if isinstance(one, bool) or isinstance(other, bool):
            return one is other
        if isinstance(one, int | float) and isinstance(other, int | float):
            return one == other or abs(one - other) <= self.tolerance
        if isinstance(one, str) and isinstance(other, str) and not self.case:
            return one.casefold() == other.casefold()
        return type(one) is type(other) and one == other


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedFields:
    """Fields of an answer beside those of the right one."""

    right: int
    wrong: tuple[str, ...]
    """What is wrong, missing or too much, each in some words."""

    @property
    def share(self) -> float:
        """Share of all fields that either side has which both have alike."""
        fields = self.right + len(self.wrong)
        return self.right / fields if fields else 1.0


def compare(answer: object, reference: object, sameness: Sameness) -> ComparedFields:
    """Compare two JSON values field by field.

    A field that the reference does not have is a wrong one, unless it is null: else an
    answer that says more than it was told would cost nothing.
    """
    given, right = leaves(answer), leaves(reference)
    missing = object()
    wrong = []
    for path, value in right.items():
        found: Any = given.get(path, missing)
        if found is missing:
            wrong.append(f"{path}: missing")
        elif not sameness.same(found, value):
            wrong.append(f"{path}: {_shown(found)}, not {_shown(value)}")
    count = len(right) - len(wrong)
    extra = [path for path in given if path not in right and given[path] is not None]
    wrong += [f"{path}: {_shown(given[path])}, not asked for" for path in extra]
    return ComparedFields(right=count, wrong=tuple(wrong))


def leaves(value: object) -> dict[str, Leaf]:
    """Return all values that have none below them, by their paths.

    A path is written as JSON Pointer has it (RFC 6901): ``/items/0/name``.
    """
    found: dict[str, Leaf] = {}
    below: list[tuple[str, Any]] = [("", value)]
    while below:
        path, each = below.pop()
        if isinstance(each, Mapping) and each:
            parts = [(_escaped(str(key)), item) for key, item in each.items()]
        elif isinstance(each, list) and each:
            parts = [(str(place), item) for place, item in enumerate(each)]
        else:
            found[path or "/"] = each
            continue
        below += [(f"{path}/{name}", item) for name, item in reversed(parts)]
    return found


def _escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")


def _shown(value: Leaf) -> str:
    text = json.dumps(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _refused(name: str) -> float:
    raise ValueError(f"{name} is no JSON")


def _check_numbers(value: object) -> None:
    """Refuse 1e999, which Python reads as infinite."""
    for path, leaf in leaves(value).items():
        if isinstance(leaf, float) and not math.isfinite(leaf):
            raise ValueError(f"{path}: a number too large")
