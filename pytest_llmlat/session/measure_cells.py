"""The cells of a run without pytest, measured one after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmlat.session.arguments import unique_ids
from pytest_llmlat.session.beforehand import CellsBeforehand
from pytest_llmlat.session.cell_spec import CellSpec
from pytest_llmlat.session.cells import AskedCell
from pytest_llmlat.session.matrix import cell
from pytest_llmlat.session.open_cells import open_cells
from pytest_llmlat.session.output_places import check_runs
from pytest_llmlat.session.setting_trials import AskedTask
from pytest_llmlat.session.spread_choice import is_somewhere, sought_everywhere
from pytest_llmlat.session.stop_signals import StopSignals
from pytest_llmlat.session.tuning_run import tune_model
from pytest_llmlat.values.errors import (
    BudgetSpent,
    DeviceAbsent,
    LLMLatError,
    UsageError,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmlat.session.run import Session
    from pytest_llmlat.values.entities import Deployment, Sample, Task
    from pytest_llmlat.values.results import Scoreboard
    from pytest_llmlat.values.settings import Spelled


def measure_cells(
    session: Session, samples: tuple[Sample, ...] | None, spelled: Spelled
) -> Scoreboard:
    """Measure every cell and write the run's files, whatever cuts it short.

    Args:
        session: the run.
        samples: those of the one task; ``None`` for those of each task's source.
        spelled: how the user writes a setting, for complaints.

    Raises:
        UsageError: an argument cannot be what it is.
        DeviceAbsent: a device that was named is not here.
        LLMLatError: a model cannot be loaded or measured, or nothing was measured.
    """
    selection, settings = session.selection, session.settings
    chosen, tasks = _checked(session, samples, spelled)
    passed = True
    cells = open_cells(session)
    signals = StopSignals()
    signals.listen()
    try:
        cells.plan(_asked(session, chosen, tasks, samples))
        for deployment in chosen if settings.tune else ():
            tune_model(
                session,
                deployment,
                [AskedTask(task=task, wanted=CellSpec()) for task in tasks],
            )
        for deployment in () if settings.tune else chosen:
            model = cells.load(deployment)
            try:
                for task in tasks:
                    for scenario in selection.scenarios:
                        wanted = CellSpec(scenario=scenario, samples=samples)
                        measured = cells.run(model, task, wanted)
                        passed &= all(r.finish != "error" for r in measured.records)
            finally:
                cells.unload(model)
    except BudgetSpent:
        # What was measured counts; the rest is told as not measured.
        signals.write_on()
        cells.stop()
        board = session.finish(asked=True, passed=False)
    except BaseException as error:
        signals.write_on()
        cells.stop()
        session.finish(asked=False, passed=False, cut_short=True)
        if settings.folder.is_dir():
            error.add_note(f"what was measured until then is in {settings.folder}")
        raise
    else:
        signals.write_on()
        cells.stop()
        board = session.finish(asked=True, passed=passed)
    finally:
        signals.restore()
    if board is None:
        raise LLMLatError("nothing was measured")
    return board


def _asked(
    session: Session,
    chosen: Sequence[Deployment],
    tasks: Sequence[Task],
    samples: tuple[Sample, ...] | None,
) -> list[AskedCell]:
    """Return the cells that will be asked for, in that order."""
    if session.settings.tune:
        return []
    return [
        cell
        for deployment in chosen
        for cell in _cells_of(session, deployment, tasks, samples)
    ]


def _cells_of(
    session: Session,
    deployment: Deployment,
    tasks: Sequence[Task],
    samples: tuple[Sample, ...] | None,
) -> list[AskedCell]:
    """Return the cells of one model, each a task in a scenario."""
    return [
        AskedCell(
            deployment=deployment,
            task=task,
            wanted=CellSpec(scenario=scenario, samples=samples),
        )
        for task in tasks
        for scenario in session.selection.scenarios
    ]


def _checked(
    session: Session, samples: tuple[Sample, ...] | None, spelled: Spelled
) -> tuple[tuple[Deployment, ...], tuple[Task, ...]]:
    """Return what is to be measured, once all is checked that can be beforehand.

    Raises:
        UsageError: an argument cannot be what it is.
        DeviceAbsent: a device that was named is not here.
    """
    selection, settings = session.selection, session.settings
    selection.check()
    session.gate.check()
    check_runs(settings, spelled)
    session.place.take_over()
    chosen = _deployments(session)
    tasks = selection.named_tasks
    if samples is not None and len(tasks) > 1:
        raise UsageError(
            f"samples: are those of one task, and tasks names {len(tasks)};"
            " give a number"
        )
    unique_ids(samples or ())
    session.cells_planned = len(chosen) * len(tasks) * len(selection.scenarios)
    _ = session.slo
    if settings.tune and samples is not None:
        raise UsageError("samples: a tuning draws them itself; give a number")
    beforehand = CellsBeforehand(session)
    for deployment in chosen:
        beforehand.check(_cells_of(session, deployment, tasks, samples))
    session.begin(
        ()
        if settings.tune
        else [
            (cell(deployment, task, scenario.name), task)
            for deployment in chosen
            for task in tasks
            for scenario in selection.scenarios
            # Which loads a search will try, nobody knows before.
            if not scenario.searched
        ]
    )
    return chosen, tasks


def _deployments(session: Session) -> tuple[Deployment, ...]:
    """Return each model on each of its devices.

    Raises:
        DeviceAbsent: a device that was named, or every one of a model, is not here.
        UsageError: a model runs on none of the devices that were named.
    """
    selection, named = session.selection, session.settings.devices
    pool, here = selection.pool, selection.inventory
    found = [
        deployment
        for deployment in selection.deployments()
        if not named or deployment.device in named
    ]
    for deployment in found:
        if not is_somewhere(deployment.device, pool, here):
            raise DeviceAbsent(sought_everywhere(deployment.device, pool, here))
    running = {deployment.model.name for deployment in found}
    for model in selection.chosen_models:
        if model.name in running:
            continue
        if named:
            raise UsageError(
                f"devices: {model.name!r} runs on {', '.join(model.devices)}, and"
                f" {', '.join(sorted(named))} was asked for"
            )
        why = "; ".join(sought_everywhere(each, pool, here) for each in model.devices)
        raise DeviceAbsent(f"{model.name!r}: {why}")
    return tuple(found)
