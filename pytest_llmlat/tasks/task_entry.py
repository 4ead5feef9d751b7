"""From an entry of a catalogue to a task, each key read and checked.

A further key is a field of :class:`~pytest_llmlat.values.entities.Task` and one line of
``task_of``; what cannot be seen from the key alone is checked below.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import fields
from typing import TYPE_CHECKING

from pytest_llmlat.grading.extractors import EXTRACTORS
from pytest_llmlat.grading.metrics import METRICS
from pytest_llmlat.tasks.answer_options import (
    AS_IT_IS,
    WRITTEN,
    continuation_of,
    ranked_of,
)
from pytest_llmlat.tasks.constraint_entry import grammar_of, schema_of
from pytest_llmlat.tasks.conversation_entry import messages_of
from pytest_llmlat.tasks.expressions import check_expression
from pytest_llmlat.tasks.prompts import check_template
from pytest_llmlat.tasks.shots import SHOT_KEYS, shots_of
from pytest_llmlat.tasks.sources import PUBLIC_KEYS, public_set, source
from pytest_llmlat.tasks.task_options import check_options
from pytest_llmlat.tasks.train_rows import TRAIN_KEYS, train_of
from pytest_llmlat.values.cost_budget import parse_cost_budget
from pytest_llmlat.values.derived_entries import EntryKind
from pytest_llmlat.values.entities import Task
from pytest_llmlat.values.errors import BadExtension, UsageError
from pytest_llmlat.values.sampling import is_temperature, is_top_p

if TYPE_CHECKING:
    from pytest_llmlat.values.cost_budget import CostBudget
    from pytest_llmlat.values.toml_tables import TomlTable

_NOT_WRITTEN = {"name", "family", "public", "train"}
"""Fields of a task that are no keys of its entry: they follow from others."""
KEYS = (
    *(f.name for f in fields(Task) if f.name not in _NOT_WRITTEN),
    *SHOT_KEYS,
    *TRAIN_KEYS,
    *PUBLIC_KEYS,
)
"""Keys of an entry."""
_ORIGIN = (
    *("source", *PUBLIC_KEYS),
    *("shots_split", "shots_file", "shots_where"),
    *("train_split", "train_file", "train_where"),
    "chance",
)
ENTRIES = EntryKind(
    kind="tasks",
    noun="task",
    instead={
        "source": _ORIGIN,
        "hub": _ORIGIN,
        "labels": ("chance",),
        "metric": ("chance",),
        "messages": ("chat_prompt", "completion_prompt"),
        "chat_prompt": ("messages",),
        # A schema is taken whole, or not at all.
        "schema": ("schema",),
        "grammar": ("grammar",),
        "ranked": (*WRITTEN, "extractor", "chat"),
    },
    # Nobody has to say extends to pin a set that is known by its name.
    implied=lambda entry, before: (
        set(entry.values) == {"revision"} and "hub" in before.values
    ),
)
"""Rules for entries that extend others. Rows of another set are not pinned by the
base's revision, other labels are guessed with another chance, and where options are
ranked nothing is written."""


def task_of(table: TomlTable) -> Task:
    """Return the task that an entry describes.

    Args:
        table: the entry, with what it takes from those that it extends.

    Raises:
        BadCatalogue: names the file and the key.
        UnknownName: of an extractor, a metric or a generator.
    """
    table.only(KEYS)
    family, _, short = table.name.partition("/")
    ranked, reference = ranked_of(table), table.text("reference") or "reference"
    task = Task(
        name=table.name,
        family=family,
        title=table.text("title") or short,
        metric=METRICS.known(table.required("metric"), where=table.where),
        source=source(table),
        chat_prompt=_prompt(table, "chat_prompt", other="completion_prompt"),
        completion_prompt=_prompt(table, "completion_prompt", other="chat_prompt"),
        extractor=AS_IT_IS if ranked else _extractor(table),
        max_new_tokens=0 if ranked else table.whole("max_new_tokens", None),
        budget_s=table.number("budget_s", None, above=0),
        cost_budget=_cost_budget(table),
        chance=table.number("chance", None) if "chance" in table.values else None,
        chat_stop=_stops(table, "chat_stop"),
        completion_stop=_stops(table, "completion_stop"),
        thinking_tokens=_thinking_tokens(table),
        labels=table.texts("labels"),
        reference=reference,
        references=table.text("references"),
        mapping=table.pairs("mapping"),
        where=table.text("where"),
        public=public_set(table),
        options=table.scalars("options"),
        temperature=table.number("temperature", 0.0),
        top_p=table.number("top_p", 1.0),
        repeats=table.whole("repeats", 1),
        # Likelihoods are of a text that goes on, with no turn of a chat between.
        chat=False if ranked else _chat(table),
        preface=table.text("preface") or "",
        system=table.text("system"),
        chat_template_kwargs=table.scalars("chat_template_kwargs"),
        shots=shots_of(table, reference=reference),
        train=train_of(table, reference=reference),
        prompts=table.pairs("prompts"),
        messages=messages_of(table),
        breakdown=table.texts("breakdown"),
        only_by_name=bool(table.flag("only_by_name")),
        cluster=table.text("cluster"),
        schema=schema_of(table),
        grammar=grammar_of(table),
        ranked=ranked,
        continuation=continuation_of(table) if ranked else None,
    )
    _check_numbers(table, task)
    _check_grading(table, task)
    _check_texts(table, task)
    return task


def _check_numbers(table: TomlTable, task: Task) -> None:
    """Complain of a share or a temperature that cannot be one."""
    if not is_temperature(task.temperature):
        raise table.complain("temperature", f"must be 0 or more: {task.temperature:g}")
    if not is_top_p(task.top_p):
        raise table.complain("top_p", f"must be above 0, at most 1: {task.top_p:g}")
    if task.chance is not None and not 0 <= task.chance < 1:
        raise table.complain("chance", f"must be from 0 to below 1: {task.chance:g}")


def _check_texts(table: TomlTable, task: Task) -> None:
    """Complain of a template or an expression that is none."""
    for key, template in (
        ("chat_prompt", task.chat_prompt),
        ("completion_prompt", task.completion_prompt),
    ):
        if template is not None:
            check_template(template, where=f"{table.where}.{key}")
        elif task.chat is (key == "chat_prompt") and (
            task.messages is None or task.chat is False
        ):
            told = str(task.chat).lower()
            raise table.complain(key, f"is needed and missing, since chat = {told}")
    for name, text in task.prompts:
        check_template(text, where=f"{table.where}.prompts.{name}")
    for ours, text in task.mapping:
        check_expression(text, where=f"{table.where}.mapping.{ours}")
    if task.where is not None:
        check_expression(task.where, where=f"{table.where}.where")


def _check_grading(table: TomlTable, task: Task) -> None:
    """Complain of what the extractor or the metric needs and does not have.

    A broken one is reported when the task is run, so that other tasks of the catalogue
    can be used.
    """
    with suppress(BadExtension):
        if EXTRACTORS[task.extractor].needs_labels and not task.labels:
            raise table.complain(
                "labels", f"the extractor {task.extractor!r} needs a list of labels"
            )
    language, where = task.option("language"), f"{table.where}.options"
    with suppress(BadExtension):
        homes = {name: table.home(f"options.{name}") for name, _ in task.options}
        taken = {n: home.where for n, home in homes.items() if home is not table}
        check_options(task, where=where, taken=taken)
        metric = METRICS[task.metric]
        if language is not None and not metric.reads(str(language), where=where):
            raise table.complain(
                "options.language",
                f"the metric {task.metric!r} cannot read {language!r}, only"
                f" {', '.join(metric.languages or ())}",
            )


def _extractor(table: TomlTable) -> str:
    return EXTRACTORS.known(table.required("extractor"), where=table.where)


def _thinking_tokens(table: TomlTable) -> int | None:
    if "thinking_tokens" not in table.values:
        return None
    return table.whole("thinking_tokens", None, least=0)


def _cost_budget(table: TomlTable) -> CostBudget | None:
    text = table.text("cost_budget")
    if text is None:
        return None
    try:
        return parse_cost_budget(text, where="")
    except UsageError as error:
        told = str(error).removeprefix(": ")
        raise table.complain("cost_budget", told) from error


def _prompt(table: TomlTable, key: str, *, other: str) -> str | None:
    """Return a template; it may be missing where no model is asked in its form."""
    if key not in table.values and {other, "messages"} & set(table.values):
        return None
    return table.required(key)


def _chat(table: TomlTable) -> bool | None:
    """Return whether a task is asked as a chat.

    Messages are, unless the entry says how they read as one text.
    """
    told = table.flag("chat")
    only = "messages" in table.values and "completion_prompt" not in table.values
    return True if only and told is None else told


def _stops(table: TomlTable, key: str) -> tuple[str, ...]:
    stops = table.texts(key)
    if not all(stops):
        raise table.complain(key, "an empty stop string would end every answer at once")
    return stops
