"""From a sample to the text that a model is asked, by sandboxed Jinja2 templates."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from pytest_llmlat.tasks.expressions import (
    broken_source,
    compiled_template,
    rendered,
    told,
)
from pytest_llmlat.values.errors import BadCatalogue, Unsupported
from pytest_llmlat.values.records import Request

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_llmlat.values.entities import (
        ConversationTurn,
        ModelSpec,
        Sample,
        Task,
    )

_LAST = "{{ messages[-1].content }}"
"""Template of a turn in a chat: the message as it is."""


def request_for(
    task: Task,
    sample: Sample,
    *,
    chat: bool,
    seed: int,
    shots: Sequence[Sample] = (),
    model: ModelSpec | None = None,
    answers: Mapping[str, str] = MappingProxyType({}),
) -> Request:
    """Return the request with a task's question about a sample.

    Args:
        task: its templates see the sample's columns and ``labels``.
        sample: the row to ask about.
        chat: whether the model chats; a task that says so itself comes first.
        seed: handed on to the backend.
        shots: the rows of the examples that stand before the question.
        model: what its entry says of chats comes before what the task says.
        answers: the model's own to earlier turns of the conversation, by their samples'
            ids; one that is not there is empty.

    Raises:
        BadCatalogue: a template names a column that the row does not have, or the
            task has none of that form.
        Unsupported: the task is asked as a chat, and the model does not chat.
    """
    chat = chat and task.chat is not False
    said = _earlier(sample, answers)
    asked = question(task, sample, chat=chat, earlier=said)
    examples = [
        (question(task, shot, chat=chat), _shown_answer(task, shot)) for shot in shots
    ]
    turns: tuple[tuple[str, str], ...] = said if chat else ()
    if chat and task.shots is not None and task.shots.turns and examples:
        (first, answer), *others = examples
        turns = ((task.preface + first, answer), *others)
    else:
        between = "" if task.shots is None else task.shots.between
        parts = [before + answer + between for before, answer in examples]
        asked = "".join((task.preface, *parts, asked))
    system, template = _system(task, sample), dict(task.chat_template_kwargs)
    if model is not None:
        system = system if model.system is None else model.system
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


def _system(task: Task, sample: Sample) -> str | None:
    """Return the system prompt: a conversation's own comes first."""
    if sample.turn is not None and sample.turn.system is not None:
        return sample.turn.system
    return task.system


def _earlier(sample: Sample, answers: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Return the earlier questions and answers of a sample's conversation."""
    turn = sample.turn
    if turn is None:
        return ()
    return tuple(
        (text, answers.get(str(asked), "") if given is None else given)
        for asked, (text, given) in zip(turn.asked_before, turn.earlier, strict=True)
    )


def question(
    task: Task,
    sample: Sample,
    *,
    chat: bool,
    earlier: Sequence[tuple[str, str]] = (),
) -> str:
    """Return the question about one row, without examples and without a chat round it.

    Args:
        task: its template sees, of a turn, also the ``messages`` up to it.
        sample: the row.
        chat: in which form.
        earlier: the questions and answers before a turn.

    Raises:
        BadCatalogue: the template names a column that the row does not have or makes
            an empty text of the row, or the task has none of that form.
        Unsupported: the task is asked as a chat, and the model does not chat.
    """
    asked = render(prompt_template(task, chat=chat), task, sample, earlier)
    if not asked.strip():
        raise BadCatalogue(
            f"{task.name}, sample {sample.id}: its prompt is empty, and so are the"
            " columns that the template writes; leave such rows out by 'where'"
        )
    return asked


def _shown_answer(task: Task, shot: Sample) -> str:
    """Return the answer of an example."""
    return "" if task.shots is None else right_answer(task, shot, task.shots.answer)


def spelled(text: str) -> str:
    """Return a question without case, blanks and signs, which leave it the same."""
    return "".join(letter for letter in text.casefold() if letter.isalnum())


def spelled_question(task: Task, sample: Sample) -> str:
    """Return what is asked about a row, spelled, in the form that its task has.

    Which form a model takes decides nothing here: for all the same rows ask the same.
    """
    chat = task.chat or task.completion_prompt is None
    return spelled(question(task, sample, chat=chat))


def right_answer(task: Task, row: Sample, template: str) -> str:
    """Return a row's right answer as a template writes it; of several the first.

    Raises:
        BadCatalogue: the row does not fit the template; names its columns.
    """
    if task.reference not in dict(row.fields):
        right = (task.reference, row.reference)
        row = replace(row, fields=(*row.fields, right))
    return render(template, task, row)


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
    if chat and task.messages is not None:
        return _LAST
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
        compiled_template(text)
    except TemplateSyntaxError as error:
        raise BadCatalogue(
            f"{where}: template, line {error.lineno}: {error.message!s:.300}"
        ) from error
    except broken_source() as error:
        raise BadCatalogue(f"{where}: template: {told(error)}") from error


def render(
    text: str, task: Task, sample: Sample, earlier: Sequence[tuple[str, str]] = ()
) -> str:
    """Return what a template makes of a row: it sees its columns and ``labels``.

    Raises:
        BadCatalogue: the row does not fit; names its columns.
    """
    variables = {"labels": task.labels, **dict(sample.fields)}
    if task.schema is not None:
        variables = {"schema": task.schema.text, **variables}
    if sample.turn is not None:
        variables["messages"] = _messages(_system(task, sample), earlier, sample.turn)
    return rendered(text, variables, where=f"{task.name}, sample {sample.id}")


def _messages(
    system: str | None, earlier: Sequence[tuple[str, str]], turn: ConversationTurn
) -> list[dict[str, str]]:
    """Return the messages up to a turn, for a template that makes one text of them."""
    first = [] if system is None else [("system", system)]
    pairs = [
        (role, text)
        for both in earlier
        for role, text in zip(("user", "assistant"), both, strict=True)
    ]
    return [
        {"role": role, "content": text}
        for role, text in (*first, *pairs, ("user", turn.text))
    ]
