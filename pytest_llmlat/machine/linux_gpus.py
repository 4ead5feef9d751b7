"""GPUs of AMD and Intel, as the kernel of Linux lists them, without any library."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_VENDORS = {"0x1002": "amd", "0x8086": "intel"}
"""Makers of GPUs by their numbers on the PCI bus."""
_HIDING = ("HIP_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES")
_NONE = ("", "-1")


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelPlaces:
    """The folders in which Linux lists its GPUs."""

    cards: Path = Path("/sys/class/drm")
    nodes: Path = Path("/dev/dri")
    kfd: Path = Path("/dev/kfd")
    """The device file through which ROCm computes."""


_PLACES = KernelPlaces()


def amd_gpus(
    environ: Mapping[str, str], places: KernelPlaces = _PLACES
) -> tuple[str, ...]:
    """Return names of the AMD GPUs that ROCm may use.

    Args:
        environ: an empty ``HIP_VISIBLE_DEVICES`` or ``ROCR_VISIBLE_DEVICES`` hides all.
        places: where to read.
    """
    hidden = any(environ.get(name, "all").strip() in _NONE for name in _HIDING)
    if hidden or not os.access(places.kfd, os.R_OK | os.W_OK):
        return ()
    return _cards("amd", places)


def intel_gpus(places: KernelPlaces = _PLACES) -> tuple[str, ...]:
    """Return names of the Intel GPUs that this process may use."""
    return _cards("intel", places)


def _cards(maker: str, places: KernelPlaces) -> tuple[str, ...]:
    found = []
    for node in sorted(places.cards.glob("renderD*")):
        vendor = _text(node / "device" / "vendor")
        usable = os.access(places.nodes / node.name, os.R_OK | os.W_OK)
        if usable and _VENDORS.get(vendor) == maker:
            number = _text(node / "device" / "device") or "unknown"
            name = _text(node / "device" / "product_name")
            found.append(name or f"{maker} GPU {number}")
    return tuple(found)


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace").strip()
    except OSError:
        return ""
