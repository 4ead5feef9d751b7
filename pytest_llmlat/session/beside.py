"""Companions of a cell, measured in turn with it: the reference it is compared with."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pytest_llmlat.measure.managed_servers import make_room
from pytest_llmlat.session.matrix import on_device
from pytest_llmlat.session.spread_choice import is_somewhere, sought_everywhere
from pytest_llmlat.values.cell_facts import REFERENCE, YARDSTICK, YARDSTICK_NAME
from pytest_llmlat.values.entities import Deployment
from pytest_llmlat.values.errors import LLMLatError, UsageError
from pytest_llmlat.values.scenario import SINGLE

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmlat.measure.cell import LoadedModel
    from pytest_llmlat.measure.plan import Plan
    from pytest_llmlat.session.cell_spec import CellSpec
    from pytest_llmlat.session.selection import Selection
    from pytest_llmlat.values.cell_facts import CellRole
    from pytest_llmlat.values.entities import ModelSpec, Task
    from pytest_llmlat.values.records import Cell
    from pytest_llmlat.values.scenario import Scenario
    from pytest_llmlat.values.settings import Spelled

YARDSTICK_TOKENS = 16
"""Tokens at most of a yardstick's answers: enough to read a prompt and to write."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Companion:
    """A companion: another cell that is measured in turn with one."""

    role: CellRole
    model: LoadedModel
    task: Task
    """Task that is asked of it: the same samples, perhaps with another prompt."""
    variant: str | None
    """Variant of its cell, where it is of the same task."""

    def cell_spec(self, own: CellSpec) -> CellSpec:
        """Return the request for its cell, from that for the cell itself."""
        return replace(own, variant=self.variant, limits=(), proposed=None)

    def plan(self, found: Plan, own: Plan) -> Plan:
        """Return the plan of its cell, with its role."""
        return replace(found, role=self.role, beside=own.cell.id)


def in_turn(
    selection: Selection, model: LoadedModel, task: Task, wanted: CellSpec
) -> tuple[Task, CellSpec, Companion | None]:
    """Return the task of a cell and its companion.

    Raises:
        UsageError: two prompts are to be compared, and the task has no such ones.
    """
    pair = selection.in_prompts(task)
    if pair is not None:
        old, new = pair
        told = Companion(
            role=REFERENCE,
            model=model,
            task=old.task,
            variant=_joined(wanted.variant, old.label),
        )
        variant = _joined(wanted.variant, new.label)
        return new.task, replace(wanted, variant=variant), told
    if model.against is not None:
        found = Companion(
            role=REFERENCE,
            model=model.against,
            task=selection.as_base_asks(task),
            variant=wanted.variant,
        )
        return task, replace(wanted, apart=model.apart), found
    if model.yardstick is not None and wanted.scenario == SINGLE:
        tokens = min(task.max_new_tokens, YARDSTICK_TOKENS)
        found = Companion(
            role=YARDSTICK,
            model=model.yardstick,
            task=replace(task, max_new_tokens=tokens),
            variant=wanted.variant,
        )
        return task, wanted, found
    return task, wanted, None


def in_turn_asked(selection: Selection, task: Task, candidate: ModelSpec) -> bool:
    """Whether a model's cell of a task is to be compared with one measured in turn."""
    against = selection.against
    other = against is not None and against.name != candidate.name
    return other or selection.in_prompts(task) is not None


def check_companions(
    selection: Selection,
    candidate: Deployment,
    scenario: Scenario,
    spelled: Spelled,
) -> None:
    """See that what a cell is measured in turn with can be, before it is loaded.

    Args:
        selection: names it.
        candidate: the cell's model on its device.
        scenario: of the cell.
        spelled: how the user writes a setting.

    Raises:
        UsageError: a companion runs where the cell does not, or nowhere here.
    """
    if selection.yardstick is not None and scenario == SINGLE:
        _place_of_yardstick(selection.yardstick, candidate, spelled)
    spec, here, pool = selection.against, selection.inventory, selection.pool
    if spec is None or spec.name == candidate.model.name:
        return
    place = _place_of_reference(spec, candidate.device).device
    present = is_somewhere(candidate.device, pool, here)
    if present and not is_somewhere(place, pool, here):
        raise UsageError(
            f"{spelled('against')}={spec.name}: {sought_everywhere(place, pool, here)}"
        )


def to_come(selection: Selection, cell: Cell, task: Task) -> tuple[Cell, ...]:
    """Return the cells that one request makes: the cell, and its reference.

    Args:
        selection: what was chosen.
        cell: as a test asks for it.
        task: what it asks.
    """
    try:
        pair = selection.in_prompts(task)
    except UsageError:
        # Its test will say so; what it would have measured is the cell itself.
        pair = None
    if pair is not None:
        name, _, variant = cell.task.partition("#")
        labels = (_joined(variant, each.label) for each in reversed(pair))
        return tuple(replace(cell, task=f"{name}#{label}") for label in labels)
    spec = selection.against
    if spec is None or spec.name == cell.model:
        return (cell,)
    device = cell.device if on_device(spec, cell.device) else spec.devices[0]
    return cell, replace(cell, model=spec.name, device=device)


def with_companions(
    model: LoadedModel,
    selection: Selection,
    load: Callable[[Deployment], LoadedModel],
    *,
    spelled: Spelled,
) -> LoadedModel:
    """Return a model with those that it is measured in turn with, loaded.

    Args:
        model: is loaded; it is freed where the others cannot be.
        selection: names them.
        load: loads a model.
        spelled: how the user writes a setting.

    Raises:
        LLMLatError: not all are to be had at once; says what to do instead.
    """
    place, found = model.deployment, model
    try:
        found = _with_reference(selection.against, model, load, spelled=spelled)
        yardstick = _yardstick(selection.yardstick, place, load, spelled=spelled)
        return replace(found, yardstick=yardstick)
    except BaseException:
        free(found)
        raise


def free(model: LoadedModel) -> None:
    """Free a model, and those that it was measured beside."""
    loaded = (model, model.against, model.yardstick)
    with ExitStack() as all_of_them:
        # The last that was loaded first; one that fails to close keeps none open.
        for each in filter(None, loaded):
            all_of_them.callback(each.backend.close)


def _with_reference(
    spec: ModelSpec | None,
    loaded: LoadedModel,
    load: Callable[[Deployment], LoadedModel],
    *,
    spelled: Spelled,
) -> LoadedModel:
    """Return a candidate with the model that it is compared with, which is loaded.

    Of two engines for which there is not enough memory, the candidate's rests.

    Raises:
        LLMLatError: both are not to be had at once; says what to do instead.
    """
    candidate = loaded.deployment
    if spec is None or spec.name == candidate.model.name:
        return loaded
    place = _place_of_reference(spec, candidate.device)
    alike = spec.backend == candidate.model.backend
    try:
        apart = alike and make_room(
            loaded.backend, same_cards=spec.option("cards") is None
        )
        return replace(loaded, against=load(place), apart=apart)
    except (LLMLatError, MemoryError, RuntimeError) as error:
        raise LLMLatError(
            f"{spelled('against')}={spec.name}: cannot be loaded beside"
            f" {candidate.model.name!r} on {place.device}: {error}; if there is no"
            " memory"
            " for both, measure one after the other with"
            f" {spelled('save_baseline')} and {spelled('baseline')}"
        ) from error


def _yardstick(
    spec: ModelSpec | None,
    candidate: Deployment,
    load: Callable[[Deployment], LoadedModel],
    *,
    spelled: Spelled,
) -> LoadedModel | None:
    """Load the model that tells how fast the machine is, on the same device.

    Raises:
        UsageError: it cannot run there; another device tells nothing of this one.
    """
    if spec is None or candidate.model.name.endswith(YARDSTICK_NAME):
        return None
    return load(_place_of_yardstick(spec, candidate, spelled))


def _place_of_reference(spec: ModelSpec, device: str) -> Deployment:
    """Return where a reference runs: beside its candidate if it can."""
    placed = on_device(spec, device)
    if placed is None:
        return Deployment(model=spec, device=spec.devices[0])
    return Deployment(model=placed, device=device)


def _place_of_yardstick(
    spec: ModelSpec, candidate: Deployment, spelled: Spelled
) -> Deployment:
    """Return where a yardstick runs, which is where the candidate does.

    Raises:
        UsageError: it cannot run there; another device tells nothing of this one.
    """
    placed = on_device(spec, candidate.device)
    if placed is None:
        raise UsageError(
            f"{spelled('yardstick')}={spec.name.removesuffix(YARDSTICK_NAME)}: does not"
            f" run on {candidate.device}, where {candidate.model.name!r} does; name a"
            " model that does"
        )
    return Deployment(model=placed, device=candidate.device)


def _joined(*parts: str | None) -> str:
    return "-".join(filter(None, parts))
