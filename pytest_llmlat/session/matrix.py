"""The matrix of a session: which models run on which devices."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_llmlat.machine.device_table import (
    find_device,
    is_remote,
    kinds_of,
    usual_devices,
)
from pytest_llmlat.values.entities import Deployment
from pytest_llmlat.values.records import Cell

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
        present: the devices of this machine, cards that an entry names among them.
        named: the devices that the marker expression names.
    """
    wanted = {*present, *named}
    unique = {model.name: model for model in models}
    return tuple(
        Deployment(model=placed, device=device)
        for model in unique.values()
        for device in dict.fromkeys((*model.devices, *sorted(named)))
        if (placed := on_device(model, device)) is not None
        and device in wanted
        and (device in named or not _gives_way(device, model, present))
    )


def on_device(model: ModelSpec, device: str) -> ModelSpec | None:
    """Return a model as it runs on a device, ``None`` if it is not to run there.

    It runs where its entry says, and on what is unusual only if that is asked for by
    name: on a special kind of what the entry says, an ``h100`` where there is
    ``cuda``, with the same dtype; and, where the entry leaves the devices as they
    usually are, on any of this machine.
    """
    if device in model.devices:
        return model
    known = find_device(device)
    if known is None or known.remote or known.usual:
        return None
    like = next((kind for kind in kinds_of(device) if kind in model.devices), None)
    if like is None and not set(usual_devices()) <= set(model.devices):
        return None
    dtype = model.dtype_on(like) if like else None
    return replace(
        model,
        devices=(*model.devices, device),
        dtype=model.dtype if dtype is None else (*model.dtype, (device, dtype)),
    )


def _gives_way(device: str, model: ModelSpec, present: Sequence[str]) -> bool:
    """Whether an unnamed device leaves the model to its other devices."""
    special = {
        kind
        for other in model.devices
        if other in present
        for kind in kinds_of(other)
        if kind != other
    }
    if device in special:
        return True
    return is_remote(device) and not all(map(is_remote, model.devices))


def cell(
    deployment: Deployment, task: Task, scenario: str, *, variant: str | None = None
) -> Cell:
    """Return the cell that one item measures.

    Args:
        deployment: the model on its device.
        task: what it is asked.
        scenario: how, by its name.
        variant: what tells it from another cell of the same task, behind ``#``.
    """
    return Cell(
        model=deployment.model.name,
        device=deployment.device,
        task=task.name if variant is None else f"{task.name}#{variant}",
        family=task.family,
        scenario=scenario,
    )
