"""Models and tasks with the settings that were asked for of all of them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_llmlat.grading.metrics import METRICS
from pytest_llmlat.machine.device_table import is_remote
from pytest_llmlat.session.cost_budgets import with_cost_budget
from pytest_llmlat.session.latency_budgets import with_budget
from pytest_llmlat.session.prices import priced
from pytest_llmlat.tasks.shots import with_shots

if TYPE_CHECKING:
    from pytest_llmlat.values.entities import ModelSpec, Task
    from pytest_llmlat.values.settings import Settings, Spelled


def model_as_asked(model: ModelSpec, settings: Settings) -> ModelSpec:
    """Return a model with the settings that were asked for of every model."""
    switches = dict(model.chat_template_kwargs) | dict(settings.chat_template_kwargs)
    return replace(
        priced(_with_time_limit(model, settings.timeout_s)),
        system=model.system if settings.system is None else settings.system,
        chat_template_kwargs=tuple(sorted(switches.items())),
    )


def _with_time_limit(model: ModelSpec, limit: float | None) -> ModelSpec:
    """Return a model with the time limit of requests, if it is behind a server."""
    if limit is None or not any(map(is_remote, model.devices)):
        return model
    return replace(
        model, options=tuple({**dict(model.options), "timeout_s": limit}.items())
    )


def task_as_asked(task: Task, settings: Settings, spelled: Spelled) -> Task:
    """Return a task with the settings that were asked for of every task.

    Raises:
        UsageError: it shows no examples, so that there is nothing to show more of; or
            cost is weighed, and it has no cost budget.
    """
    shown = with_shots_asked(task, settings, spelled)
    found = with_budget(shown, settings.latency_budget)
    found = with_cost_budget(found, settings, spelled)
    return found if METRICS[task.metric].run is None else _bounded(found, settings)


def with_shots_asked(task: Task, settings: Settings, spelled: Spelled) -> Task:
    """Return a task with the number of examples that was asked for.

    Raises:
        UsageError: it shows none, so that there is nothing to show more of.
    """
    if settings.shots is None:
        return task
    where = f"{spelled('shots')}={settings.shots}"
    return with_shots(task, settings.shots, where=where)


def _bounded(task: Task, settings: Settings) -> Task:
    """Return a task with the limits of programs that were asked for."""
    options = {**dict(task.options), **dict(settings.limits)}
    return replace(task, options=tuple(sorted(options.items())))
