"""Rows of a task's set beside its own: those of examples, and those to train on."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_llmlat.tasks.sources import data_file

if TYPE_CHECKING:
    from pytest_llmlat.values.entities import Task
    from pytest_llmlat.values.toml_tables import TomlTable

_LOCAL_ONLY = "these rows are in no split of the set (its entry names a file alone)"


def rows_file(table: TomlTable, key: str) -> str | None:
    """Return the file of other rows that an entry names; ``None`` without one.

    Of a public set it is the name of a local copy below the folder of data.

    Raises:
        BadCatalogue: it can be no such file.
    """
    file = table.text(key)
    if file is None:
        return None
    if "hub" in table.values:
        return data_file(table, key)
    return str(table.named_file(key, file))


def with_rows_of(
    task: Task, *, split: str | None, file: str | None, where: str | None
) -> Task:
    """Return a task as if other rows were its own.

    Args:
        task: says how rows are read.
        split: of its public set; ``None`` for its own.
        file: with these rows; ``None`` for the same file.
        where: an expression that is true for the rows that count; ``None`` for the
            task's own.
    """
    where = where if where is not None else task.where
    if task.public is None:
        return replace(task, source=file or task.source, where=where)
    public = replace(
        task.public,
        split=split or task.public.split,
        file=file or task.public.file,
        # Rows that are no split of the set are on no hub.
        local_only=None if split or not file else _LOCAL_ONLY,
    )
    return replace(task, public=public, where=where)
