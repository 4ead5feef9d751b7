"""What the NVIDIA driver's library is asked, in which order, and what is made of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast
from unittest.mock import patch

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pytest_llmlat.machine import nvidia
from pytest_llmlat.machine.nvidia import (
    gpu_heat_ns,
    gpu_memory,
    gpu_users,
    visible_gpus,
)
from pytest_llmlat.measure.managed_servers import lack_on_cards
from tests.unit.nvml_driver import HEAT, MEMORY, NEW, OLD, Driver

if TYPE_CHECKING:
    import ctypes

CARDS = ["NVIDIA RTX A6000", "NVIDIA H100", "NVIDIA T4"]


def environ_of(visible: str | None, **more: str) -> dict[str, str]:
    """Return an environment that hides cards."""
    return more if visible is None else {"CUDA_VISIBLE_DEVICES": visible, **more}


def users_of(
    driver: Driver, visible: str | None = None, **more: str
) -> list[int] | None:
    """Return the processes that are found through a driver."""
    with patch.object(nvidia, "load_driver", lambda: (driver, "asked it")):
        return gpu_users(environ_of(visible, **more))


def heat_of(
    driver: Driver, visible: str | None = None, **more: str
) -> tuple[int, ...] | None:
    """Return for how long each card was hot, through a driver."""
    with patch.object(nvidia, "load_driver", lambda: (driver, "asked it")):
        return gpu_heat_ns(environ_of(visible, **more))


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
    monkeypatch.setattr(nvidia, "_FILES", ("no-such-library.so",))

    assert gpu_users({}) is None
    assert gpu_heat_ns({}) is None
    assert nvidia.load_driver() == (None, "no NVIDIA driver")


@pytest.mark.parametrize(
    ("visible", "expected"),
    [(None, (5, 700)), ("1", (700,)), ("1,0", (700, 5)), ("GPU-8f3c", None)],
)
def test_each_visible_card_tells_for_how_long_it_was_hot(
    visible: str | None, expected: tuple[int, ...] | None
) -> None:
    """In nanoseconds, in CUDA's order."""
    driver = Driver({0: [], 1: []}, heat_ns={0: 5, 1: 700})

    assert heat_of(driver, visible) == expected


def test_the_memory_of_visible_cards_is_told_in_their_order() -> None:
    """Used and free bytes, asked of the driver between its opening and its closing."""
    driver = Driver({0: [], 1: []}, memory={0: (3, 5), 1: (70, 10)})
    with patch.object(nvidia, "load_driver", lambda: (driver, "asked it")):
        assert gpu_memory({"CUDA_VISIBLE_DEVICES": "1,0"}) == ((70, 10), (3, 5))
    assert driver.asked[0] == "nvmlInit_v2"
    assert driver.asked[-1] == "nvmlShutdown"
    assert driver.asked.index("nvmlDeviceGetHandleByIndex_v2") < driver.asked.index(
        MEMORY
    )


def test_two_engines_on_a_card_need_room_for_as_much_again() -> None:
    """The fuller card is named; what cannot be asked is no reason to refuse."""
    gib = 1024**3
    memory = {0: (3 * gib, 5 * gib), 1: (7 * gib, gib)}
    driver = Driver({0: [], 1: []}, memory=memory)
    with patch.object(nvidia, "load_driver", lambda: (driver, "asked it")):
        assert lack_on_cards("cuda:0", {}) is None
        assert lack_on_cards("cuda:0, cuda:1", {}) == (
            "on GPU 1 it takes 7.0 GiB, and 1.0 GiB are free for another"
        )
        assert lack_on_cards("", {}) is None
    silent = Driver({0: [], 1: []}, memory=memory, fails=MEMORY)
    with patch.object(nvidia, "load_driver", lambda: (silent, "asked it")):
        assert lack_on_cards("cuda:1", {}) is None


def test_a_card_that_keeps_no_such_count_is_unknown() -> None:
    """A driver without the question, and a card that refuses it."""
    cards, hot = {0: list[int](), 1: list[int]()}, {0: 5, 1: 700}

    assert heat_of(Driver(cards, heat_ns=hot, has=(NEW,))) is None
    refusing = Driver(cards, heat_ns=hot, fails=HEAT)
    assert heat_of(refusing) is None
    assert refusing.asked[-1] == "nvmlShutdown"


def test_names_and_the_version_of_the_driver() -> None:
    """As the driver writes them; of one that fails, nothing is known."""
    driver = cast(
        "ctypes.CDLL", Driver({0: [], 1: []}, names=("NVIDIA T4", "NVIDIA H100"))
    )
    broken = cast("ctypes.CDLL", Driver({0: []}, fails="nvmlInit_v2"))
    mute = cast("ctypes.CDLL", Driver({0: []}, fails="nvmlSystemGetDriverVersion"))

    assert nvidia.gpu_names(driver) == ["NVIDIA T4", "NVIDIA H100"]
    assert nvidia.driver_version(driver) == "580.1"
    assert (nvidia.gpu_names(broken), nvidia.driver_version(broken)) == ([], None)
    assert nvidia.driver_version(mute) is None


@pytest.mark.parametrize(
    ("visible", "order", "heat", "users"),
    [
        (None, {}, None, [11, 12]),
        ("1", {}, None, None),
        ("1", {"CUDA_DEVICE_ORDER": "FASTEST_FIRST"}, None, None),
        ("1", {"CUDA_DEVICE_ORDER": "PCI_BUS_ID"}, (700,), [12]),
        (None, {"CUDA_DEVICE_ORDER": "PCI_BUS_ID"}, (5, 700), [11, 12]),
    ],
)
def test_cards_of_several_kinds_are_told_apart_by_their_bus_alone(
    visible: str | None,
    order: dict[str, str],
    heat: tuple[int, ...] | None,
    users: list[int] | None,
) -> None:
    """CUDA puts the fastest first, and which that is the driver does not say."""
    driver = Driver(
        {0: [11], 1: [12]}, heat_ns={0: 5, 1: 700}, names=("NVIDIA T4", "NVIDIA H100")
    )

    assert heat_of(driver, visible, **order) == heat
    assert users_of(driver, visible, **order) == users
