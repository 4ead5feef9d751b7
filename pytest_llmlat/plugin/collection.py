"""From a test that asks for ``llm`` to its items, one for each cell."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.gate.tolerances import LIMITED, parse_limit
from pytest_llmlat.machine.device_table import find_device, present_devices
from pytest_llmlat.plugin.base_markers import limits_of_base
from pytest_llmlat.plugin.keys import settings_of
from pytest_llmlat.plugin.task_runner import Assignment, variant_of
from pytest_llmlat.plugin.tuning_items import TuningItem
from pytest_llmlat.session.beforehand import CellsBeforehand
from pytest_llmlat.session.cell_spec import checked_choice, checked_variant
from pytest_llmlat.session.cells import AskedCell
from pytest_llmlat.session.claims import clash
from pytest_llmlat.session.matrix import cell
from pytest_llmlat.tasks.shots import with_shots
from pytest_llmlat.values.errors import UsageError
from pytest_llmlat.values.sampling import SamplingChoice
from pytest_llmlat.values.scenario import SINGLE, parse

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pytest_llmlat.session.beforehand import Complaint
    from pytest_llmlat.session.run import Session
    from pytest_llmlat.session.selection import Selection
    from pytest_llmlat.values.entities import Task
    from pytest_llmlat.values.records import Cell

MARKER = "llm"
_ARGUMENTS = (
    *("samples", "scenario", "repeats", "temperature", "top_p"),
    *("shots", "variant"),
)
_SKIPS = ("skip", "skipif", "xfail")
_UNCHOSEN = "not chosen"


def parametrize(metafunc: pytest.Metafunc, selection: Selection) -> None:
    """Make an item for each model on each device, and for each task of the marker.

    The model is a session-scoped parameter of its own, so that pytest groups all
    items of a model together and loads it once.

    Raises:
        UsageError: the marker names an unknown task or argument, or no model that
            was chosen can run on any device that was.
    """
    deployments = selection.deployments()
    metafunc.parametrize(
        "llm",
        [
            pytest.param(deployment, marks=_mark(metafunc.config, deployment.device))
            for deployment in deployments
        ]
        or [pytest.param(None, marks=pytest.mark.skip(reason=_nowhere(selection)))],
        ids=[deployment.id for deployment in deployments] or ["no device"],
        indirect=True,
        scope="session",
    )
    marker = metafunc.definition.get_closest_marker(MARKER)
    if marker is None or "llmlat" not in metafunc.fixturenames:
        return
    judged = limits_of_base(metafunc.definition, settings_of(metafunc.config))
    assignments = [
        each if judged is None else each.held_to(judged)
        for each in _assignments(marker, selection, where=metafunc.definition.nodeid)
    ]
    metafunc.parametrize(
        "llmlat",
        assignments or [_UNCHOSEN],
        ids=[assignment.id for assignment in assignments] or [_UNCHOSEN],
        indirect=True,
    )


def unchosen(item: pytest.Item) -> bool:
    """Whether an item's tasks were all excluded by ``--llm-task``."""
    callspec = getattr(item, "callspec", None)
    return callspec is not None and callspec.params.get("llmlat") == _UNCHOSEN


def task_of(item: pytest.Item) -> Task | None:
    """Return the task that an item's marker gave it, if it is such an item."""
    callspec = getattr(item, "callspec", None)
    given = None if callspec is None else callspec.params.get("llmlat")
    return given.task if isinstance(given, Assignment) else None


def clashes(items: Iterable[pytest.Item]) -> dict[pytest.Item, str]:
    """Return the items that would measure a cell of an item before them, and why not.

    What a test measures that has no marker is not known before it runs.
    """
    found: dict[pytest.Item, str] = {}
    known: dict[str, tuple[pytest.Item, Assignment]] = {}
    for item, assignment, own in _assigned(items):
        first, before = known.setdefault(own.id, (item, assignment))
        if first is not item:
            alike = before.asked == assignment.asked
            found[item] = str(clash(own.id, first.nodeid, item.nodeid, alike))
    return found


def planned(items: Iterable[pytest.Item]) -> Iterator[tuple[Cell, Task]]:
    """Return the cells that items with a marker are to measure, and what each asks."""
    for _, assignment, own in _assigned(items):
        # Which loads a search will try, nobody knows before.
        if not assignment.scenario.searched:
            yield own, assignment.task


def complaints(
    items: Iterable[pytest.Item], session: Session
) -> dict[pytest.Item, Complaint]:
    """Return what is wrong with items, as far as it can be known beforehand."""
    beforehand = CellsBeforehand(session)
    told = (
        (item, beforehand.complaint(asked)) for item, asked in _certain_cells(items)
    )
    return {item: found for item, found in told if found is not None}


def asked_cells(items: Iterable[pytest.Item]) -> Iterator[AskedCell]:
    """Return the cells that items are certain to ask for, if nothing fails before."""
    for _, asked in _certain_cells(items):
        yield from asked


def _certain_cells(
    items: Iterable[pytest.Item],
) -> Iterator[tuple[pytest.Item, list[AskedCell]]]:
    """Return the cells of each item that is certain to ask for some.

    Whether an item is skipped by a condition, only its setup tells.
    """
    for item in items:
        if any(item.get_closest_marker(name) for name in _SKIPS):
            continue
        if isinstance(item, TuningItem):
            yield item, item.asked_cells
        for _, assignment, _ in _assigned([item]):
            deployment = item.callspec.params["llm"]  # type: ignore[attr-defined] # it is one
            wanted = assignment.cell_spec(item)
            asked = AskedCell(
                deployment=deployment, task=assignment.task, wanted=wanted
            )
            yield item, [asked]


def _assigned(
    items: Iterable[pytest.Item],
) -> Iterator[tuple[pytest.Item, Assignment, Cell]]:
    """Return the items of which it is known what they measure, and what it is."""
    for item in items:
        params = getattr(getattr(item, "callspec", None), "params", {})
        deployment, assignment = params.get("llm"), params.get("llmlat")
        if deployment is None or not isinstance(assignment, Assignment):
            continue
        own = cell(
            deployment,
            assignment.task,
            assignment.scenario.name,
            variant=variant_of(item),
        )
        yield item, assignment, own


def unasked(chosen: Iterable[str]) -> list[str]:
    """Say of each chosen task that no selected test asks for it, and which would."""
    return [
        f"llmlat: no selected test asks for {name!r}; one that does is marked"
        f" @pytest.mark.llm({name.partition('/')[0]!r}) and calls llmlat.run(llm)"
        for name in sorted(chosen)
    ]


def _assignments(
    marker: pytest.Mark, selection: Selection, *, where: str
) -> list[Assignment]:
    place = f"{where}: @pytest.mark.llm"
    unknown = sorted(set(marker.kwargs) - {*_ARGUMENTS, *LIMITED})
    if unknown:
        raise UsageError(
            f"{place}: unknown argument {unknown[0]!r}; it takes tasks or families,"
            f" {', '.join(_ARGUMENTS)}, and limits on {', '.join(LIMITED)}"
        )
    if not marker.args or not all(isinstance(name, str) for name in marker.args):
        raise UsageError(
            f"{place}: name a task or a family, such as @pytest.mark.llm('sentiment')"
        )
    count = marker.kwargs.get("samples")
    if count is not None and (type(count) is not int or count < 1):
        raise UsageError(
            f"{place}: samples must be a whole number above 0, not {count!r}"
        )
    named = marker.kwargs.get("scenario")
    if named is not None and not isinstance(named, str):
        raise UsageError(f"{place}: scenario must be a string, not {named!r}")
    sampling = checked_choice(
        SamplingChoice(
            **{
                name: marker.kwargs.get(name)
                for name in ("temperature", "top_p", "repeats")
            }
        ),
        where=place,
    )
    tasks = selection.marked_tasks(marker.args, where=place)
    shots = marker.kwargs.get("shots")
    if shots is not None:
        tasks = tuple(with_shots(task, shots, where=place) for task in tasks)
    variant = marker.kwargs.get("variant")
    if variant is not None:
        checked_variant(variant)
    wanted = (SINGLE,) if named is None else parse(named, where=place)
    limits = tuple(
        parse_limit(name, str(bound), where=place)
        for name, bound in marker.kwargs.items()
        if name in LIMITED
    )
    return [
        Assignment(
            task=task,
            scenario=scenario,
            samples=count,
            limits=limits,
            sampling=sampling,
            variant=variant,
        )
        for task in tasks
        for scenario in selection.scenarios or wanted
    ]


def _mark(config: pytest.Config, device: str) -> pytest.MarkDecorator:
    """Return the mark of a device's cells, registered if need be."""
    known = find_device(device)
    lines: list[str] = config.getini("markers")
    if known is not None and not any(line.startswith(f"{device}:") for line in lines):
        config.addinivalue_line("markers", f"{device}: {known.meaning}")
    decorator: pytest.MarkDecorator = getattr(pytest.mark, device)
    return decorator


def _nowhere(selection: Selection) -> str:
    models = ", ".join(
        f"{model.name} (for {', '.join(model.devices)})"
        for model in selection.chosen_models
    )
    if selection.pool is not None:
        nodes = [
            f"{node.name}: {', '.join(present_devices(node.inventory))}"
            for node in selection.pool.nodes
        ]
        told = "; ".join((*nodes, *selection.pool.left_out))
        return f"{models}: runs on none of the nodes' devices ({told})"
    here = ", ".join(present_devices(selection.inventory))
    return f"{models}: runs on none of this machine's devices ({here})"
