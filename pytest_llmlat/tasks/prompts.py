"""From a sample to the text that a model is asked, by sandboxed Jinja2 templates."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from pytest_llmlat.tasks.expressions import environment
from pytest_llmlat.values.errors import BadCatalogue
from pytest_llmlat.values.records import Request

if TYPE_CHECKING:
    from pytest_llmlat.values.entities import Sample, Task


def request_for(task: Task, sample: Sample, *, chat: bool, seed: int) -> Request:
    """Ask ``task``'s question about ``sample`` in the form that the model takes.

    Args:
        task: its templates see the sample's columns and ``labels``.
        sample: the row to ask about.
        chat: a message to a model that chats, or a text to continue.
        seed: handed on to the backend.

    Raises:
        BadCatalogue: the template names a column that the row does not have, or the
            task has none of that form.
    """
    text = prompt_template(task, chat=chat)
    variables = {"labels": task.labels, **dict(sample.fields)}
    return Request(
        prompt=_render(text, variables, where=f"{task.name}, sample {sample.id}"),
        chat=chat,
        max_new_tokens=task.max_new_tokens,
        stop=task.chat_stop if chat else task.completion_stop,
        seed=seed,
        thinking_tokens=task.thinking_tokens,
    )


def prompt_template(task: Task, *, chat: bool, model: str = "it") -> str:
    """Return the template of the form that a model takes.

    Args:
        task: what is asked.
        chat: whether the model chats.
        model: who is asked, for the complaint.

    Raises:
        BadCatalogue: the task has no such template; says what to add to which entry.
    """
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


def _render(text: str, variables: dict[str, Any], *, where: str) -> str:
    from jinja2 import TemplateError

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
