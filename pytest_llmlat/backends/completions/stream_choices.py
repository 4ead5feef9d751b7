"""The choice of a message that is read: one answer was asked for, some send several."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_llmlat.backends.completions.finish_reasons import nearer_reason, reason_of
from pytest_llmlat.backends.completions.message_parts import (
    MalformedMessage,
    shown,
    text_of,
)
from pytest_llmlat.backends.completions.server_words import Reported, complaint

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_FIRST = (None, 0, "0", "")
"""What stands for the number of the first choice."""


def choices_of(message: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the choices of a message.

    Raises:
        MalformedMessage: they are no list of objects.
    """
    choices = message.get("choices") or []
    if not isinstance(choices, list):
        raise MalformedMessage(f"a message's choices are no list: {shown(choices)}")
    for choice in choices:
        if not isinstance(choice, dict):
            raise MalformedMessage(f"a message's choice is no object: {shown(choice)}")
    return choices


def chosen(
    choices: Sequence[dict[str, Any]], number: object = None
) -> dict[str, Any] | None:
    """Return the choice of a number, else the first one; only one was asked for.

    Args:
        choices: of a message.
        number: of the choice that came before in the same answer. Most servers count
            from 0, some from 1, and some write the number as a text.
    """
    if number is None:
        zero = [choice for choice in choices if choice.get("index") in _FIRST]
        return next(iter([*zero, *choices]), None)
    return next((one for one in choices if number_of(one) == number), None)


def number_of(choice: Mapping[str, Any]) -> object:
    """Return the number of a choice, 0 for whatever stands for the first."""
    index = choice.get("index")
    return 0 if index in _FIRST else index


def others_say(choices: Sequence[dict[str, Any]], number: object) -> bool:
    """Whether a choice of another number has text: then there are several answers."""
    return any(_has_text(one) for one in choices if number_of(one) != number)


def _has_text(choice: Mapping[str, Any]) -> bool:
    holder = choice.get("delta") or choice.get("message") or choice
    if not isinstance(holder, dict):
        return False
    return bool(text_of(holder.get("content", holder.get("text"))))


def finish_of(choice: Mapping[str, Any]) -> str | None:
    """Return why a choice says that it ends, ``None`` if it does not say so.

    Raises:
        Reported: it says that the answer failed.
    """
    if choice.get("error"):
        # OpenRouter's form, of a provider that broke off in the midst.
        words = complaint(choice)
        raise Reported(f"the server reports an error in its answer: {words}")
    reason = choice.get("finish_reason")
    if isinstance(reason, dict):
        # SGLang's own form: its type, and with some a message.
        kind, told = reason.get("type"), reason.get("message")
        if isinstance(told, str) and told:
            raise Reported(f"the server gave the answer up: {told} ({kind})")
        reason = kind
    return nearer_reason(choice, reason_of(reason))
