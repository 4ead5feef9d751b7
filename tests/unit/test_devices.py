"""Which devices a machine has, and what is said of one that it has not."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pytest_llmlat.devices import Inventory, look, visible_gpus
from pytest_llmlat.settings import DEVICES

BARE = Inventory(
    gpus=(),
    gpu_note="no NVIDIA driver",
    platform="linux",
    machine="x86_64",
    hub_token=False,
)
CARDS = ["NVIDIA RTX A6000", "NVIDIA H100", "NVIDIA T4"]


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


@pytest.mark.parametrize(
    ("visible", "expected"),
    [
        ("0,1,2", CARDS),
        ("1", ["NVIDIA H100"]),
        ("2,0", ["NVIDIA T4", "NVIDIA RTX A6000"]),
        (" 1 , 2 ", ["NVIDIA H100", "NVIDIA T4"]),
        ("", []),
        ("-1", []),
        ("NoDevFiles", []),
        ("0,-1,1", ["NVIDIA RTX A6000"]),
        ("1,7,0", ["NVIDIA H100"]),
        ("GPU-8f3c,GPU-1b2d", CARDS[:2]),
        ("MIG-1,MIG-2,MIG-3,MIG-4", CARDS),
    ],
)
def test_hidden_cards_are_not_counted(visible: str, expected: list[str]) -> None:
    """Indices select and reorder up to the first that is invalid, as CUDA does."""
    assert visible_gpus(CARDS, visible) == expected


@given(st.lists(st.sampled_from(CARDS), max_size=4), st.text(max_size=12))
@example(["NVIDIA T4"], "\N{SUPERSCRIPT TWO}")
@example(["NVIDIA T4"], "\N{ARABIC-INDIC DIGIT ZERO}")
def test_any_text_hides_cards_or_shows_some(names: list[str], visible: str) -> None:
    """Whatever the variable holds, looking raises nothing and invents no card."""
    assert set(visible_gpus(names, visible)) <= set(names)


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
