"""Axes of a tuning that change what is asked, and not the model that answers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pytest_llmlat.tasks.prompt_variants import OWN, prompt_variants
from pytest_llmlat.tasks.shots import with_shots
from pytest_llmlat.values.entry_option import MOST_WHOLE
from pytest_llmlat.values.errors import UsageError
from pytest_llmlat.values.toml_text import toml_value

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_llmlat.values.entities import Scalar, Task

_ESCAPED = {"\\n": "\n", "\\t": "\t", "\\r": "\r"}
"""Characters of a stop string that cannot be typed on a line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskAxis:
    """An axis: a key of a space that stands for something of the tasks."""

    name: str
    applied: Callable[[Task, Scalar, str], Task]
    """Returns a task with a value; raises ``UsageError`` with the place, the third
    argument, where it cannot have it."""
    says: Callable[[Task, Scalar], bool]
    """Whether a task has that value today."""
    line: Callable[[Task, Scalar], str]
    """Returns the lines of a task's entry that make it so; it gets the task with the
    value."""


def _with_tokens(task: Task, value: Scalar, where: str) -> Task:
    if type(value) is not int or not 0 < value <= MOST_WHOLE:
        raise UsageError(
            f"{where}: max_new_tokens must be a whole number above 0: {value!r}"
        )
    return replace(task, max_new_tokens=value)


def _with_shots(task: Task, value: Scalar, where: str) -> Task:
    return with_shots(task, value, where=where)  # type: ignore[arg-type] # checked there


def _shown(task: Task) -> int | None:
    return None if task.shots is None else task.shots.count


def _with_prompt(task: Task, value: Scalar, where: str) -> Task:
    (found,) = prompt_variants(task, [str(value)], where=where)
    return found.task


def stop_string(value: Scalar) -> str:
    r"""Return a stop string as it was meant: ``\n`` typed on a line ends one."""
    text = str(value)
    for typed, meant in _ESCAPED.items():
        text = text.replace(typed, meant)
    return text


def _with_stop(task: Task, value: Scalar, where: str) -> Task:
    if task.ranked is not None:
        raise UsageError(
            f"{where}: stop: task {task.name!r} ranks options and writes no answer that"
            " could be stopped"
        )
    if isinstance(value, bool):
        raise UsageError(f"{where}: stop must be a text, not {value!r}")
    stop = stop_string(value)
    return replace(
        task,
        chat_stop=_joined(task.chat_stop, stop),
        completion_stop=_joined(task.completion_stop, stop),
    )


def _joined(stops: tuple[str, ...], stop: str) -> tuple[str, ...]:
    return stops if stop in stops else (*stops, stop)


def _stops(task: Task, value: Scalar) -> bool:
    stop = stop_string(value)
    return stop in task.chat_stop and stop in task.completion_stop


AXES: Mapping[str, TaskAxis] = {
    axis.name: axis
    for axis in (
        TaskAxis(
            name="max_new_tokens",
            applied=_with_tokens,
            says=lambda task, value: task.max_new_tokens == value,
            line=lambda _, value: f"max_new_tokens = {toml_value(value)}",
        ),
        TaskAxis(
            name="shots",
            applied=_with_shots,
            says=lambda task, value: _shown(task) == value,
            line=lambda _, value: f"shots = {toml_value(value)}",
        ),
        TaskAxis(
            name="prompt",
            applied=_with_prompt,
            says=lambda _, value: value == OWN,
            line=lambda _, value: (
                f"# its prompt {toml_value(value)} in place of its own"
            ),
        ),
        TaskAxis(
            name="stop",
            applied=_with_stop,
            says=_stops,
            line=lambda task, _: (
                f"chat_stop = {toml_value(task.chat_stop)}\n"
                f"completion_stop = {toml_value(task.completion_stop)}"
            ),
        ),
    )
}
"""The axes by their keys."""
