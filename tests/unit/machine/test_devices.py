"""Which devices a machine has, and what is said of one that it has not."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, cast

import pytest

from pytest_llmlat.machine import devices
from pytest_llmlat.machine.devices import Inventory, look
from pytest_llmlat.values.settings import DEVICES
from tests.unit.nvml_driver import Driver

if TYPE_CHECKING:
    import ctypes

BARE = Inventory(
    gpus=(),
    gpu_note="no NVIDIA driver",
    platform="linux",
    machine="x86_64",
    hub_token=False,
)


@pytest.mark.parametrize(
    ("inventory", "expected"),
    [
        (BARE, ("cpu", "endpoint")),
        (replace(BARE, gpus=("NVIDIA H100",)), ("cpu", "cuda", "endpoint")),
        (
            replace(BARE, gpus=("NVIDIA T4", "NVIDIA RTX A6000")),
            ("cpu", "cuda", "a6000", "endpoint"),
        ),
        (
            replace(BARE, platform="darwin", machine="arm64"),
            ("cpu", "mps", "endpoint"),
        ),
        (replace(BARE, platform="darwin"), ("cpu", "endpoint")),
        (replace(BARE, machine="arm64"), ("cpu", "endpoint")),
        (replace(BARE, hub_token=True), ("cpu", "hf", "endpoint")),
    ],
)
def test_devices_that_are_present(
    inventory: Inventory, expected: tuple[str, ...]
) -> None:
    """The markers of the devices that a cell can run on here."""
    assert inventory.present == expected


def test_the_first_a6000_is_found() -> None:
    """Its index is the one among all cards; without one there is none."""
    cards = ("NVIDIA T4", "NVIDIA RTX A6000", "NVIDIA RTX A6000")

    assert replace(BARE, gpus=cards).a6000 == 1
    assert BARE.a6000 is None


@pytest.mark.parametrize("device", ["cuda", "a6000", "mps", "hf"])
def test_an_absence_names_the_device_and_what_was_looked_for(device: str) -> None:
    """Whoever reads the skip knows what to plug in, install or set."""
    message = BARE.absence(device)

    assert message.startswith(f"device {device!r} is not here: looked for ")
    assert "; found " in message


def test_an_absence_names_what_was_found() -> None:
    """The cards that are there, or where none were found."""
    other = replace(BARE, gpus=("NVIDIA T4",))

    assert other.absence("a6000").endswith("named RTX A6000; found NVIDIA T4")
    assert BARE.absence("cuda").endswith("found no CUDA device (no NVIDIA driver)")
    assert BARE.absence("mps").endswith("found linux on x86_64")
    assert "HF_TOKEN" in BARE.absence("hf")


def test_looking_reads_the_environment() -> None:
    """A token makes the hub present; hidden cards are absent."""
    found = look({"HF_TOKEN": "secret", "CUDA_VISIBLE_DEVICES": ""})

    assert found.hub_token
    assert found.gpus == ()
    assert "secret" not in repr(found)


def test_an_empty_token_is_none() -> None:
    """A variable that is set to nothing gives no access."""
    assert not look({"HF_TOKEN": ""}).hub_token


def test_every_machine_has_a_processor() -> None:
    """The first device is the one that is always there; all have markers."""
    present = look({}).present

    assert present[0] == "cpu"
    assert set(present) <= set(DEVICES)


def test_a_card_is_told_with_its_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    """The names, and the version of what drives them."""
    driver = cast("ctypes.CDLL", Driver({0: []}, version="580.1"))
    monkeypatch.setattr(devices, "load_driver", lambda: (driver, "asked it"))

    found = look({})

    assert (found.gpus, found.gpu_driver) == (("NVIDIA T4",), "580.1")
    assert look({"CUDA_VISIBLE_DEVICES": ""}).gpus == ()
