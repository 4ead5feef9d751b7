"""Entries and tasks in one setting of a tuning, and the check of a whole space."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_llmlat.backends.backend_kind import options_of_entry
from pytest_llmlat.session.entry_check import check_entry
from pytest_llmlat.session.vary import (
    Variant,
    check_typed,
    entry_text,
    says,
    variant_in,
)
from pytest_llmlat.tasks.prompt_variants import prompt_variants
from pytest_llmlat.tasks.shots import with_shots
from pytest_llmlat.values.entry_option import MOST_WHOLE
from pytest_llmlat.values.errors import UnknownName, UsageError
from pytest_llmlat.values.search_space import Setting
from pytest_llmlat.values.toml_text import toml_key, toml_value

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_llmlat.values.entities import ModelSpec, Scalar, Task
    from pytest_llmlat.values.search_space import SearchSpace, SpaceKey

WEIGHTS = "weights"
OF_TASK = ("max_new_tokens", "shots", "prompt")
"""Keys of a setting that change what is asked, not the model."""


def tuned_model(model: ModelSpec, setting: Setting) -> ModelSpec:
    """Return an entry in a setting, under a name of its own."""
    own = tuple((k, v) for k, v in setting.values if k not in (*OF_TASK, WEIGHTS))
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
    values = dict(setting.values)
    shots, tokens = values.get("shots"), values.get("max_new_tokens")
    if shots is not None:
        task = with_shots(task, shots, where=where)  # type: ignore[arg-type] # checked there
    if tokens is not None:
        if type(tokens) is not int or not 0 < tokens <= MOST_WHOLE:
            raise UsageError(
                f"{where}: max_new_tokens must be a whole number above 0: {tokens!r}"
            )
        task = replace(task, max_new_tokens=tokens)
    if "prompt" in values:
        (found,) = prompt_variants(task, [str(values["prompt"])], where=where)
        task = found.task
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
    if key == "max_new_tokens":
        return {task.max_new_tokens for task in tasks} == {value}
    if key == "shots":
        return {task.shots.count if task.shots else None for task in tasks} == {value}
    if key == "prompt":
        return value == "own"
    if key == WEIGHTS:
        return model.weights == value
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
    known = {*options, *OF_TASK, WEIGHTS, "dtype"}
    for key in space.keys:
        if key.name not in known:
            raise UnknownName(
                "key",
                key.name,
                known,
                where=where,
                remedy=f"It is an option of backend {model.backend!r} (llmlat models"
                f" {model.name}), dtype, weights, or of the task:"
                f" {', '.join(OF_TASK)}.",
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
    values = [(k, v) for k, v in setting.values if k in OF_TASK]
    for task in tasks if values else ():
        lines += f"\n\n[tasks.{toml_key(task.name)}]\nextends = {toml_value(task.name)}"
        for key, value in values:
            if key == "prompt":
                lines += f"\n# its prompt {toml_value(value)} in place of its own"
            else:
                lines += f"\n{key} = {toml_value(value)}"
    return lines + "\n"
