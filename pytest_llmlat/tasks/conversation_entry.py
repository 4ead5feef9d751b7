"""Conversations in the entry of a task: its messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_llmlat.tasks.data.conversations import ROLES
from pytest_llmlat.tasks.expressions import check_expression
from pytest_llmlat.tasks.prompts import check_template
from pytest_llmlat.values.entities import MessageTemplate

if TYPE_CHECKING:
    from pytest_llmlat.values.toml_tables import TomlTable

_APART = ("chat_prompt", "preface", "shots")
"""Keys of tasks that ask one question of a row, and hold no conversation."""


def messages_of(table: TomlTable) -> str | tuple[MessageTemplate, ...] | None:
    """Read the place of the messages in a row, or their templates.

    Raises:
        BadCatalogue: names the key.
    """
    value: Any = table.values.get("messages")
    if value is None:
        return None
    for key in _APART:
        if key in table.values:
            raise table.complain(
                key, "belongs to a task that asks one question; there is 'messages' too"
            )
    if isinstance(value, str) and value.strip():
        check_expression(value, where=f"{table.where}.messages")
        return value
    if not isinstance(value, list) or not value:
        raise table.complain(
            "messages",
            "must be an expression over a row's columns that gives a list of messages,"
            " or an array of tables, each with role and content",
        )
    return tuple(_message(table, number, item) for number, item in enumerate(value))


def _message(table: TomlTable, number: int, item: object) -> MessageTemplate:
    key = f"messages[{number}]"
    if not isinstance(item, dict):
        raise table.complain(key, "must be a table with role and content")
    role, content = item.get("role"), item.get("content")
    if role not in ROLES:
        raise table.complain(f"{key}.role", f"must be one of {', '.join(ROLES)}")
    if not isinstance(content, str) or not content.strip():
        raise table.complain(f"{key}.content", "must be a text that is not empty")
    further = []
    for name, text in item.items():
        if name in ("role", "content"):
            continue
        if not isinstance(text, str | bool):
            raise table.complain(f"{key}.{name}", "must be a template or true or false")
        if isinstance(text, str):
            check_template(text, where=f"{table.where}.{key}.{name}")
        further.append((name, text))
    check_template(content, where=f"{table.where}.{key}.content")
    return MessageTemplate(role=role, content=content, further=tuple(further))
