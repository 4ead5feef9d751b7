"""The options of a question whose answer is the one that a model finds likeliest.

They are the labels of the task, or the texts in the column ``options`` of a row. What
stands behind the prompt for an option is written by the template ``continuation``.
"""

from __future__ import annotations

from dataclasses import replace
from string import ascii_uppercase
from typing import TYPE_CHECKING, cast, get_args

from pytest_llmlat.grading.extractors import normalized
from pytest_llmlat.tasks.prompts import check_template, render
from pytest_llmlat.values.errors import BadCatalogue
from pytest_llmlat.values.ranking import AnswerOption, RankBy

if TYPE_CHECKING:
    from pytest_llmlat.values.entities import Sample, Task
    from pytest_llmlat.values.toml_tables import TomlTable

COLUMN = "options"
"""Column of a row with its options, where they are not the task's labels."""
AS_IT_IS = "verbatim"
"""Extractor of a ranked task: the option's answer is the answer."""
_BEHIND = " {{ option }}"
_WAYS = get_args(RankBy)
WRITTEN = (
    *("max_new_tokens", "thinking_tokens", "completion_stop", "chat_stop"),
    *("chat_prompt", "temperature", "top_p", "repeats", "system"),
    *("chat_template_kwargs", "messages", "schema", "grammar"),
)
"""Keys of tasks whose answers are written; they mean nothing where options are
ranked."""


def ranked_of(table: TomlTable) -> RankBy | None:
    """Read the figure by which an entry ranks options; ``None`` if it ranks none.

    Raises:
        BadCatalogue: names the key.
    """
    value = table.values.get("ranked", False)
    if value is False:
        if "continuation" in table.values:
            raise table.complain(
                "continuation",
                "belongs to ranked options: write ranked = true",
            )
        return None
    if value is not True and value not in _WAYS:
        known = ", ".join(_WAYS)
        raise table.complain(
            "ranked", f"must be true, or one of {known}: {value!r:.80}"
        )
    for key in WRITTEN:
        if key in table.values:
            raise table.complain(
                key, "belongs to an answer that is written, and ranked = true ranks"
            )
    if table.flag("chat"):
        raise table.complain(
            "chat", "options are ranked behind a text to continue: leave it out"
        )
    if table.values.get("extractor", AS_IT_IS) != AS_IT_IS:
        raise table.complain(
            "extractor", "the likeliest option needs no reading: leave it out"
        )
    return "total" if value is True else cast("RankBy", value)


def continuation_of(table: TomlTable) -> str:
    """Read the template of the text behind the prompt for an option.

    Raises:
        BadCatalogue: it is none.
    """
    text = table.text("continuation")
    if text is None:
        return _BEHIND
    check_template(text, where=f"{table.where}.continuation")
    return text


def answer_options(task: Task, sample: Sample) -> tuple[AnswerOption, ...]:
    """Return the options of a row, in their order; none where an answer is written.

    Raises:
        BadCatalogue: there are fewer than two, two that read alike, an empty one, or
            none that is right.
    """
    if task.ranked is None or task.continuation is None:
        return ()
    where = f"{sample.where or task.name}: sample {sample.id!r}"
    texts = task.labels or _column(sample, where)
    answers = _answers(texts, sample, where)
    options = []
    for answer, text in zip(answers, texts, strict=True):
        fields = (*sample.fields, ("option", text), ("answer_option", answer))
        behind = render(task.continuation, task, replace(sample, fields=fields))
        if not text.strip() or not behind.strip():
            raise BadCatalogue(f"{where}: an option is empty")
        options.append(AnswerOption(answer=answer, text=text, continuation=behind))
    if len({option.continuation for option in options}) < max(2, len(options)):
        raise BadCatalogue(
            f"{where}: needs two options or more that differ, to rank them:"
            f" {', '.join(texts):.120}"
        )
    return tuple(options)


def _column(sample: Sample, where: str) -> tuple[str, ...]:
    found = dict(sample.fields).get(COLUMN)
    if not isinstance(found, list | tuple) or not found:
        raise BadCatalogue(
            f"{where}: options are ranked, and it has no list of them in the column"
            f" {COLUMN!r}: write mapping.{COLUMN} = an expression that gives one, or"
            " labels into the entry of the task"
        )
    return tuple(map(str, found))


def _answers(texts: tuple[str, ...], sample: Sample, where: str) -> tuple[str, ...]:
    """Return each option as the metric knows it: its text, or its letter.

    Right answers are texts of options, or letters by their place.
    """
    right = {normalized(answer) for answer in sample.references}
    if right & {normalized(text) for text in texts}:
        return texts
    letters = tuple(ascii_uppercase[: len(texts)])
    if len(letters) == len(texts) and right <= {letter.lower() for letter in letters}:
        return letters
    raise BadCatalogue(
        f"{where}: no option is right: {', '.join(sample.references):.80} is neither"
        f" the text of one nor its letter ({', '.join(texts):.120})"
    )
