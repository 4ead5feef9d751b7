"""The task catalogue: a task is data, not code."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pytest_llmlat.grading.extractors import EXTRACTORS
from pytest_llmlat.grading.metrics import METRICS
from pytest_llmlat.tasks.expressions import check_expression
from pytest_llmlat.tasks.prompts import check_template
from pytest_llmlat.tasks.sources import PUBLIC_KEYS, public_set, revised, source
from pytest_llmlat.values.bundled import bundled
from pytest_llmlat.values.entities import Task
from pytest_llmlat.values.errors import BadExtension, UnknownName
from pytest_llmlat.values.families import FAMILIES
from pytest_llmlat.values.tables import entries

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from pathlib import Path

    from pytest_llmlat.values.tables import TomlTable

_KEYS = (
    "title",
    "source",
    "chat_prompt",
    "completion_prompt",
    "extractor",
    "metric",
    "max_new_tokens",
    "budget_s",
    "chance",
    "chat_stop",
    "completion_stop",
    "labels",
    "reference",
    "references",
    "mapping",
    "where",
    "options",
    *PUBLIC_KEYS,
)
_REMEDY = (
    "Tasks come from the built-in catalogue, from a file of yours (--llm-tasks FILE; in"
    " Python task_files=) or from [tool.pytest-llmlat.tasks] in pyproject.toml; a"
    " family names all of its tasks"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskCatalogue:
    """Every task that can be named."""

    entries: Mapping[str, Task]

    def find(
        self, name: str, *, where: str, asked: Collection[str] = ()
    ) -> tuple[Task, ...]:
        """Return the task called ``name``, or the tasks of the family ``name``.

        A family is its bundled tasks; of its public and generated sets, which are
        many and large, only those that are ``asked`` for by their own names.

        Raises:
            UnknownName: neither; the message names the nearest.
        """
        if name in self.entries:
            return (self.entries[name],)
        family = tuple(
            task
            for task in self.entries.values()
            if task.family == name and (task.name in asked or not task.by_name_only)
        )
        if not family:
            known = {*self.entries, *FAMILIES}
            raise UnknownName("task", name, known, where=where, remedy=_REMEDY)
        return family


def load_tasks(files: Iterable[Path] = ()) -> TaskCatalogue:
    """Read the built-in catalogue and the user's files; a later entry wins.

    An entry that has only a ``revision`` pins the public set that is known by its name.

    Raises:
        BadCatalogue: names the file and the key or line.
    """
    found: dict[str, Task] = {}
    for path in (bundled("tasks.toml"), *files):
        for table, folder in entries(path, "tasks"):
            known = found.get(table.name)
            if known is not None and known.public and set(table.values) == {"revision"}:
                pinned = revised(table, known.public)
                found[table.name] = replace(known, public=pinned)
            else:
                found[table.name] = _task(table, folder)
    return TaskCatalogue(entries=found)


def _task(table: TomlTable, folder: Path) -> Task:
    table.only(_KEYS)
    family, slash, short = table.name.partition("/")
    if not family or not slash or not short:
        raise table.complain(
            "", f"a task is named FAMILY/NAME with FAMILY of {', '.join(FAMILIES)}"
        )
    place = f"{table.file}: {table.place}"
    FAMILIES.known(family, where=place)
    metric = METRICS.known(table.required("metric"), where=place)
    labels = table.texts("labels")
    task = Task(
        name=table.name,
        family=family,
        title=table.text("title") or short,
        source=source(table, folder),
        chat_prompt=table.required("chat_prompt"),
        completion_prompt=table.required("completion_prompt"),
        extractor=EXTRACTORS.known(table.required("extractor"), where=place),
        metric=metric,
        max_new_tokens=table.whole("max_new_tokens", None),
        budget_s=table.number("budget_s", None, above=0),
        chance=table.number("chance", 0.0),
        chat_stop=_stops(table, "chat_stop"),
        completion_stop=_stops(table, "completion_stop"),
        labels=labels,
        reference=table.text("reference") or "reference",
        references=table.text("references"),
        mapping=table.pairs("mapping"),
        where=table.text("where"),
        public=public_set(table),
        options=table.scalars("options"),
    )
    if not 0 <= task.chance < 1:
        raise table.complain("chance", f"must be from 0 to below 1: {task.chance:g}")
    _needs(table, task)
    for key in ("chat_prompt", "completion_prompt"):
        check_template(table.required(key), where=f"{place}.{key}")
    for ours, text in task.mapping:
        check_expression(text, where=f"{place}.mapping.{ours}")
    if task.where is not None:
        check_expression(task.where, where=f"{place}.where")
    return task


def _needs(table: TomlTable, task: Task) -> None:
    """Complain of what the extractor or the metric cannot do without.

    One that is broken is told of when the task is run: other tasks of the catalogue
    are none the worse.
    """
    with suppress(BadExtension):
        if EXTRACTORS[task.extractor].needs_labels and not task.labels:
            raise table.complain(
                "labels", f"the extractor {task.extractor!r} needs a list of labels"
            )
    language = task.option("language")
    with suppress(BadExtension):
        if language is not None and not METRICS[task.metric].reads(str(language)):
            raise table.complain(
                "options.language",
                f"the metric {task.metric!r} cannot read {language!r}, only"
                f" {', '.join(METRICS[task.metric].languages or ())}",
            )


def _stops(table: TomlTable, key: str) -> tuple[str, ...]:
    stops = table.texts(key)
    if not all(stops):
        raise table.complain(key, "an empty stop string would end every answer at once")
    return stops
