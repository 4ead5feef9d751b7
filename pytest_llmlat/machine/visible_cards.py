"""Which GPUs a process that is started here may see."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pytest_llmlat.machine.device_table import find_device, general
from pytest_llmlat.machine.devices import look

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_llmlat.machine.devices import Inventory

VISIBLE = "CUDA_VISIBLE_DEVICES"


def visible_cards(
    device: str,
    count: int,
    *,
    inventory: Inventory | None = None,
    environ: Mapping[str, str] = os.environ,
) -> tuple[str, ...] | None:
    """Return what ``CUDA_VISIBLE_DEVICES`` is to hold for a model on a device.

    The first cards of the device's name are taken, as many as the model spreads over.

    Args:
        device: such as ``a6000``.
        count: how many cards.
        inventory: what the machine has; looked for where it is not given.
        environ: its ``CUDA_VISIBLE_DEVICES`` says which cards are ours to give.

    Returns:
        None of them for a processor; ``None`` where nothing is to be said, since the
        device is no NVIDIA card or there are fewer such cards.
    """
    if device == "cpu":
        return ()
    known = find_device(device)
    if known is None or general(device) != "cuda":
        return None
    names = (inventory or look(environ)).gpus
    ours = environ.get(VISIBLE)
    labels = [text.strip() for text in ours.split(",")] if ours else None
    fitting = [place for place, name in enumerate(names) if known.matches(name)]
    if len(fitting) < count or (labels is not None and len(labels) < len(names)):
        return None
    return tuple(
        str(place) if labels is None else labels[place] for place in fitting[:count]
    )
