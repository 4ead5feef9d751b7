"""The lab's machine, which is known by a variable of its environment."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pytest_llmlat.machine.device_table import Device

if TYPE_CHECKING:
    from pytest_llmlat.machine.devices import Inventory


def is_here(inventory: Inventory) -> bool:
    """Whether this is the lab's machine."""
    del inventory
    return "LAB" in os.environ


DEVICE = Device(
    name="lab",
    meaning="cells that run on the lab's machine",
    sought="a machine with LAB in its environment",
    present=is_here,
    found=lambda inventory: f"{inventory.platform} on {inventory.machine}",
    torch_kind="cpu",
    specialises="cpu",
)
