"""Which models a server lists, and which of them is the one that is meant."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pytest_llmlat.backends.completions.complaints import is_page
from pytest_llmlat.backends.completions.server_words import MOST_JSON
from pytest_llmlat.values.errors import ServerUnavailable

if TYPE_CHECKING:
    from pytest_llmlat.backends.completions.complaints import Complaints
    from pytest_llmlat.backends.transport.bodies import HttpResponse


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedModel:
    """The model that is meant, as its server lists it."""

    complaints: Complaints
    """Complaint with the names of all models that are listed."""
    model: str | None
    """Model as it was named, or the only one; ``None`` where there is no list to choose
    from."""
    context: int | None
    """Longest prompt and answer together, in tokens, where that is listed."""


def listed_model(
    answer: HttpResponse, complaints: Complaints, model: str | None
) -> ListedModel:
    """Check a model's name against a server's list, or take the only one.

    Args:
        answer: what the server said when it was asked for its models.
        complaints: writes what went wrong.
        model: as it was named, if it was.

    Raises:
        ServerUnavailable: it has no such model, or several and none was named.
    """
    if is_page(answer):
        raise ServerUnavailable(complaints.page(answer))
    entries = _model_list(answer.body)
    if not entries:
        return ListedModel(complaints=complaints, model=model, context=None)
    names = [entry["id"] for entry in entries]
    complaints = replace(complaints, models=names)
    if model is None and len(names) == 1:
        model = names[0]
    # Ollama lists what it calls NAME also as NAME:latest.
    short = [name.removesuffix(":latest") for name in names]
    if model not in (*names, *short):
        raise ServerUnavailable(complaints.unknown_model(model))
    known = names if model in names else short
    context = entries[known.index(model)].get("max_model_len")
    return ListedModel(
        complaints=complaints,
        model=model,
        context=context if type(context) is int else None,
    )


def _model_list(body: bytes) -> list[dict[str, Any]] | None:
    """Return the models that a server lists, ``None`` if it is no such list."""
    if len(body) > MOST_JSON:
        return None
    try:
        message = json.loads(body)
    except (ValueError, RecursionError):
        return None
    data = message.get("data") if isinstance(message, dict) else None
    if not isinstance(data, list):
        return None
    return [
        entry
        for entry in data
        if isinstance(entry, dict) and isinstance(entry.get("id"), str)
    ]
