"""NUMA nodes: whose memory a card hangs on, where there is more than one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmlat.machine import nvidia
from pytest_llmlat.machine.numa import card_nodes, cores_of
from tests.unit.nvml_driver import FIRST_HANDLE, Driver

if TYPE_CHECKING:
    import ctypes
    from pathlib import Path


class Placed(Driver):
    """A driver that tells the address of each card, as a real one writes it."""

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - C's are of all kinds
        """Return the function of a name."""
        if name != "nvmlDeviceGetPciInfo_v3":
            return super().__getattr__(name)

        def answer(card: ctypes.c_void_p, into: Any) -> int:  # noqa: ANN401
            place = (card.value or 0) - FIRST_HANDLE
            into._obj.text = f"00000000:{0x3B + place:02X}:00.0".encode()
            return 0

        return answer


@pytest.fixture
def nodes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give two cards, each on a node of its own, and the kernel's files."""
    monkeypatch.setattr(nvidia, "load_driver", lambda: (Placed({0: [], 1: []}), ""))
    for number, (address, cores) in enumerate(
        [("0000:3b:00.0", "0-2,8"), ("0000:3c:00.0", "3-5,9")]
    ):
        (tmp_path / f"node{number}").mkdir()
        (tmp_path / f"node{number}" / "cpulist").write_text(f"{cores}\n")
        (tmp_path / address).mkdir()
        (tmp_path / address / "numa_node").write_text(f"{number}\n")
    return tmp_path


def test_a_card_hangs_on_a_node(nodes: Path) -> None:
    """By its PCI address, as Linux writes it."""
    assert card_nodes({}, devices=nodes, nodes=nodes) == (0, 1)
    assert cores_of(1, nodes=nodes) == (3, 4, 5, 9)


def test_one_node_is_nothing_to_tell_apart(nodes: Path) -> None:
    """Most machines have one; nobody's cores are chosen for that."""
    (nodes / "node1" / "cpulist").unlink()
    (nodes / "node1").rmdir()

    assert card_nodes({}, devices=nodes, nodes=nodes) == (None, None)
    assert cores_of(1, nodes=nodes) == ()


def test_what_the_kernel_does_not_know_is_not_known(nodes: Path) -> None:
    """It says -1 of a device that it cannot place."""
    (nodes / "0000:3b:00.0" / "numa_node").write_text("-1\n")

    assert card_nodes({}, devices=nodes, nodes=nodes) == (None, 1)
