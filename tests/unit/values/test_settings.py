"""What can be asked for agrees with what there is."""

from __future__ import annotations

import dataclasses
import typing

import pytest

from pytest_llmlat.values import settings


def test_settings_are_frozen() -> None:
    """What was read once at the border does not change after."""
    values: dict[str, typing.Any] = {
        field.name: None for field in dataclasses.fields(settings.Settings)
    }
    whole = settings.Settings(**values)

    with pytest.raises(dataclasses.FrozenInstanceError):
        whole.seed = 1  # type: ignore[misc]
