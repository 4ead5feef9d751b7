"""Which devices this machine has, found without importing a model library."""

from __future__ import annotations

import os
import platform
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llmlat.machine.hub_token import VARIABLES, find_token
from pytest_llmlat.machine.nvidia import (
    driver_version,
    gpu_names,
    load_driver,
    visible_gpus,
)

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """What was found when the machine was looked over."""

    gpus: tuple[str, ...]
    """Names of the CUDA devices that this process may use, in CUDA's order."""
    gpu_note: str
    """Where they were looked for."""
    platform: str
    machine: str
    hub_token: bool
    gpu_driver: str | None = None
    """The version of the cards' driver; ``None`` without one."""

    @property
    def present(self) -> tuple[str, ...]:
        """The devices, as markers, that a cell can run on here."""
        found = {
            "cpu": True,
            "cuda": bool(self.gpus),
            "a6000": self.a6000 is not None,
            "mps": self.platform == "darwin" and self.machine == "arm64",
            "hf": self.hub_token,
            "endpoint": True,
        }
        return tuple(device for device, there in found.items() if there)

    @property
    def a6000(self) -> int | None:
        """The index of the first RTX A6000 among the CUDA devices."""
        places = (i for i, name in enumerate(self.gpus) if "A6000" in name)
        return next(places, None)

    def absence(self, device: str) -> str:
        """Say what was looked for and what was found instead."""
        gpus = ", ".join(self.gpus) or f"no CUDA device ({self.gpu_note})"
        here = f"{self.platform} on {self.machine}"
        reasons = {
            "cuda": f"looked for an NVIDIA GPU; found {gpus}",
            "a6000": f"looked for a CUDA device named RTX A6000; found {gpus}",
            "mps": f"looked for Apple silicon (macOS on arm64); found {here}",
            "hf": f"looked for a token in {' or '.join(VARIABLES)}; found none",
        }
        return f"device {device!r} is not here: {reasons.get(device, 'not found')}"


def look(environ: Mapping[str, str] = os.environ) -> Inventory:
    """Look the machine over.

    Args:
        environ: ``CUDA_VISIBLE_DEVICES`` hides and reorders GPUs as CUDA would.
    """
    nvml, note = load_driver()
    names = [] if nvml is None else gpu_names(nvml)
    driver = None if nvml is None else driver_version(nvml)
    visible = environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None and names:
        names = visible_gpus(names, visible)
        note = f"CUDA_VISIBLE_DEVICES={visible!r}"
    return Inventory(
        gpus=tuple(names),
        gpu_note=note,
        gpu_driver=driver,
        platform=sys.platform,
        machine=platform.machine(),
        hub_token=find_token(environ) is not None,
    )
