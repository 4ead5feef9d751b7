"""Fields of a request that its entry asks for, beside those that every server knows."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from pytest_llmlat.backends.completions.entry_options import (
    BUDGET_PLACE,
    THINKING_BODY,
)
from pytest_llmlat.backends.settings_check import text_option, whole_option
from pytest_llmlat.backends.shared_options import THINKING_TOKENS
from pytest_llmlat.values.confidential import ConfidentialTable
from pytest_llmlat.values.errors import Unsupported

if TYPE_CHECKING:
    from pytest_llmlat.values.entities import ModelSpec
    from pytest_llmlat.values.entry_option import EntryOption

_EXAMPLES = (
    '\'{"thinking_budget": "$tokens"}\' or \'{"reasoning": {"max_tokens": "$tokens"}}\''
)
_JOINED = "chat_template_kwargs"


def json_option(model: ModelSpec, option: EntryOption) -> ConfidentialTable | None:
    """Return the fields that an option holds as JSON; ``None`` where it is absent.

    Raises:
        BadCatalogue: it is no JSON object.
    """
    text = text_option(model, option)
    return None if text is None else ConfidentialTable(json.loads(text))


def thinking_body(model: ModelSpec) -> str | None:
    """Return how an entry's server is told to think no longer than so many tokens.

    Raises:
        BadCatalogue: it is no JSON object with a place for the number.
        Unsupported: the entry has a budget and does not say how to tell it.
    """
    found = json_option(model, THINKING_BODY)
    text = None if found is None else json.dumps(found)
    budget = whole_option(model, THINKING_TOKENS, 0)
    thinking_fields(budget, text, where=f"model {model.name!r}")
    return text


def thinking_fields(
    budget: int | None, template: str | None, *, where: str
) -> dict[str, object]:
    """Return the fields by which a server is told how long to think.

    Args:
        budget: so many tokens; 0 is told to the chat template, ``None`` is no bound.
        template: of the entry; servers do not agree on a name.
        where: the model, for the complaint.

    Raises:
        Unsupported: a budget that nobody said how to tell.
    """
    if budget is None:
        return {}
    if template is not None:
        found: dict[str, object] = json.loads(
            template.replace(BUDGET_PLACE, str(budget))
        )
        return found
    if budget:
        raise Unsupported(
            f"{where}: thinking_tokens = {budget}: servers differ in how they are told;"
            f" write it into the entry as option thinking_body = {_EXAMPLES}"
        )
    return {}


def merged(*bodies: dict[str, object]) -> ConfidentialTable:
    """Join fields, later ones first; switches of the chat template are joined too."""
    found = ConfidentialTable()
    switches: dict[str, object] = {}
    for body in filter(None, bodies):
        found |= body
        told = body.get(_JOINED)
        if isinstance(told, dict):
            switches |= told
    return ConfidentialTable({**found, _JOINED: switches} if switches else found)
