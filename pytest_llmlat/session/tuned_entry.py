"""Entries and tasks in one setting of a tuning, and the check of a whole space."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_llmlat.backends.backend_kind import options_of_entry
from pytest_llmlat.session.entry_check import check_entry
from pytest_llmlat.session.task_axes import AXES
from pytest_llmlat.session.vary import (
    ADAPTER,
    Variant,
    check_typed,
    entry_text,
    says,
    takes_adapters,
    variant_in,
)
from pytest_llmlat.values.errors import UnknownName, UsageError
from pytest_llmlat.values.search_space import Setting
from pytest_llmlat.values.toml_text import toml_key, toml_value

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_llmlat.values.entities import ModelSpec, Scalar, Task
    from pytest_llmlat.values.search_space import SearchSpace, SpaceKey

WEIGHTS = "weights"
_LEFT_TO_TASKS = ("temperature", "top_p", "thinking_tokens")
"""Options of an entry that a task says where the entry does not."""


def tuned_model(model: ModelSpec, setting: Setting) -> ModelSpec:
    """Return an entry in a setting, under a name of its own."""
    own = tuple((k, v) for k, v in setting.values if k not in (*AXES, WEIGHTS))
    found = variant_in(model, own).model
    weights = dict(setting.values).get(WEIGHTS)
    if weights is not None:
        found = replace(
            found,
            weights=str(weights),
            package=None,
            extra=None,
            revision=None,
            options=tuple((k, v) for k, v in found.options if k != "sha256"),
        )
    return replace(found, name=f"{model.name}[{setting.name}]")


def tuned_task(task: Task, setting: Setting, *, where: str) -> Task:
    """Return a task in a setting.

    Raises:
        UsageError: the task has no such prompt, no examples, or a number is none.
    """
    for key, value in setting.values:
        if key in AXES:
            task = AXES[key].applied(task, value, where)
    return task


def differing(
    model: ModelSpec, tasks: Sequence[Task], settings: Sequence[Setting]
) -> tuple[Setting, ...]:
    """Return the settings that differ from today's, each once, without what is so."""
    found: dict[Setting, None] = {}
    for setting in settings:
        own = tuple(
            (k, v) for k, v in setting.values if not _is_today(model, tasks, k, v)
        )
        if own:
            found[Setting(own)] = None
    return tuple(found)


def _is_today(model: ModelSpec, tasks: Sequence[Task], key: str, value: Scalar) -> bool:
    if key in AXES:
        return all(AXES[key].says(task, value) for task in tasks)
    if key == WEIGHTS:
        return model.weights == value
    if key in _LEFT_TO_TASKS and model.option(key) is None:
        # Where the entry says nothing, the task does.
        return bool(tasks) and all(getattr(task, key) == value for task in tasks)
    return says(model, key, value)


def check_space(
    model: ModelSpec, tasks: Sequence[Task], space: SearchSpace, *, where: str
) -> None:
    """Check each value of each key, before anything is loaded.

    What only several values together do not allow is told of that setting in the race.

    Raises:
        UsageError: an unknown key, or a value that such a model cannot have.
    """
    options = {option.name for option in options_of_entry(model)}
    known = {*options, *AXES, WEIGHTS, "dtype"}
    if takes_adapters(model):
        known.add(ADAPTER)
    for key in space.keys:
        if key.name not in known:
            raise UnknownName(
                "key",
                key.name,
                known,
                where=where,
                remedy=f"It is an option of backend {model.backend!r} (llmlat models"
                f" {model.name}), dtype, weights, adapter, or of the task:"
                f" {', '.join(AXES)}.",
            )
        if key.name == "dtype":
            check_typed(model, where=where)
        for setting in _each(space, key):
            _check(model, tasks, setting, where=where)


def _check(
    model: ModelSpec, tasks: Sequence[Task], setting: Setting, *, where: str
) -> None:
    try:
        check_entry(tuned_model(model, setting))
        for task in tasks:
            tuned_task(task, setting, where=f"{where}: [{setting.name}]")
    except UsageError as error:
        told = str(error)
        raise UsageError(
            told if told.startswith(where) else f"{where}: {told}"
        ) from error


def _each(space: SearchSpace, key: SpaceKey) -> Iterator[Setting]:
    """Yield a setting for each value of a key, with what its conditions need."""
    span = key.range
    values = key.listed or (() if span is None else (span.low, span.high))
    by_name = {each.name: each for each in space.keys}
    needed: dict[str, Scalar | None] = {}
    ahead = list(key.when)
    while ahead:
        name, few = ahead.pop()
        needed.setdefault(name, few[0])
        ahead += by_name[name].when
    for value in values:
        if value is not None:
            yield Setting.of({**needed, key.name: value})


def lines_to_paste(model: ModelSpec, tasks: Sequence[Task], setting: Setting) -> str:
    """Return the lines of a catalogue that make a model run in a setting.

    What changes the tasks stands below, as lines of theirs.
    """
    tuned = replace(tuned_model(model, setting))
    lines = entry_text(
        Variant(model=tuned, of=model.name, settings=setting.values)
    ).rstrip("\n")
    values = [(k, v) for k, v in setting.values if k in AXES]
    for task in tasks if values else ():
        lines += f"\n\n[tasks.{toml_key(task.name)}]\nextends = {toml_value(task.name)}"
        own = tuned_task(task, setting, where="")
        for key, value in values:
            lines += f"\n{AXES[key].line(own, value)}"
    return lines + "\n"
