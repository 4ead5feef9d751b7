"""The task catalogue: tasks are data, not code."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pytest_llmlat.tasks.family_names import FamilyNames
from pytest_llmlat.tasks.task_entry import ENTRIES, task_of
from pytest_llmlat.values.derived_entries import bundled_entries, whole_entries
from pytest_llmlat.values.errors import UnknownName
from pytest_llmlat.values.families import FAMILIES
from pytest_llmlat.values.toml_tables import entries

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from pathlib import Path

    from pytest_llmlat.values.entities import Task
    from pytest_llmlat.values.toml_tables import TomlTable

_REMEDY = (
    "Tasks come from the built-in catalogue, from a file of yours (--llm-tasks FILE; in"
    " Python task_files=) or from [tool.pytest-llmlat.tasks] in pyproject.toml; a"
    " family names all of its tasks"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskCatalogue:
    """The catalogue of all tasks that can be named."""

    entries: Mapping[str, Task]
    tables: Mapping[str, TomlTable] = field(default_factory=dict)
    """Entries of the tasks as they are written, each with what it takes from others."""

    def find(
        self, name: str, *, where: str, asked: Collection[str] | None = None
    ) -> tuple[Task, ...]:
        """Return the task called ``name``, or the tasks of the family ``name``.

        A family is its bundled tasks; of those that run by name only, such as public
        and generated sets, only those that are ``asked`` for by their own names. A
        family that has no others is those of them that need no download.

        Args:
            name: of a task or a family.
            where: it was typed, for the complaint.
            asked: what was asked for besides, where a marker names the family: then
                nothing may be left of it.

        Raises:
            UnknownName: neither; the message names the nearest.
        """
        if name in self.entries:
            return (self.entries[name],)
        members = [task for task in self.entries.values() if task.family == name]
        family = tuple(
            task
            for task in members
            if task.name in (asked or ()) or not task.by_name_only
        )
        local = tuple(task for task in members if task.public is None)
        if local and not family:
            return local if asked is None else ()
        if not family:
            families = {task.family for task in self.entries.values()}
            known = {*self.entries, *families, *FAMILIES}
            raise UnknownName("task", name, known, where=where, remedy=_REMEDY)
        return family


def load_tasks(files: Iterable[Path] = ()) -> TaskCatalogue:
    """Read the built-in catalogue and the user's files; a later entry wins.

    An entry that has only a ``revision`` pins the public set that is known by its name.

    Raises:
        BadCatalogue: names the file and the key or line.
    """
    own = tuple(files)
    tables = whole_entries(own, ENTRIES, bundled_entries("tasks.toml", "tasks"))
    families = FamilyNames(table for path in own for table in entries(path, "families"))
    for table in tables.values():
        families.check(table)
    return TaskCatalogue(
        entries={name: task_of(table) for name, table in tables.items()},
        tables=tables,
    )
