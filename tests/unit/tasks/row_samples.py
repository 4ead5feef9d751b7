"""The one sample of a row that is no conversation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmlat.tasks.data.conversations import samples_of

if TYPE_CHECKING:
    from pytest_llmlat.tasks.data.table_row import TableRow
    from pytest_llmlat.values.entities import Sample, Task


def sample_of(task: Task, row: TableRow) -> Sample | None:
    """Return the sample that a row is, ``None`` if ``task.where`` leaves it out."""
    found = samples_of(task, row)
    assert len(found) < 2
    return found[0] if found else None
