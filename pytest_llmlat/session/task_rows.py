"""The rows of tasks: read once for all models of a session."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from pytest_llmlat.session.lenient_warnings import lenient
from pytest_llmlat.tasks.chance import chances
from pytest_llmlat.tasks.data import load_samples
from pytest_llmlat.tasks.shots import load_shots

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmlat.values.entities import Sample, Task
    from pytest_llmlat.values.settings import Settings


class RowSource(Protocol):
    """The rows of tasks, wherever they come from."""

    def samples(self, task: Task) -> tuple[Sample, ...]:
        """Return a task's samples."""
        ...

    def shots(self, task: Task, whole: Sequence[Sample]) -> tuple[Sample, ...]:
        """Return the rows that a task's examples are drawn from."""
        ...

    def chances(self, task: Task, whole: Sequence[Sample]) -> tuple[float, ...]:
        """Return the quality of guessing each of these items."""
        ...


class TaskRows:
    """The rows of tasks, and those that their examples are drawn from."""

    def __init__(self, settings: Settings) -> None:
        """Read nothing yet."""
        self._settings = settings
        self._public: dict[Task, tuple[Sample, ...]] = {}
        self._examples: dict[Task, tuple[Sample, ...]] = {}
        self._guessed: dict[Task, tuple[Sequence[Sample], tuple[float, ...]]] = {}
        """Of each task the items that were last asked for, and what guessing earns."""

    def shots(self, task: Task, whole: Sequence[Sample]) -> tuple[Sample, ...]:
        """Read the rows that a task's examples are drawn from, once for all models.

        Those that are drawn from the items themselves are not kept: a test may give
        other items than another.
        """
        data = self._settings.data
        if task.shots is None or task.shots.own_rows:
            return load_shots(task, whole, data=data)
        if task not in self._examples:
            self._examples[task] = load_shots(task, whole, data=data)
        return self._examples[task]

    def chances(self, task: Task, whole: Sequence[Sample]) -> tuple[float, ...]:
        """Find what guessing earns at each item, once for all models.

        A set of translations takes half a second, since many texts are tried on it.
        """
        items, found = self._guessed.get(task, ((), ()))
        if not found or items != whole:
            found = chances(task, whole)
            self._guessed[task] = whole, found
        return found

    def samples(self, task: Task) -> tuple[Sample, ...]:
        """Read a task's samples; a public set once and not for every model."""
        if task.public is not None and task in self._public:
            return self._public[task]
        with lenient():
            found = load_samples(
                task, data=self._settings.data, seed=self._settings.seed
            )
        if task.public is not None:
            self._public[task] = found
        return found
