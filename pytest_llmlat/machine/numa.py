"""NUMA nodes: whose memory a card hangs on, and which cores are beside it.

Linux tells it of each PCI device. What it does not tell is ``None``, and so is all of a
machine with one such node: there is nothing to tell apart.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_llmlat.machine.nvidia import card_addresses

if TYPE_CHECKING:
    from collections.abc import Mapping

_DEVICES = Path("/sys/bus/pci/devices")
_NODES = Path("/sys/devices/system/node")
_SPAN = re.compile(r"(\d+)(?:-(\d+))?")


def card_nodes(
    environ: Mapping[str, str] = os.environ,
    *,
    devices: Path = _DEVICES,
    nodes: Path = _NODES,
) -> tuple[int | None, ...]:
    """Return the NUMA node of each GPU of this process, in the driver's order.

    Args:
        environ: ``CUDA_VISIBLE_DEVICES`` hides GPUs.
        devices: the kernel's folder of PCI devices.
        nodes: its folder of NUMA nodes.
    """
    addresses = card_addresses(environ) or ()
    if len([*nodes.glob("node[0-9]*")]) < 2:  # noqa: PLR2004 - else there is no other
        return (None,) * len(addresses)
    return tuple(_node_of(devices / address) for address in addresses)


def cores_of(node: int, *, nodes: Path = _NODES) -> tuple[int, ...]:
    """Return the cores of a NUMA node; none where they are not known.

    Args:
        node: its number.
        nodes: the kernel's folder of NUMA nodes.
    """
    try:
        text = (nodes / f"node{node}" / "cpulist").read_text("ascii")
    except OSError:
        return ()
    spans = _SPAN.findall(text)
    return tuple(
        core
        for first, last in spans
        for core in range(int(first), int(last or first) + 1)
    )


def _node_of(device: Path) -> int | None:
    """Return the NUMA node of a PCI device; the kernel says -1 where it knows none."""
    try:
        node = int((device / "numa_node").read_text("ascii"))
    except (OSError, ValueError):
        return None
    return node if node >= 0 else None
