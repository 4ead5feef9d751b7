"""What can be asked for agrees with what there is."""

from __future__ import annotations

import dataclasses
import typing

import pytest

from pytest_llmlat.grading.sandbox import CHOICES
from pytest_llmlat.machine.devices import look
from pytest_llmlat.values import settings
from pytest_llmlat.values.settings import LOCAL_DEVICES


def test_sandboxes_are_those_that_can_be_opened() -> None:
    """The option takes every sandbox and no other."""
    assert settings.SANDBOXES == CHOICES


def test_balances_are_those_of_their_type() -> None:
    """The option takes every mean that the score knows."""
    assert typing.get_args(settings.Balance) == settings.BALANCES


def test_every_device_that_is_found_can_be_named() -> None:
    """No device of a machine is without a marker."""
    assert set(look({"HF_TOKEN": "x"}).present) <= set(settings.DEVICES)
    assert set(LOCAL_DEVICES) <= set(settings.DEVICES)


def test_settings_are_frozen() -> None:
    """What was read once at the border does not change after."""
    values: dict[str, typing.Any] = {
        field.name: None for field in dataclasses.fields(settings.Settings)
    }
    whole = settings.Settings(**values)

    with pytest.raises(dataclasses.FrozenInstanceError):
        whole.seed = 1  # type: ignore[misc]
