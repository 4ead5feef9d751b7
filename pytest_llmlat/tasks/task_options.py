"""The options of a task: each known to its metric, its extractor or its source."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmlat.grading.extractors import EXTRACTORS
from pytest_llmlat.grading.languages import language_of
from pytest_llmlat.grading.metrics import METRICS
from pytest_llmlat.tasks.data.template_rows import options_of
from pytest_llmlat.values.entry_option import EntryOption
from pytest_llmlat.values.errors import BadCatalogue, UnknownName

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_llmlat.values.entities import Task

LANGUAGE = EntryOption(
    name="language",
    kind="string",
    meaning="the language of the right answers, by any usual name (de, zh_CN,"
    " zho_Hans, German); a metric that cannot read it is refused",
)
"""Option that every task may set."""


def known_options(task: Task) -> tuple[EntryOption, ...]:
    """Return the options that a task may set, of its metric, extractor and source.

    Raises:
        BadExtension: its metric or its extractor cannot be used.
    """
    parts = (
        (LANGUAGE,),
        METRICS[task.metric].options,
        EXTRACTORS[task.extractor].options,
        options_of(task),
    )
    found = {option.name: option for part in parts for option in part}
    return tuple(found.values())


def check_options(
    task: Task, *, where: str, taken: Mapping[str, str] | None = None
) -> None:
    """Refuse an option that no part of the task reads, or of another kind.

    Args:
        task: its metric and its extractor are known.
        where: the place of its options, for the complaint.
        taken: (option, the entry that it was taken from), where it is another.

    Raises:
        UnknownName: names the nearest option, or language, that is known.
        BadCatalogue: says what its value must be.
        BadExtension: its metric or its extractor cannot be used.
    """
    if not task.options:
        return
    known = {option.name: option for option in known_options(task)}
    for name, value in task.options:
        if name not in known:
            raise UnknownName(
                "option",
                name,
                known,
                where=where,
                remedy=f"Metric {task.metric!r}, extractor {task.extractor!r} and the"
                f" source say which options they know.{_way_out(name, taken or {})}",
                list_all=True,
            )
        if (problem := known[name].problem(value)) is not None:
            raise BadCatalogue(f"{where}: {problem}")
        if name == LANGUAGE.name:
            language_of(str(value), where=where)


def _way_out(name: str, taken: Mapping[str, str]) -> str:
    """Say how an entry gets rid of an option that it took from another."""
    if name not in taken:
        return ""
    return f' It is taken from {taken[name]}; options.{name} = "" takes it away.'
