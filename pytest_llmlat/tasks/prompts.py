"""From a sample to the text that a model is asked, by sandboxed Jinja2 templates."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

from pytest_llmlat.tasks.expressions import environment
from pytest_llmlat.values.errors import BadCatalogue, Unsupported
from pytest_llmlat.values.records import Request

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmlat.values.entities import ModelSpec, Sample, Task


def request_for(
    task: Task,
    sample: Sample,
    *,
    chat: bool,
    seed: int,
    shots: Sequence[Sample] = (),
    model: ModelSpec | None = None,
) -> Request:
    """Ask ``task``'s question about ``sample`` in the form that the model takes.

    Args:
        task: its templates see the sample's columns and ``labels``.
        sample: the row to ask about.
        chat: whether the model chats; a task that says so itself comes first.
        seed: handed on to the backend.
        shots: the rows of the examples that stand before the question.
        model: what its entry says of chats comes before what the task says.

    Raises:
        BadCatalogue: a template names a column that the row does not have, or the
            task has none of that form.
        Unsupported: the task is asked as a chat, and the model does not chat.
    """
    chat = chat and task.chat is not False
    asked = question(task, sample, chat=chat)
    examples = [
        (question(task, shot, chat=chat), _answer(task, shot)) for shot in shots
    ]
    turns: tuple[tuple[str, str], ...] = ()
    if chat and task.shots is not None and task.shots.turns and examples:
        (first, answer), *others = examples
        turns = ((task.preface + first, answer), *others)
    else:
        between = "" if task.shots is None else task.shots.between
        parts = [before + answer + between for before, answer in examples]
        asked = "".join((task.preface, *parts, asked))
    system, template = task.system, dict(task.chat_template_kwargs)
    if model is not None:
        system = task.system if model.system is None else model.system
        template |= dict(model.chat_template_kwargs)
    return Request(
        prompt=asked,
        chat=chat,
        max_new_tokens=task.max_new_tokens,
        stop=task.chat_stop if chat else task.completion_stop,
        seed=seed,
        thinking_tokens=task.thinking_tokens,
        system=system if chat else None,
        turns=turns,
        template=tuple(sorted(template.items())) if chat else (),
    )


def question(task: Task, sample: Sample, *, chat: bool) -> str:
    """Return what is asked about one row, without examples and without a chat round it.

    Raises:
        BadCatalogue: the template names a column that the row does not have or makes
            an empty text of the row, or the task has none of that form.
        Unsupported: the task is asked as a chat, and the model does not chat.
    """
    asked = _render(prompt_template(task, chat=chat), task, sample)
    if not asked.strip():
        raise BadCatalogue(
            f"{task.name}, sample {sample.id}: its prompt is empty, and so are the"
            " columns that the template writes; leave such rows out by 'where'"
        )
    return asked


def _answer(task: Task, shot: Sample) -> str:
    """Return the answer of an example; of several right ones the first."""
    if task.shots is None:
        return ""
    if task.reference not in dict(shot.fields):
        right = (task.reference, shot.reference)
        shot = replace(shot, fields=(*shot.fields, right))
    return _render(task.shots.answer, task, shot)


def prompt_template(task: Task, *, chat: bool, model: str = "it") -> str:
    """Return the template of the form that a model takes.

    Args:
        task: what is asked.
        chat: whether the model chats.
        model: who is asked, for the complaint.

    Raises:
        BadCatalogue: the task has no such template; says what to add to which entry.
        Unsupported: the task is asked as a chat, and the model does not chat.
    """
    if task.chat and not chat:
        raise Unsupported(
            f"task {task.name!r} is asked as a chat (chat = true), and {model} does not"
            " chat: its entry says chat = false, or its weights have no chat template"
        )
    chat = chat if task.chat is None else task.chat
    text = task.chat_prompt if chat else task.completion_prompt
    if text is not None:
        return text
    if chat:
        raise BadCatalogue(
            f"task {task.name!r} has no chat_prompt, and {model} chats: give the task a"
            " chat_prompt, or the model's entry chat = false, so that it continues the"
            " completion_prompt"
        )
    raise BadCatalogue(
        f"task {task.name!r} has no completion_prompt, and {model} does not chat (its"
        " entry says chat = false, or its weights have no chat template): give the task"
        " a completion_prompt, or the model's entry chat = true"
    )


def check_template(text: str, *, where: str) -> None:
    """Parse a template early, so that a typo is told before a model is loaded."""
    from jinja2 import TemplateSyntaxError

    try:
        _template(text)
    except TemplateSyntaxError as error:
        raise BadCatalogue(
            f"{where}: template, line {error.lineno}: {error.message}"
        ) from error


def _render(text: str, task: Task, sample: Sample) -> str:
    from jinja2 import TemplateError

    variables = {"labels": task.labels, **dict(sample.fields)}
    where = f"{task.name}, sample {sample.id}"
    try:
        rendered: str = _template(text).render(variables)
    # A template computes: a column of another type than it expects raises anything.
    except (TemplateError, TypeError, ValueError, ArithmeticError) as error:
        columns = ", ".join(sorted(variables))
        raise BadCatalogue(
            f"{where}: template: {error}; the row has: {columns}"
        ) from error
    return rendered


@cache
def _template(text: str) -> Any:  # noqa: ANN401 - jinja2 is not imported for its types
    return environment().from_string(text)
