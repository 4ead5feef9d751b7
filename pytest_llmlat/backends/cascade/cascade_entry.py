"""The entry of a cascade, looked at before anything is loaded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmlat.backends.backend_kind import BACKENDS, check_options
from pytest_llmlat.backends.shared_options import SHARED, SLOWER
from pytest_llmlat.machine.device_table import find_device, is_remote
from pytest_llmlat.values.errors import BadCatalogue

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_llmlat.backends.backend_kind import BackendKind
    from pytest_llmlat.values.entities import ModelSpec

_MOST_STEPS = 4
_FEWEST_STEPS = 2


def check_steps(model: ModelSpec) -> None:
    """See that the steps of a cascade can be asked one after the other.

    Raises:
        BadCatalogue: they cannot; says which, and why.
        UsageError: the entry of a step is wrong itself.
    """
    where = f"{model.file}: " if model.file else ""
    for problem in _problems(model):
        raise BadCatalogue(f"{where}model {model.name!r}: {problem}")
    for step in model.steps:
        check_options(step)
        _kind(step).check_entry(step)


def is_placed_elsewhere(step: ModelSpec) -> bool:
    """Whether a step has a place of its own: behind a server of somebody's."""
    return all(map(is_remote, step.devices))


def device_of_step(step: ModelSpec, device: str) -> str:
    """Return the device of a step of a cascade that runs on a device."""
    return step.devices[0] if is_placed_elsewhere(step) else device


def _problems(model: ModelSpec) -> Iterator[str]:
    """Yield what is wrong with the steps, each a sentence."""
    names = [step.name for step in model.steps]
    if not _FEWEST_STEPS <= len(names) <= _MOST_STEPS:
        yield (
            f"steps: {len(names)} models; a cascade has {_FEWEST_STEPS} to"
            f" {_MOST_STEPS}"
        )
    if len(model.go_on) != len(names) - 1:
        yield (
            f"go_on: {len(model.go_on)} rules for {len(names)} steps; every step but"
            " the last has one"
        )
    if twice := {name for name in names if names.count(name) > 1}:
        yield f"steps: {min(twice)!r} is named twice; give each step once"
    for name in model.devices:
        device = find_device(name)
        if device is not None and device.backend is not None:
            yield (
                f"devices: {name} is a cloud, and a cascade runs on this machine: give"
                " it a device of this machine, or endpoint where all steps are servers"
            )
    if model.option(SLOWER.name) is not None and any(
        _kind(step).remote for step in model.steps
    ):
        yield (
            f"options.{SLOWER.name}: is for models of this process, and a step is"
            " behind a server, which is as slow as it is"
        )
    for step in model.steps:
        yield from _problems_of_step(model, step)
    forms = {step.name: step.chat for step in model.steps if step.chat is not None}
    if len(set(forms.values())) > 1:
        told = ", ".join(
            f"{name!r} {'chats' if chats else 'does not'}"
            for name, chats in forms.items()
        )
        yield f"steps: all must take one form of prompt, and {told}"


def _kind(step: ModelSpec) -> BackendKind:
    return BACKENDS.find(step.backend, where=f"model {step.name!r}")


def _problems_of_step(model: ModelSpec, step: ModelSpec) -> Iterator[str]:
    if step.steps:
        yield f"steps: {step.name!r} is a cascade itself; name its models instead"
    lacking = [name for name in model.devices if name not in step.devices]
    if lacking and not is_placed_elsewhere(step):
        yield (
            f"steps: {step.name!r} does not run on {lacking[0]}; all steps that run on"
            " this machine run on the device of the cascade (its devices:"
            f" {', '.join(step.devices)})"
        )
    own = {option.name for option in SHARED} & {name for name, _ in step.options}
    told = [
        *(["system"] if step.system is not None else []),
        *(["chat_template_kwargs"] if step.chat_template_kwargs else []),
        *sorted(f"options.{name}" for name in own),
    ]
    if told:
        yield (
            f"steps: {step.name!r} sets {told[0]}, which all steps share: set it in the"
            " entry of the cascade, and name a step without it"
        )
