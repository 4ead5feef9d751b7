"""The options of a catalogue entry: known to its backend and of the right kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmlat.values.errors import BadCatalogue, UnknownName

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pytest_llmlat.values.entities import ModelSpec, Scalar

SHARED = (
    *("slower", "sha256", "batch_size", "system_as", "thinking", "thinking_tokens"),
    *("temperature", "top_p", "structured"),
)
"""Options that are read outside of a backend's own file."""
SHARED_DEFAULTS: Mapping[str, Scalar] = {"structured": True}
"""What some of them are where an entry does not say them."""


def known_options(model: ModelSpec, keys: Iterable[str]) -> None:
    """Refuse an option that the backend of this entry would not heed.

    Args:
        model: the entry.
        keys: the options that its backend knows, besides :data:`SHARED`.

    Raises:
        UnknownName: names the nearest option that is known.
    """
    known = {*keys, *SHARED}
    for key, _ in model.options:
        if key not in known:
            raise UnknownName(
                "option",
                key,
                known,
                where=f"model {model.name!r}",
                remedy=f"Options that backend {model.backend!r} knows:"
                f" {', '.join(sorted(known))}.",
            )


def whole_option(model: ModelSpec, key: str, default: int, *, least: int = 1) -> int:
    """Return an option that is a whole number.

    Raises:
        BadCatalogue: it is none, or below ``least``.
    """
    value = model.option(key, default)
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise _wrong(model, key, value, f"a whole number from {least}")
    return value


def check_numbers(model: ModelSpec, *keys: str) -> None:
    """See that options are whole numbers from 1, where they are given.

    Raises:
        BadCatalogue: one is none.
    """
    for key in keys:
        whole_option(model, key, 1)


def check_flags(model: ModelSpec, *keys: str) -> None:
    """See that options are true or false, where they are given.

    Raises:
        BadCatalogue: one is neither.
    """
    for key in keys:
        flag_option(model, key, default=False)


def flag_option(model: ModelSpec, key: str, *, default: bool) -> bool:
    """Return an option that is true or false.

    Raises:
        BadCatalogue: it is neither.
    """
    value = model.option(key, default)
    if not isinstance(value, bool):
        raise _wrong(model, key, value, "true or false")
    return value


def seconds_option(model: ModelSpec, key: str) -> float:
    """Return an option that is a time in seconds, 0 where it is not given.

    Raises:
        BadCatalogue: it is no number, or below 0.
    """
    value = model.option(key, 0.0)
    if isinstance(value, bool | str | None) or value < 0:
        raise _wrong(model, key, value, "a time in seconds, 0 or more")
    return float(value)


def choice_option(model: ModelSpec, key: str, choices: Iterable[str]) -> str | None:
    """Return an option that is one of some words, ``None`` where it is not given.

    Raises:
        BadCatalogue: it is another.
    """
    value = model.option(key)
    known = tuple(choices)
    if value is None or value in known:
        return value if isinstance(value, str) else None
    raise _wrong(model, key, value, f"one of {', '.join(known)}")


def _wrong(
    model: ModelSpec, key: str, value: Scalar | None, expected: str
) -> BadCatalogue:
    shown = str(value).lower() if isinstance(value, bool) else repr(value)
    return BadCatalogue(
        f"model {model.name!r}: option {key} = {shown}: must be {expected}"
    )
