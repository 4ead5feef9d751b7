"""Each worker of pytest-xdist has a card of its own; what there is one of is shared."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.machine import nvidia
from pytest_llmlat.machine.devices import Inventory
from pytest_llmlat.session.leasing import Leases
from pytest_llmlat.values.entities import Deployment, ModelSpec
from pytest_llmlat.values.errors import DeviceAbsent
from pytest_llmlat.values.settings import Settings
from tests.unit.nvml_driver import Driver

if TYPE_CHECKING:
    from pathlib import Path

pytest.importorskip("fcntl")
NAMES = ("NVIDIA H100", "NVIDIA RTX A6000", "NVIDIA RTX A6000")
MACHINE = Inventory(
    gpus=NAMES, gpu_note="", platform="linux", machine="x86_64", hub_token=False
)
MODEL = ModelSpec(name="m", backend="scripted", devices=("a6000", "h100", "cpu"))
A6000 = Deployment(model=MODEL, device="a6000")


@pytest.fixture(autouse=True)
def driver(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Driver:
    """Give a driver of three cards, and an empty cache."""
    made = Driver({0: [], 1: [], 2: []}, names=NAMES)
    monkeypatch.setattr(nvidia, "load_driver", lambda: (made, "a stand-in"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return made


def worker(folder: Path, number: int, *, joined: bool = True) -> Leases:
    """Return the leases of a worker, with an environment of its own."""
    environ = {"PYTEST_XDIST_WORKER": f"gw{number}"}
    settings = Settings(root=folder, folder=folder / "run", joined=joined)
    return Leases(settings, environ)


def card(leases: Leases) -> str | None:
    """Return what a model library would see."""
    return leases._environ.get("CUDA_VISIBLE_DEVICES")


def test_each_worker_gets_a_card_of_its_own(tmp_path: Path) -> None:
    """Of the kind that is asked for, by the driver's numbers; the next when it ends."""
    first, second, third = (worker(tmp_path, number) for number in range(3))

    first.take_cards(A6000, MACHINE)
    second.take_cards(A6000, MACHINE)

    assert {card(first), card(second)} == {"1", "2"}
    assert first._environ["CUDA_DEVICE_ORDER"] == "PCI_BUS_ID"
    first.close()
    third.take_cards(A6000, MACHINE)
    assert card(third) == card(first)
    for each in (second, third):
        each.close()


def test_a_worker_keeps_its_card(tmp_path: Path) -> None:
    """A model library does not let go of it; another kind is refused in words."""
    own = worker(tmp_path, 0)
    own.take_cards(A6000, MACHINE)

    own.take_cards(replace(A6000, model=replace(MODEL, name="n")), MACHINE)
    with pytest.raises(DeviceAbsent, match=r"measures on card 1 and keeps it"):
        own.take_cards(replace(A6000, device="h100"), MACHINE)

    assert card(own) == "1"
    own.close()


def test_a_model_on_several_cards_takes_all_of_them(tmp_path: Path) -> None:
    """None is hidden from it, and no other worker gets one."""
    spread = replace(MODEL, options=(("device_map", "auto"),))
    own = worker(tmp_path, 0)

    own.take_cards(replace(A6000, model=spread), MACHINE)

    assert card(own) is None
    assert len(own._descriptors) == 2
    held = sorted((tmp_path / "cache" / "pytest-llmlat" / "leases").iterdir())
    assert [path.name for path in held] == ["GPU-1.lock", "GPU-2.lock"]
    own.close()


@pytest.mark.parametrize("device", ["cpu", "a6000"])
def test_who_measures_alone_takes_nothing(tmp_path: Path, device: str) -> None:
    """As before: what a library sees first is what it uses."""
    own = worker(tmp_path, 0, joined=False)

    own.take_cards(replace(A6000, device=device), MACHINE)

    assert card(own) is None
    assert not (tmp_path / "cache").exists()


def test_cards_that_the_user_chose_are_those_to_give(tmp_path: Path) -> None:
    """By the names that the user gave them."""
    own = worker(tmp_path, 0)
    own._environ["CUDA_VISIBLE_DEVICES"] = "2"

    own.take_cards(A6000, replace(MACHINE, gpus=NAMES[2:]))

    assert card(own) == "2"
    own.close()
