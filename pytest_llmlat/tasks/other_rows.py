"""Rows of a task's set beside its own: those of examples, and those to train on."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_llmlat.tasks.expressions import check_expression
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


def rows_split(table: TomlTable, key: str, *, file_key: str) -> str | None:
    """Return the split of a public set that other rows are; ``None`` without one.

    Args:
        table: the entry.
        key: that names a split.
        file_key: that names a file instead.

    Raises:
        BadCatalogue: the entry is of no public set.
    """
    if key in table.values and "hub" not in table.values:
        raise table.complain(
            key, f"belongs to a public set; a file is named by {file_key!r}"
        )
    return table.text(key)


def rows_where(table: TomlTable, key: str) -> str | None:
    """Return the expression that is true for other rows that count, if there is one.

    Raises:
        BadCatalogue: it is no expression.
    """
    where = table.text(key)
    if where is not None:
        check_expression(where, where=f"{table.where}.{key}")
    return where


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
