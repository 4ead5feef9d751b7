"""Each device is one value; what a machine has and lacks is told from it."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmlat.machine.device_table import (
    DEVICES,
    Device,
    absence,
    all_devices,
    check_device,
    device_name,
    find_device,
    general,
    has_words,
    is_present,
    is_remote,
    kinds_of,
    known_device,
    nvidia_card,
    present_devices,
    usual_devices,
)
from pytest_llmlat.machine.devices import Inventory, look
from pytest_llmlat.values.errors import BadExtension, UnknownName

BARE = Inventory(
    gpus=(),
    gpu_note="no NVIDIA driver",
    platform="linux",
    machine="x86_64",
    hub_token=False,
)
CARDS = {
    "NVIDIA RTX A6000": "a6000",
    "NVIDIA H100 80GB HBM3": "h100",
    "NVIDIA H100 PCIe": "h100",
    "NVIDIA H200": "h200",
    "NVIDIA H200 NVL": "h200",
    "NVIDIA L40S": "l40s",
    "NVIDIA GeForce RTX 4090": "rtx4090",
}
"""Names as the driver tells them."""


def with_card(name: str) -> Inventory:
    """Return a machine with one NVIDIA card."""
    return replace(BARE, gpus=(name,))


@pytest.mark.parametrize(
    ("inventory", "expected"),
    [
        (BARE, ("cpu", "endpoint")),
        (with_card("NVIDIA T4"), ("cpu", "cuda", "endpoint")),
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
        (replace(BARE, amd_gpus=("MI300X",)), ("cpu", "rocm", "endpoint")),
        (replace(BARE, intel_gpus=("Arc",)), ("cpu", "xpu", "endpoint")),
    ],
)
def test_devices_that_are_present(
    inventory: Inventory, expected: tuple[str, ...]
) -> None:
    """The markers of the devices that a cell can run on here."""
    assert present_devices(inventory) == expected


@pytest.mark.parametrize(("card", "device"), CARDS.items())
def test_a_card_is_its_own_device_and_a_cuda_device(card: str, device: str) -> None:
    """And no other card's."""
    assert present_devices(with_card(card)) == ("cpu", "cuda", device, "endpoint")
    assert [*kinds_of(device)] == [device, "cuda"]


@pytest.mark.parametrize(
    "card",
    [
        "NVIDIA GH200 480GB",
        "NVIDIA L40",
        "NVIDIA GeForce RTX 4090 Laptop GPU",
        "NVIDIA GeForce RTX 4090 D",
        "NVIDIA RTX 6000 Ada Generation",
    ],
)
def test_a_card_of_a_similar_name_is_another(card: str) -> None:
    """A figure of one is no figure of the other."""
    assert present_devices(with_card(card)) == ("cpu", "cuda", "endpoint")


def test_the_first_card_of_a_kind_is_found() -> None:
    """Its index is the one among all cards; without one there is none."""
    cards = ("NVIDIA T4", "NVIDIA RTX A6000", "NVIDIA RTX A6000")

    assert DEVICES["a6000"].first(cards) == 1
    assert DEVICES["a6000"].first(()) is None


@pytest.mark.parametrize(
    "device", [each.name for each in all_devices() if not each.present(BARE)]
)
def test_an_absence_names_the_device_and_what_was_looked_for(device: str) -> None:
    """Whoever reads the skip knows what to plug in, install or set."""
    message = absence(device, BARE)

    assert message.startswith(f"device {device!r} is not here: looked for ")
    assert "; found " in message


def test_an_absence_names_what_was_found() -> None:
    """The cards that are there, or where none were found."""
    told = absence("a6000", with_card("NVIDIA T4"))

    assert told.endswith("named RTX A6000; found NVIDIA T4")
    assert absence("cuda", BARE).endswith("found no CUDA device (no NVIDIA driver)")
    assert absence("mps", BARE).endswith("found linux on x86_64")
    assert "HF_TOKEN" in absence("hf", BARE)
    assert absence("nothing", BARE) == "device 'nothing' is not here: not found"


def test_every_machine_has_a_processor() -> None:
    """The first device is the one that is always there; all have markers."""
    present = present_devices(look({}))

    assert present[0] == "cpu"
    assert set(present) <= set(DEVICES)


def test_where_an_entry_runs_that_names_no_devices() -> None:
    """In this order: an address of a model has the same cells as ever."""
    assert usual_devices() == ("cpu", "cuda", "a6000", "mps")


def test_remote_devices_are_those_behind_a_network() -> None:
    """All others load the model into this process."""
    assert [d.name for d in all_devices() if d.remote] == ["hf", "endpoint"]
    assert not is_remote("nothing")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("gpu:RTX 3090", "gpu_rtx_3090"),
        ("gpu_rtx_3090", "gpu_rtx_3090"),
        ("gpu:RTX-3090 Ti", "gpu_rtx_3090_ti"),
        ("cuda", "cuda"),
    ],
)
def test_a_card_that_an_entry_names_has_a_marker(text: str, name: str) -> None:
    """It is made of the words of its name."""
    assert device_name(text) == name
    assert known_device(text, where="devices") == name


def test_a_card_that_an_entry_names_is_found() -> None:
    """Whole words count: no figure of an A100 stands under the name of an A10."""
    assert is_present("gpu_a10", with_card("NVIDIA A10"))
    assert not is_present("gpu_a10", with_card("NVIDIA A100-SXM4-80GB"))
    assert general("gpu_a10") == "cuda"
    assert "named A10; found NVIDIA T4" in absence("gpu_a10", with_card("NVIDIA T4"))


@pytest.mark.parametrize("text", ["gpu:", "gpu: - ", "gpu:é", "gpu_", "GPU:T4", "tpu"])
def test_a_device_that_is_none_is_told(text: str) -> None:
    """A pattern without a word would match every card."""
    with pytest.raises(
        UnknownName, match=r"^devices: unknown device .*known: a6000, cpu"
    ):
        known_device(text, where="devices")


@given(st.text())
def test_whatever_names_a_card_makes_a_safe_marker(text: str) -> None:
    """Or none at all: it goes into marker expressions, ids and file names."""
    name = device_name(f"gpu:{text}")
    found = find_device(name)

    assert device_name(name) == name
    if found is None:
        assert not re.search("[A-Za-z0-9]", text)
    else:
        assert re.fullmatch("gpu(_[a-z0-9]+)+", found.name)
        assert found.matches(f"NVIDIA {text} 24GB")


@given(st.text(), st.text(), st.text(alphabet="abC019- _"))
def test_words_are_found_where_they_stand(before: str, after: str, words: str) -> None:
    """Whatever stands beside them, and in any case of letters."""
    assert has_words(f"{before} {words.swapcase()} {after}", words)
    assert find_device(before) is None or re.fullmatch("[a-z0-9_]+", before)


def test_a_device_is_added_and_taken_away() -> None:
    """Until then it is known everywhere: found, told, and first where it is special."""
    card = nvidia_card("t4", "T4")

    undo = DEVICES.add([("a test", {"t4": card})])
    try:
        assert present_devices(with_card("Tesla T4")) == (
            *("cpu", "cuda", "t4", "endpoint"),
        )
        assert "named T4" in absence("t4", BARE)
    finally:
        undo()

    assert find_device("t4") is None


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("t4", "T4", "must be a Device, not str"),
        ("t4", nvidia_card("other", "T4"), "its name is 'other'"),
        ("not", nvidia_card("not", "T4"), "must be a marker"),
        ("T 4", nvidia_card("T 4", "T4"), "must be a marker"),
        ("gpu_t4", nvidia_card("gpu_t4", "T4"), "must be a marker"),
        ("cuda", nvidia_card("cuda", "T4"), "the name is taken by pytest-llmlat"),
    ],
)
def test_what_is_no_device_is_refused(name: str, value: object, told: str) -> None:
    """With who gave it and what is wrong."""
    with pytest.raises(BadExtension, match=f"device {name!r} of a test: .*{told}"):
        DEVICES.add([("a test", {name: value})])


def test_a_circle_of_special_kinds_ends() -> None:
    """Two devices of a user's may each call itself a kind of the other."""
    first = replace(nvidia_card("first", "T4"), specialises="second")
    second: Device = replace(nvidia_card("second", "T4"), specialises="first")
    undo = DEVICES.add([("a test", {"first": first, "second": second})])

    try:
        assert [*kinds_of("first")] == ["first", "second"]
    finally:
        undo()


def test_a_device_of_a_wrong_name_is_no_marker() -> None:
    """What is registered as one name is looked up under it."""
    assert check_device("t4", nvidia_card("t4", "T4")).name == "t4"
