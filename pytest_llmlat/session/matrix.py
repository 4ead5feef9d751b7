"""From names to cells: which models run on which devices, and which samples."""

from __future__ import annotations

import math
import random
from collections import defaultdict
from typing import TYPE_CHECKING

from pytest_llmlat.records import Cell
from pytest_llmlat.settings import REMOTE_DEVICES
from pytest_llmlat.specs import Deployment

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from pytest_llmlat.specs import ModelSpec, Sample, Task


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


def draw(
    samples: Sequence[Sample], count: int | None, *, seed: int, salt: str
) -> tuple[Sample, ...]:
    """Draw ``count`` samples, in proportion to their strata, in their own order.

    The draw depends on the seed and on ``salt`` (the task's name) alone, so that
    every model and every run answers the same items.

    Args:
        samples: the whole task.
        count: how many; all if ``None`` or more than there are.
        seed: of the session.
        salt: keeps draws of different tasks apart.
    """
    if count is None or count >= len(samples):
        return tuple(samples)
    strata: dict[str, list[int]] = defaultdict(list)
    for index, sample in enumerate(samples):
        strata[sample.stratum].append(index)
    # random() is the one method whose sequence Python promises to keep.
    source = random.Random(f"{seed}|{salt}")  # noqa: S311 - a draw, not a secret
    shuffled = {
        name: sorted(indices, key=lambda _: source.random())
        for name, indices in sorted(strata.items())
    }
    sizes = _shares({k: len(v) for k, v in shuffled.items()}, count, source)
    chosen = {i for name, size in sizes.items() for i in shuffled[name][:size]}
    return tuple(sample for i, sample in enumerate(samples) if i in chosen)


def _shares(sizes: dict[str, int], count: int, source: random.Random) -> dict[str, int]:
    """Divide ``count`` in proportion to ``sizes``, by largest remainder."""
    total = sum(sizes.values())
    exact = {name: count * size / total for name, size in sizes.items()}
    shares = {name: math.floor(share) for name, share in exact.items()}
    # Ties between remainders are broken by the seed, not by the alphabet.
    order = sorted(
        exact, key=lambda name: (shares[name] - exact[name], source.random())
    )
    for name in order[: count - sum(shares.values())]:
        shares[name] += 1
    return shares
