"""What an entry says of its model's thoughts, and how a thought is ended by force."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_llmlat.backends.settings_check import given
from pytest_llmlat.backends.shared_options import THINKING, THINKING_TOKENS
from pytest_llmlat.values.confidential import revealed
from pytest_llmlat.values.thought_tags import THOUGHT_TAGS, tags_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_llmlat.values.entities import ModelSpec, Scalar
    from pytest_llmlat.values.records import Request
    from pytest_llmlat.values.thought_tags import ThoughtTags
    from pytest_llmlat.values.token_meter import Meter

_FACTS = ("system_as", "thinking", "thinking_body", "thinking_tokens")


def thought_tags(model: ModelSpec) -> tuple[ThoughtTags, ...]:
    """Return the tags by which an entry's thoughts are told.

    Raises:
        BadCatalogue: its option ``thinking`` is none of what can be written.
    """
    option = given(model, THINKING)
    if option is None:
        return THOUGHT_TAGS
    return tags_of(option if isinstance(option, bool) else str(option))


def thinking_budget(model: ModelSpec) -> int | None:
    """Return after how many tokens an entry's model is to stop thinking.

    Raises:
        BadCatalogue: its option ``thinking_tokens`` is no whole number.
    """
    budget = given(model, THINKING_TOKENS)
    return None if budget is None else int(budget)


def thinking_facts(model: ModelSpec) -> tuple[tuple[str, Scalar], ...]:
    """Return what an entry says of thoughts and of the system prompt's place.

    A run in which it says otherwise is of another model.
    """
    return tuple(
        (key, revealed(value)) for key, value in model.options if key in _FACTS
    )


def to_think(request: Request, model: ModelSpec) -> Request:
    """Return a request as an entry wants its model to think.

    What the entry says of a budget comes before what the task says.

    Raises:
        BadCatalogue: an option that cannot be.
    """
    budget = thinking_budget(model)
    return replace(
        request,
        thought_tags=thought_tags(model),
        thinking_tokens=request.thinking_tokens if budget is None else budget,
    )


def ending_of(meter: Meter) -> str:
    """Return what is written in a model's stead to end the thought under way."""
    return "" if meter.within is None else meter.within.ending


def shown_tokens(model: ModelSpec, control: Mapping[int, str]) -> dict[int, str]:
    """Return the control tokens that are tags of thoughts, with their texts.

    A tokenizer leaves control tokens out of the text, and the thought would run into
    the answer without a border.

    Args:
        model: its entry may name tags of its own.
        control: the texts of all control tokens.
    """
    found: dict[int, str] = {}
    for tags in thought_tags(model):
        first = tags.opening or tags.closing
        # Tags of other families are ordinary text to this tokenizer.
        if any(first.startswith(text) for text in control.values()):
            whole = f"{tags.opening}{tags.leftover}{tags.closing}"
            found |= {token: text for token, text in control.items() if text in whole}
    return found
