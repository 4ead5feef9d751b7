"""From names to cells: which models run on which devices, and which samples."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmlat.values.entities import Deployment
from pytest_llmlat.values.records import Cell
from pytest_llmlat.values.settings import REMOTE_DEVICES

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from pytest_llmlat.values.entities import ModelSpec, Task


def deployments(
    models: Iterable[ModelSpec],
    *,
    present: Sequence[str],
    named: Collection[str],
) -> tuple[Deployment, ...]:
    """Return each model on each device that it is to run on.

    A device runs if it is present or was named; a named one that is absent is
    skipped later, with a reason. A cloud costs money: a model that also runs here
    goes there only if it was named. An A6000 is a CUDA device too: the general name
    gives way to the special one unless it was named, so that nothing runs twice.

    Args:
        models: in the order asked for; a model that comes twice counts once.
        present: the devices of this machine.
        named: the devices that the marker expression names.
    """
    wanted = {*present, *named}
    unique = {model.name: model for model in models}
    return tuple(
        Deployment(model=model, device=device)
        for model in unique.values()
        for device in model.devices
        if device in wanted
        and (device in named or not _gives_way(device, model, present))
    )


def _gives_way(device: str, model: ModelSpec, present: Sequence[str]) -> bool:
    """Whether a device that nobody named leaves the model to its other devices."""
    if device == "cuda":
        return "a6000" in present and "a6000" in model.devices
    return device in REMOTE_DEVICES and not set(model.devices) <= set(REMOTE_DEVICES)


def cell(deployment: Deployment, task: Task, scenario: str) -> Cell:
    """Name what one item measures."""
    return Cell(
        model=deployment.model.name,
        device=deployment.device,
        task=task.name,
        family=task.family,
        scenario=scenario,
    )
