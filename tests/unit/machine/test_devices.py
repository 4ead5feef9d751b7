"""What a machine has is read from its driver and its environment."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from pytest_llmlat.machine import devices
from pytest_llmlat.machine.devices import look
from tests.unit.nvml_driver import Driver

if TYPE_CHECKING:
    import ctypes

    import pytest


def test_looking_reads_the_environment() -> None:
    """A token makes the hub present; hidden cards are absent."""
    found = look({"HF_TOKEN": "secret", "CUDA_VISIBLE_DEVICES": ""})

    assert found.hub_token
    assert found.gpus == ()
    assert "secret" not in repr(found)


def test_an_empty_token_is_none() -> None:
    """A variable that is set to nothing gives no access."""
    assert not look({"HF_TOKEN": ""}).hub_token


def test_a_card_is_told_with_its_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    """The names, and the version of what drives them."""
    driver = cast("ctypes.CDLL", Driver({0: []}, version="580.1"))
    monkeypatch.setattr(devices, "load_driver", lambda: (driver, "asked it"))

    found = look({})

    assert (found.gpus, found.gpu_driver) == (("NVIDIA T4",), "580.1")
    assert look({"CUDA_VISIBLE_DEVICES": ""}).gpus == ()
