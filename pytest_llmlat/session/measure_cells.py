"""The cells of a run without pytest, measured one after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmlat.grading.grade import check_grading
from pytest_llmlat.machine.device_table import absence, is_present
from pytest_llmlat.session.arguments import unique_ids
from pytest_llmlat.session.cell_spec import CellSpec
from pytest_llmlat.session.matrix import cell
from pytest_llmlat.session.output_places import check_runs
from pytest_llmlat.session.setting_trials import AskedTask
from pytest_llmlat.session.stop_signals import StopSignals
from pytest_llmlat.session.tuning_run import tune_model
from pytest_llmlat.values.errors import (
    BudgetSpent,
    DeviceAbsent,
    LLMLatError,
    UsageError,
)

if TYPE_CHECKING:
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
    signals = StopSignals()
    signals.listen()
    try:
        for deployment in chosen if settings.tune else ():
            tune_model(
                session,
                deployment,
                [AskedTask(task=task, wanted=CellSpec()) for task in tasks],
            )
        for deployment in () if settings.tune else chosen:
            model = session.load(deployment)
            try:
                for task in tasks:
                    for scenario in selection.scenarios:
                        wanted = CellSpec(scenario=scenario, samples=samples)
                        measured = session.run(model, task, wanted)
                        passed &= all(r.finish != "error" for r in measured.records)
            finally:
                session.unload(model)
    except BudgetSpent:
        # What was measured counts; the rest is told as not measured.
        signals.write_on()
        board = session.finish(asked=True, passed=False)
    except BaseException as error:
        signals.write_on()
        session.finish(asked=False, passed=False, cut_short=True)
        if settings.folder.is_dir():
            error.add_note(f"what was measured until then is in {settings.folder}")
        raise
    else:
        signals.write_on()
        board = session.finish(asked=True, passed=passed)
    finally:
        signals.restore()
    if board is None:
        raise LLMLatError("nothing was measured")
    return board


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
    for task in tasks:
        check_grading(task)
        for deployment in chosen:
            selection.check_prompts(deployment.model, task)
    unique_ids(samples or ())
    session.cells_planned = len(chosen) * len(tasks) * len(selection.scenarios)
    _ = session.slo
    if settings.tune and samples is not None:
        raise UsageError("samples: a tuning draws them itself; give a number")
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
    found = [
        deployment
        for deployment in selection.deployments()
        if not named or deployment.device in named
    ]
    for deployment in found:
        if not is_present(deployment.device, selection.inventory):
            raise DeviceAbsent(absence(deployment.device, selection.inventory))
    running = {deployment.model.name for deployment in found}
    for model in selection.chosen_models:
        if model.name in running:
            continue
        if named:
            raise UsageError(
                f"devices: {model.name!r} runs on {', '.join(model.devices)}, and"
                f" {', '.join(sorted(named))} was asked for"
            )
        why = "; ".join(absence(name, selection.inventory) for name in model.devices)
        raise DeviceAbsent(f"{model.name!r}: {why}")
    return tuple(found)
