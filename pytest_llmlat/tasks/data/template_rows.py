"""Rows that are drawn from seeded templates, so that nobody has read them before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmlat.tasks.data.table_row import TableRow
from pytest_llmlat.tasks.templates import GENERATORS
from pytest_llmlat.values.entities import GENERATED
from pytest_llmlat.values.errors import BadCatalogue
from pytest_llmlat.values.task_option import TaskOption

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_llmlat.values.entities import Task

COUNT = 30
"""How many items are drawn where the task does not say."""
GENERATOR_OPTIONS = (
    TaskOption(
        name="count",
        kind="integer",
        least=0,
        meaning=f"how many items are drawn; else {COUNT}",
    ),
    TaskOption(
        name="seed",
        kind="integer",
        least=0,
        meaning="which items are drawn; else --llm-seed",
    ),
)
"""What a task whose items are drawn may set."""


def generated_rows(task: Task, *, seed: int) -> Iterator[TableRow]:
    """Draw the task's rows; its options ``seed`` and ``count`` come first.

    Raises:
        BadCatalogue: a number that is none, or more items than there are.
    """
    kind = task.source.removeprefix(GENERATED)
    chosen, count = _whole(task, "seed", seed), _whole(task, "count", COUNT)
    try:
        items = GENERATORS[kind](chosen, count)
    except ValueError as error:
        raise BadCatalogue(
            f"task {task.name!r}: {task.source}, seed {chosen}, count {count}: {error}"
        ) from error
    for index, item in enumerate(items):
        # Another seed draws other items, which must not be paired with these by id.
        row = item.row()
        yield TableRow(
            source=f"{task.source}, seed {chosen}",
            place=f"item {index + 1}",
            index=index,
            columns={**row, "id": f"{item.id}-seed{chosen}"},
        )


def _whole(task: Task, key: str, default: int) -> int:
    value = task.option(key, default)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise BadCatalogue(
            f"task {task.name!r}: options.{key} must be a whole number of at least 0,"
            f" not {value!r}"
        )
    return value
