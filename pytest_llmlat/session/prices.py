"""Prices of chosen models: looked up on the day of the run, all in one currency."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from pytest_llmlat.backends.price_entry import looked_up
from pytest_llmlat.values.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_llmlat.values.entities import ModelSpec


def priced(model: ModelSpec) -> ModelSpec:
    """Return an entry with the price that it has today.

    Raises:
        BadCatalogue: its table of prices does not know the model.
        MissingExtra: the table is not installed.
    """
    return looked_up(model, date.today())  # noqa: DTZ011 - a day where one is


def check_currencies(models: Iterable[ModelSpec]) -> None:
    """See that all prices of a run are in one currency.

    Raises:
        UsageError: they are not; amounts could not be compared.
    """
    found: dict[str, str] = {}
    for model in models:
        if model.price is not None:
            found.setdefault(model.price.currency, model.name)
    if len(found) > 1:
        told = ", ".join(f"{name!r} in {currency}" for currency, name in found.items())
        raise UsageError(
            f"prices of one run must be in one currency, and these are not: {told};"
            " write all of them in one"
        )
