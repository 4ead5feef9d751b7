"""Rows that are drawn from seeded templates, so that nobody has read them before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmlat.tasks.data.table_row import TableRow
from pytest_llmlat.tasks.templates import GENERATORS
from pytest_llmlat.values.entities import GENERATED
from pytest_llmlat.values.entry_option import EntryOption
from pytest_llmlat.values.errors import BadCatalogue

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_llmlat.values.entities import Task

GENERATOR_OPTIONS = (
    EntryOption(
        name="count",
        kind="integer",
        least=0,
        most=1_000_000,
        meaning="how many items are drawn; else 30, or all of a grid of lengths",
    ),
    EntryOption(
        name="seed",
        kind="integer",
        least=0,
        most=2**53,
        meaning="which items are drawn; else --llm-seed",
    ),
)
"""Options of every task whose items are drawn."""


def options_of(task: Task) -> tuple[EntryOption, ...]:
    """Return the options of a task's drawn items; none where none are drawn."""
    if not task.source.startswith(GENERATED):
        return ()
    kind = GENERATORS.get(task.source.removeprefix(GENERATED))
    return (*GENERATOR_OPTIONS, *(() if kind is None else kind.options))


def generated_rows(task: Task, *, seed: int) -> Iterator[TableRow]:
    """Draw the task's rows; its options ``seed`` and ``count`` come first.

    Raises:
        BadCatalogue: a number that is none, or more items than there are.
        BadExtension: the generator is broken, or fails; says whose it is.
    """
    kind = task.source.removeprefix(GENERATED)
    generator = GENERATORS[kind]
    chosen = _whole(task, "seed", seed)
    count = _whole(task, "count", generator.count)
    with GENERATORS.blamed(kind):
        try:
            items = generator.draw(chosen, count, dict(task.options))
        except ValueError as error:
            raise BadCatalogue(
                f"task {task.name!r}: {task.source}, seed {chosen}, count {count}:"
                f" {error}"
            ) from error
        rows = [(str(item.id), {**item.row()}) for item in items]
    for index, (own, columns) in enumerate(rows):
        # Another seed draws other items, which must not be paired with these by id.
        yield TableRow(
            source=f"{task.source}, seed {chosen}",
            place=f"item {index + 1}",
            index=index,
            columns={**columns, "id": f"{own}-seed{chosen}"},
        )


def _whole(task: Task, key: str, default: int) -> int:
    value = task.option(key, default)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise BadCatalogue(
            f"task {task.name!r}: options.{key} must be a whole number of at least 0,"
            f" not {value!r}"
        )
    return value
