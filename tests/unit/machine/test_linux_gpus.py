"""AMD's and Intel's GPUs are read from files of the kernel."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.machine.linux_gpus import KernelPlaces, amd_gpus, intel_gpus

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def places(tmp_path: Path) -> KernelPlaces:
    """Return a kernel with an AMD, an Intel and an unknown card."""
    made = KernelPlaces(
        cards=tmp_path / "drm", nodes=tmp_path / "dri", kfd=tmp_path / "kfd"
    )
    made.nodes.mkdir()
    made.kfd.touch()
    cards = {"renderD128": "0x1002", "renderD129": "0x8086", "renderD130": "0x10de"}
    for node, vendor in cards.items():
        device = made.cards / node / "device"
        device.mkdir(parents=True)
        (device / "vendor").write_text(f"{vendor}\n", "ascii")
        (device / "device").write_text("0x74a1\n", "ascii")
        (made.nodes / node).touch()
    return made


def test_cards_are_told_by_their_makers(places: KernelPlaces) -> None:
    """With the number of the model where the kernel knows no name."""
    assert amd_gpus({}, places) == ("amd GPU 0x74a1",)
    assert intel_gpus(places) == ("intel GPU 0x74a1",)


def test_a_card_that_has_a_name_is_told_by_it(places: KernelPlaces) -> None:
    """Servers' cards have one."""
    name = places.cards / "renderD128" / "device" / "product_name"
    name.write_text("AMD Instinct MI300X\n", "utf-8")

    assert amd_gpus({}, places) == ("AMD Instinct MI300X",)


@pytest.mark.parametrize("variable", ["HIP_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES"])
@pytest.mark.parametrize("value", ["", "-1"])
def test_cards_can_be_hidden(places: KernelPlaces, variable: str, value: str) -> None:
    """As ROCm itself would hide them."""
    assert amd_gpus({variable: value}, places) == ()
    assert amd_gpus({variable: "0"}, places) != ()


def test_what_cannot_be_opened_is_not_there(places: KernelPlaces) -> None:
    """A container sees the kernel's list, and not the devices."""
    places.kfd.unlink()
    (places.nodes / "renderD129").unlink()

    assert amd_gpus({}, places) == ()
    assert intel_gpus(places) == ()


def test_a_machine_without_such_files_has_none(tmp_path: Path) -> None:
    """No Linux, or no card."""
    nowhere = KernelPlaces(cards=tmp_path, nodes=tmp_path, kfd=tmp_path / "kfd")

    assert (amd_gpus({}, nowhere), intel_gpus(nowhere)) == ((), ())
