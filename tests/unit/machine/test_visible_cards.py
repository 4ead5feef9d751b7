"""Which GPUs an engine may see, by the device of its entry."""

from __future__ import annotations

from dataclasses import replace

from pytest_llmlat.machine.devices import Inventory
from pytest_llmlat.machine.visible_cards import visible_cards

MACHINE = Inventory(
    gpus=("NVIDIA H100", "NVIDIA RTX A6000", "NVIDIA RTX A6000"),
    gpu_note="",
    platform="linux",
    machine="x86_64",
    hub_token=False,
)


def test_a_processor_sees_none() -> None:
    """Or an engine would quietly use a GPU."""
    assert visible_cards("cpu", 1, inventory=MACHINE, environ={}) == ()


def test_the_first_cards_of_the_device_are_taken() -> None:
    """As many as the model spreads over; any card for the general device."""
    assert visible_cards("a6000", 1, inventory=MACHINE, environ={}) == ("1",)
    assert visible_cards("a6000", 2, inventory=MACHINE, environ={}) == ("1", "2")
    assert visible_cards("cuda", 2, inventory=MACHINE, environ={}) == ("0", "1")


def test_what_is_ours_to_give_is_kept() -> None:
    """Of cards that the environment chose, under its names for them."""
    told = {"CUDA_VISIBLE_DEVICES": "3,5"}
    two = replace(MACHINE, gpus=MACHINE.gpus[:2])

    assert visible_cards("a6000", 1, inventory=two, environ=told) == ("5",)


def test_nothing_is_said_where_it_is_not_known() -> None:
    """No NVIDIA card, or fewer of them than are wanted: the engine says so itself."""
    assert visible_cards("mps", 1, inventory=MACHINE, environ={}) is None
    assert visible_cards("a6000", 3, inventory=MACHINE, environ={}) is None
