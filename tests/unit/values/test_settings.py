"""What can be asked for agrees with what there is."""

from __future__ import annotations

import dataclasses
import typing

import pytest

from pytest_llmlat.values import settings


def test_balances_are_those_of_their_type() -> None:
    """The option takes every mean that the score knows."""
    assert typing.get_args(settings.Balance) == settings.BALANCES


def test_settings_are_frozen() -> None:
    """What was read once at the border does not change after."""
    values: dict[str, typing.Any] = {
        field.name: None for field in dataclasses.fields(settings.Settings)
    }
    whole = settings.Settings(**values)

    with pytest.raises(dataclasses.FrozenInstanceError):
        whole.seed = 1  # type: ignore[misc]
