"""The options of a model's entry, read as the backend has declared them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmlat.values.confidential import revealed
from pytest_llmlat.values.errors import BadCatalogue, UnknownName

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_llmlat.values.entities import ModelSpec, Scalar
    from pytest_llmlat.values.entry_option import EntryOption


def check_declared(model: ModelSpec, declared: Iterable[EntryOption]) -> None:
    """Refuse options that nothing would heed, and values that do not fit.

    Args:
        model: the entry.
        declared: the options that it may set; of two of one name, which two backends
            of an entry have, one must fit.

    Raises:
        UnknownName: an option that is not declared; names the nearest.
        BadCatalogue: a value that is not of the declared kind or out of bounds.
    """
    known: dict[str, list[EntryOption]] = {}
    for option in declared:
        known.setdefault(option.name, []).append(option)
    for key, value in model.options:
        if key not in known:
            raise UnknownName(
                "option",
                key,
                known,
                where=_place(model, key),
                remedy=f"Options that backend {model.backend!r} knows:"
                f" {', '.join(sorted(known))}.",
            )
        if not any(option.fits(revealed(value)) for option in known[key]):
            raise BadCatalogue(f"{_place(model, key)}: {known[key][0].problem(value)}")


def given(model: ModelSpec, option: EntryOption) -> Scalar | None:
    """Return what an entry says of an option, ``None`` where it says nothing.

    Raises:
        BadCatalogue: it is not of the declared kind or out of bounds.
    """
    value = model.option(option.name)
    if value is not None and not option.fits(value):
        raise BadCatalogue(f"{_place(model, option.name)}: {option.problem(value)}")
    return value


def whole_option(model: ModelSpec, option: EntryOption, default: int) -> int:
    """Return an option that is a whole number; raises what :func:`given` does."""
    value = given(model, option)
    return default if value is None else int(value)


def number_option(model: ModelSpec, option: EntryOption, default: float) -> float:
    """Return an option that is a number; raises what :func:`given` does."""
    value = given(model, option)
    return default if value is None else float(value)


def flag_option(model: ModelSpec, option: EntryOption, *, default: bool) -> bool:
    """Return an option that is true or false; raises what :func:`given` does."""
    value = given(model, option)
    return default if value is None else value is True


def text_option(model: ModelSpec, option: EntryOption) -> str | None:
    """Return an option that is a text, ``None`` where it is not given.

    Raises:
        BadCatalogue: it is none, or not one of the declared ones.
    """
    value = given(model, option)
    return None if value is None else str(value)


def _place(model: ModelSpec, key: str) -> str:
    """Say which entry of which file says so, or which other it took it from."""
    file = f"{model.file}: " if model.file else ""
    source = dict(model.taken).get(key)
    return f"{file}model {model.name!r}" + (f" (taken from {source})" if source else "")
