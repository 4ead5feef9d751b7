"""Names of models as they were typed: an address may hold a password or a key.

Such an address becomes an entry at once, under a name without what lets somebody in;
from there on everybody sees the name, and whoever asks the server sees the address.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from pytest_llmlat.backends.backend_kind import model_at
from pytest_llmlat.session.vary import model_named
from pytest_llmlat.values.confidential import WebAddress
from pytest_llmlat.values.errors import UnknownName, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_llmlat.values.entities import ModelSpec

Given = TypeVar("Given")


def concealed(given: Given, *, where: str) -> Given | ModelSpec | list[Any]:
    """Return models as they were given, but entries for what must not be shown.

    Args:
        given: a name, or several with whatever else stands for models.
        where: the argument, for the complaint.

    Raises:
        UsageError: an address of no model, or settings that such a model cannot have.
    """
    if isinstance(given, str):
        typed = WebAddress(given)
        if typed.shown == given:
            return given
        del given  # what fails from here on shows it in no traceback
        return _entry_at(typed, where=where)
    if not isinstance(given, Iterable):
        return given
    found, each = list[Any](), None
    try:
        for each in given:
            found.append(concealed(each, where=where))
    except UsageError:
        del given, each  # a traceback shows what is held here
        raise
    return found


def with_entries(said: Mapping[str, Any], spelled: Mapping[str, str]) -> dict[str, Any]:
    """Return settings in which every name of a model may be shown.

    Args:
        said: the settings.
        spelled: how those are written that name models.

    Raises:
        UsageError: an address of no model, two that go by one name, or settings that
            cannot be.
    """
    found = dict(said)
    entries: dict[str, ModelSpec] = {}
    for setting, where in spelled.items():
        named = concealed(said.get(setting), where=where)
        several = named if isinstance(named, list) else [named]
        for entry in several:
            if not isinstance(entry, str | None):
                _add(entries, entry, where=where)
        names = [n if isinstance(n, str | None) else n.name for n in several]
        if setting in said:
            found[setting] = tuple(names) if isinstance(named, list) else names[0]
    return {**found, "addressed": tuple(entries.values())}


def _add(entries: dict[str, ModelSpec], entry: ModelSpec, *, where: str) -> None:
    if entries.setdefault(entry.name, entry) != entry:
        raise UsageError(
            f"{where}: two addresses are both shown as {entry.name!r}, for they differ"
            " in what is shown nowhere; give each an entry of a catalogue"
        )


def _entry_at(typed: WebAddress, *, where: str) -> ModelSpec:
    try:
        return model_named(typed.reveal(), partial(_model_at, where=where), where=where)
    except UsageError as error:
        problem = str(error)
    # Out here no frame of the traceback holds the address.
    raise UsageError(problem)


def _model_at(address: str, *, where: str) -> ModelSpec:
    found = model_at(address)
    if found is None:
        remedy = "It is no address of a model."
        raise UnknownName("model", address, (), where=where, remedy=remedy)
    return found
