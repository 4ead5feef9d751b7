"""Prompt variants of a task: those of its entry, by name, or from files."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_llmlat.tasks.prompts import check_template
from pytest_llmlat.values.errors import BadCatalogue, UnknownName, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmlat.values.entities import Task

OWN = "own"
"""Name of the prompt that a task has without a variant."""
_REMEDY = (
    "Write the name of a file, or of a prompt of the task's entry"
    " (prompts = { short = '…' }); 'own' is the task's own"
)
_NAMELESS = re.compile(r"[^A-Za-z0-9._=+-]+")
_PAIR = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptVariant:
    """A task with one of its prompts."""

    label: str
    """Part of its cells' ids that tells this prompt from others."""
    task: Task


def prompt_names(text: str, *, where: str) -> tuple[str, str]:
    """Return the two prompts that are to be compared, the reference first.

    Raises:
        UsageError: there are not one or two, or they are one and the same.
    """
    names = [part.strip() for part in text.split(",")]
    if len(names) == 1:
        names = [OWN, *names]
    if len(names) != _PAIR or not all(names) or names[0] == names[1]:
        raise UsageError(
            f"{where}: {text!r}: write two prompts, the one that the other is measured"
            " beside first: OLD,NEW; one alone is measured beside the task's own"
        )
    return names[0], names[1]


def is_prompt_file(path: Path) -> bool:
    """Whether there is a file of a prompt; there is none of a name that cannot be."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def prompt_variants(
    task: Task, names: Sequence[str], *, where: str
) -> tuple[PromptVariant, ...]:
    """Return a task with each of several prompts.

    Args:
        task: as its entry has it.
        names: of its prompts, or paths of files.
        where: they were typed, for the complaint.

    Raises:
        UsageError: the task asks no prompt of its own, or there is no such prompt.
        BadCatalogue: a template that is none.
    """
    if task.messages is not None:
        raise UsageError(
            f"{where}: task {task.name!r} asks the messages of its rows, and has no"
            " prompt in whose place another could be"
        )
    return tuple(
        PromptVariant(label=label, task=_asked(task, name, where=where))
        for label, name in zip(_labels(names), names, strict=True)
    )


def in_words_of(other: Task, task: Task) -> Task:
    """Return a task with the prompts and the extractor of another task.

    Rows, right answers, metric and budget stay its own.
    """
    return replace(
        task,
        chat_prompt=other.chat_prompt,
        completion_prompt=other.completion_prompt,
        prompts=other.prompts,
        preface=other.preface,
        system=other.system,
        messages=other.messages,
        chat=other.chat,
        chat_template_kwargs=other.chat_template_kwargs,
        shots=other.shots,
        chat_stop=other.chat_stop,
        completion_stop=other.completion_stop,
        max_new_tokens=other.max_new_tokens,
        thinking_tokens=other.thinking_tokens,
        temperature=other.temperature,
        top_p=other.top_p,
        extractor=other.extractor,
        schema=other.schema,
        grammar=other.grammar,
        ranked=other.ranked,
        continuation=other.continuation,
    )


def _asked(task: Task, name: str, *, where: str) -> Task:
    if name == OWN:
        return task
    known = dict(task.prompts)
    text = known.get(name)
    if text is None:
        path = Path(name)
        if not is_prompt_file(path):
            raise UnknownName(
                "prompt",
                name,
                [OWN, *known],
                where=f"{where}: task {task.name!r}",
                remedy=_REMEDY,
            )
        try:
            # An editor ends a file with a line's end that belongs to no prompt.
            text = path.read_text("utf-8").removesuffix("\n")
        except (OSError, UnicodeDecodeError) as error:
            raise BadCatalogue(f"{where}: {path}: cannot be read: {error}") from error
        check_template(text, where=str(path))
    return replace(
        task,
        chat_prompt=None if task.chat is False else text,
        completion_prompt=None if task.chat else text,
    )


def _labels(names: Sequence[str]) -> list[str]:
    """Return short names that differ, fit to be a part of a cell's id."""
    short = [Path(name).stem for name in names]
    if len(set(short)) < len(short):
        common = [Path(name).with_suffix("").parts for name in names]
        while all(common) and len({parts[0] for parts in common}) == 1:
            common = [parts[1:] for parts in common]
        short = ["-".join(parts) for parts in common]
    found: list[str] = []
    for told in (short, [Path(name).name for name in names]):
        found = [_NAMELESS.sub("-", name).strip("-._=+")[-40:] for name in told]
        if all(found) and len(set(found)) == len(found):
            return found
    return [f"{Path(name).stem[-36:]}-{place}" for place, name in enumerate(found, 1)]
