"""Rows of a task that came with an order, for a worker that cannot read them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmlat.tasks.chance import chances
from pytest_llmlat.tasks.shots import load_shots

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmlat.values.entities import Sample, Task


class ShippedRows:
    """The rows of the one task that is measured now."""

    def __init__(self, rows: tuple[Sample, ...], shots: tuple[Sample, ...]) -> None:
        """Take the rows, and those that examples are drawn from."""
        self._rows, self._shots = rows, shots

    def samples(self, task: Task) -> tuple[Sample, ...]:  # noqa: ARG002 - as of files
        """Return the task's samples."""
        return self._rows

    def shots(self, task: Task, whole: Sequence[Sample]) -> tuple[Sample, ...]:
        """Return the rows that examples are drawn from; as of files."""
        if task.shots is None or task.shots.own_rows:
            return load_shots(task, whole, data=None)
        return self._shots

    def chances(self, task: Task, whole: Sequence[Sample]) -> tuple[float, ...]:
        """Return the quality of guessing each item; as of files."""
        return chances(task, whole)
