"""Which devices a machine has, and what is said of one that it has not."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, cast

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pytest_llmlat import devices
from pytest_llmlat.devices import Inventory, gpu_users, look, visible_gpus
from pytest_llmlat.settings import DEVICES

if TYPE_CHECKING:
    from collections.abc import Callable

BARE = Inventory(
    gpus=(),
    gpu_note="no NVIDIA driver",
    platform="linux",
    machine="x86_64",
    hub_token=False,
)
CARDS = ["NVIDIA RTX A6000", "NVIDIA H100", "NVIDIA T4"]
NEW = "nvmlDeviceGetComputeRunningProcesses_v3"
OLD = "nvmlDeviceGetComputeRunningProcesses_v2"


@dataclass
class Driver:
    """A driver's library that notes what it is asked; its answers are C values."""

    users: dict[int, list[int]]
    """Processes of each card."""
    has: tuple[str, ...] = (NEW, OLD)
    fails: str = ""
    asked: list[str] = field(default_factory=list)

    def __getattr__(self, name: str) -> Callable[..., int]:
        """Return the function of a name."""
        if name.startswith("nvmlDeviceGetCompute") and name not in self.has:
            raise AttributeError(name)

        def answer(*arguments: Any) -> int:  # noqa: ANN401 - C's are of all kinds
            self.asked.append(name)
            if name == self.fails:
                return 999
            if name == "nvmlDeviceGetCount_v2":
                arguments[0]._obj.value = len(self.users)
            elif name == "nvmlDeviceGetHandleByIndex_v2":
                arguments[1]._obj.value = 1000 + arguments[0]
            elif name.startswith("nvmlDeviceGetCompute"):
                self.fill(*arguments)
            return 0

        return answer

    def fill(self, handle: ctypes.c_void_p, count: Any, into: Any) -> None:  # noqa: ANN401
        """Write a card's processes as the driver does: 24 bytes each."""
        pids = self.users[(handle.value or 0) - 1000]
        assert len(pids) <= count._obj.value
        count._obj.value = len(pids)
        for at, pid in enumerate(pids):
            slot = ctypes.addressof(into) + 24 * at
            ctypes.c_uint.from_address(slot).value = pid


def users_of(driver: Driver, visible: str | None = None) -> list[int] | None:
    """Return the processes that are found through a driver."""
    return devices._ask_users(cast("ctypes.CDLL", driver), visible)


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


def test_users_of_all_cards_are_found_in_one_session() -> None:
    """The library is opened first and closed last, and each card is asked once."""
    driver = Driver({0: [11, 12], 1: [13]})

    assert users_of(driver) == [11, 12, 13]
    card = ["nvmlDeviceGetHandleByIndex_v2", NEW]
    first = ["nvmlInit_v2", "nvmlDeviceGetCount_v2"]
    assert driver.asked == [*first, *card, *card, "nvmlShutdown"]


def test_an_older_driver_is_asked_the_older_question() -> None:
    """One that has neither question says nothing."""
    assert users_of(Driver({0: [11]}, has=(OLD,))) == [11]
    assert users_of(Driver({0: [11]}, has=())) is None


@pytest.mark.parametrize(
    ("visible", "expected"),
    [
        (None, [11, 12, 13]),
        ("1", [12]),
        ("2,0", [13, 11]),
        ("-1", []),
        ("", []),
        ("GPU-8f3c", None),
        ("MIG-1", None),
    ],
)
def test_users_of_hidden_cards_are_not_found(
    visible: str | None, expected: list[int] | None
) -> None:
    """Cards chosen by UUID cannot be told apart here."""
    assert users_of(Driver({0: [11], 1: [12], 2: [13]}), visible) == expected


@pytest.mark.parametrize(
    "fails", ["nvmlDeviceGetCount_v2", "nvmlDeviceGetHandleByIndex_v2", NEW]
)
def test_a_driver_that_fails_says_nothing_and_is_closed(fails: str) -> None:
    """Unknown is not the same as nobody."""
    driver = Driver({0: [11]}, fails=fails)

    assert users_of(driver) is None
    assert driver.asked[-1] == "nvmlShutdown"


def test_a_driver_that_does_not_start_is_not_closed() -> None:
    """There is nothing to close."""
    driver = Driver({0: [11]}, fails="nvmlInit_v2")

    assert users_of(driver) is None
    assert driver.asked == ["nvmlInit_v2"]


def test_without_a_driver_nobody_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """No library of the driver can be opened."""
    monkeypatch.setattr(devices, "_NVML_NAMES", ("no-such-library.so",))

    assert gpu_users({}) is None
    assert look({}).gpu_note == "no NVIDIA driver"
