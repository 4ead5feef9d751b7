"""Kinds of the fields of a value, as its annotations say them, held against a file.

A run may be of another version, or have been edited: a field that is no text where a
text belongs, or a number that no figure can be made of, is told where it is read, and
not where a report is made of it.
"""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from functools import cache
from types import NoneType, UnionType
from typing import (
    TYPE_CHECKING,
    Any,
    Literal,
    TypeAlias,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

MOST = 2**63
"""Largest whole number that a field may hold: instants in nanoseconds are smaller."""
LARGEST = 1e100
"""Bound of every other number: sums of squares of such are finite."""
_Fits: TypeAlias = "Callable[[Any], bool]"


def wrong_field(value: Any, names: Mapping[str, Any]) -> str | None:  # noqa: ANN401 - any dataclass
    """Return the first field that is not of its kind, ``None`` if all are.

    Args:
        value: a dataclass.
        names: of its annotations, those that its module does not import.
    """
    kinds = _kinds(type(value), tuple(names.items()))  # type: ignore[arg-type] # hashable
    return next((name for name, fits in kinds if not fits(getattr(value, name))), None)


@cache
def _kinds(
    kind: type[Any], names: tuple[tuple[str, Any], ...]
) -> tuple[tuple[str, _Fits], ...]:
    types = get_type_hints(kind, localns=dict(names))
    return tuple(
        (field.name, _fits(types[field.name], names)) for field in fields(kind)
    )


def _fits(hint: Any, names: tuple[tuple[str, Any], ...]) -> _Fits:  # noqa: ANN401 - any annotation
    """Return what tells whether a value is of a kind."""
    if hint in _PLAIN:
        return _PLAIN[hint]
    origin, inner = get_origin(hint), get_args(hint)
    if origin is Literal:
        return lambda value: value in inner
    parts = [_fits(each, names) for each in inner if each is not Ellipsis]
    if origin in (Union, UnionType):
        return lambda value: any(fits(value) for fits in parts)
    if origin is tuple and Ellipsis in inner:
        return lambda value: type(value) is tuple and all(map(parts[0], value))
    if origin is tuple:
        return lambda value: (
            type(value) is tuple
            and len(value) == len(parts)
            and all(fits(each) for fits, each in zip(parts, value, strict=True))
        )
    if is_dataclass(hint):
        return lambda value: (
            type(value) is hint and wrong_field(value, dict(names)) is None
        )
    raise TypeError(f"an annotation that nothing is read of: {hint!r}")


_PLAIN: Mapping[Any, _Fits] = {
    NoneType: lambda value: value is None,
    str: lambda value: type(value) is str,
    bool: lambda value: type(value) is bool,
    int: lambda value: type(value) is int and -MOST <= value <= MOST,
    float: lambda value: type(value) in (int, float) and -LARGEST < value < LARGEST,
}
