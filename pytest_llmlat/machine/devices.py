"""What this machine has, found without importing a model library."""

from __future__ import annotations

import os
import platform
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llmlat.machine.hub_token import find_token
from pytest_llmlat.machine.linux_gpus import amd_gpus, intel_gpus
from pytest_llmlat.machine.nvidia import (
    driver_version,
    gpu_names,
    load_driver,
    visible_gpus,
)
from pytest_llmlat.values.confidential import Variables

if TYPE_CHECKING:
    from collections.abc import Mapping

_ENVIRONMENT = Variables(os.environ)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """The devices that were found on this machine."""

    gpus: tuple[str, ...]
    """Names of the CUDA devices that this process may use, in CUDA's order."""
    gpu_note: str
    """The library or the place in which NVIDIA's GPUs were looked for."""
    platform: str
    machine: str
    hub_token: bool
    gpu_driver: str | None = None
    """The version of the cards' driver; ``None`` without one."""
    amd_gpus: tuple[str, ...] = ()
    """Names of the AMD GPUs that ROCm may use."""
    intel_gpus: tuple[str, ...] = ()


def look(environ: Mapping[str, str] = _ENVIRONMENT) -> Inventory:
    """Return the devices of this machine.

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
        amd_gpus=amd_gpus(environ),
        intel_gpus=intel_gpus(),
    )
