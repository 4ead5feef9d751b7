"""From a row to the turns of a conversation, each of which is asked.

The messages stand in a column of the row, or are written by the templates of the
task's entry. A user message that an assistant message follows has its answer from the
data: the later turns see that. One that none follows is answered by the model, and the
later turns see what it said.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pytest_llmlat.tasks.data.mapping import made_sample, row_fields
from pytest_llmlat.tasks.data.right_answers import answer_columns, judged_by_tests
from pytest_llmlat.tasks.expressions import evaluate, rendered
from pytest_llmlat.values.entities import ConversationTurn
from pytest_llmlat.values.errors import BadCatalogue

if TYPE_CHECKING:
    from pytest_llmlat.tasks.data.table_row import TableRow
    from pytest_llmlat.values.entities import Sample, Task

ROLES = {
    "system": "system",
    "user": "user",
    "human": "user",
    "assistant": "assistant",
    "gpt": "assistant",
}
"""Roles of a message's speaker, by the names that data sets have for them."""
_ROLE, _CONTENT = ("role", "from"), ("content", "value")
_OWN_KEYS = {*_ROLE, *_CONTENT, "ask"}


@dataclass(slots=True, kw_only=True)
class _UserMessage:
    """A user message as it is read."""

    text: str
    columns: dict[str, Any]
    """Further keys of the message: the right answer and what a template or a metric
    reads."""
    asked: bool
    given: str | None = None


@dataclass(slots=True, kw_only=True)
class _Messages:
    """A conversation as it is read."""

    system: str | None = None
    users: list[_UserMessage] = field(default_factory=list)


def samples_of(task: Task, row: TableRow) -> tuple[Sample, ...]:
    """Return the samples of a row: one, or one for each turn; none if it is left out.

    None at all if ``task.where`` leaves the row out.

    Raises:
        BadCatalogue: an expression fails, a column is missing, a label is unknown, or
            the messages are no conversation.
    """
    fields = row_fields(task, row)
    if fields is None:
        return ()
    if task.messages is None:
        return (made_sample(task, fields, where=row.where),)
    found = _read(task, fields, where=row.where)
    return tuple(_turns(task, fields, found, where=row.where))


def _turns(
    task: Task, fields: Mapping[str, Any], found: _Messages, *, where: str
) -> list[Sample]:
    """Return a sample for each message that is asked.

    Its columns are those of the row, with the message's own in their place. A right
    answer of the whole row belongs to the last of them.
    """
    of_answers = set(answer_columns(task))
    rest = {
        name: value
        for name, value in fields.items()
        if name not in of_answers and name != task.messages
    }
    last = max(n for n, user in enumerate(found.users) if user.asked)
    samples: list[Sample] = []
    asked: list[str | None] = []
    for number, user in enumerate(found.users):
        if not user.asked:
            asked.append(None)
            continue
        own = {**rest, **user.columns}
        told = any(own.get(name) is not None for name in of_answers)
        if number == last and not told:
            own = {**fields, **own}
            own.pop(str(task.messages), None)
            told = any(own.get(name) is not None for name in of_answers)
            told = told or judged_by_tests(task)
        turn = ConversationTurn(
            conversation=str(fields.get("id")),
            number=number + 1,
            text=user.text,
            system=found.system,
            earlier=tuple((u.text, u.given) for u in found.users[:number]),
            asked_before=tuple(asked),
            graded=told,
        )
        sample = made_sample(task, own, where=f"{where}, turn {number + 1}", turn=turn)
        samples.append(sample)
        asked.append(sample.id)
    if not any(sample.graded for sample in samples):
        raise BadCatalogue(
            f"{where}: no turn has a right answer (a key {task.reference!r} of its user"
            " message, or that column of the row for the last turn), so that no quality"
            " could be told"
        )
    return samples


def _read(task: Task, fields: Mapping[str, Any], *, where: str) -> _Messages:
    """Read the messages of a row, in their order.

    Raises:
        BadCatalogue: they are no conversation; says which message is wrong.
    """
    found = _Messages()
    for place, (said, columns) in enumerate(_listed(task, fields, where=where)):
        here = f"{where}, message {place + 1}"
        role, text = _role(said, where=here), _text(said, where=here)
        if role == "system":
            if place:
                raise BadCatalogue(f"{here}: a system message must come first")
            found.system = text
        elif role == "user":
            found.users.append(
                _UserMessage(text=text, columns=columns, asked=_asked(said, where=here))
            )
        elif not found.users or found.users[-1].given is not None:
            raise BadCatalogue(f"{here}: an answer must follow a user message")
        else:
            found.users[-1].given = text
    if not any(user.asked for user in found.users):
        raise BadCatalogue(f"{where}: its messages hold no user message that is asked")
    for user in found.users:
        if not user.asked and user.given is None:
            raise BadCatalogue(
                f"{where}: a user message with ask = false needs an answer in the data:"
                f" {user.text!r:.80}"
            )
    return found


def _listed(
    task: Task, fields: Mapping[str, Any], *, where: str
) -> list[tuple[Mapping[str, Any], dict[str, Any]]]:
    """Return each message, and its keys that are columns of its own."""
    if task.messages is None:
        return []
    if isinstance(task.messages, str):
        value = evaluate(
            task.messages, {**fields, "columns": fields}, where=f"{where}: messages"
        )
        if not isinstance(value, Sequence) or isinstance(value, str | bytes):
            raise BadCatalogue(
                f"{where}: messages = {task.messages!r} must be a list of messages,"
                f" each with role and content, not {value!r:.80}"
            )
        listed = list(value)
    else:
        variables = {"labels": task.labels, **fields}
        listed = [
            {
                "role": message.role,
                "content": rendered(message.content, variables, where=where),
                **{
                    name: rendered(text, variables, where=where)
                    if isinstance(text, str)
                    else text
                    for name, text in message.further
                },
            }
            for message in task.messages
        ]
    for place, message in enumerate(listed):
        if not isinstance(message, Mapping):
            raise BadCatalogue(
                f"{where}, message {place + 1}: must have role and content, not"
                f" {message!r:.80}"
            )
    return [
        (message, {k: v for k, v in message.items() if k not in _OWN_KEYS})
        for message in listed
    ]


def _role(said: Mapping[str, Any], *, where: str) -> str:
    name = next((said[key] for key in _ROLE if key in said), None)
    if not isinstance(name, str) or name not in ROLES:
        raise BadCatalogue(
            f"{where}: role {name!r:.80} is none of {', '.join(ROLES)}; calls of tools"
            " and their results cannot be asked"
        )
    return ROLES[name]


def _text(said: Mapping[str, Any], *, where: str) -> str:
    text = next((said[key] for key in _CONTENT if key in said), None)
    if not isinstance(text, str) or not text.strip():
        raise BadCatalogue(
            f"{where}: content must be a text that is not empty, not {text!r:.80}"
        )
    return text


def _asked(said: Mapping[str, Any], *, where: str) -> bool:
    asked = said.get("ask", True)
    if not isinstance(asked, bool):
        raise BadCatalogue(f"{where}: ask must be true or false, not {asked!r:.80}")
    return asked
