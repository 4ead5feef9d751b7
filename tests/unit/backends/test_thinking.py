"""What an entry says of its model's thoughts."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.backends import open_backend
from pytest_llmlat.backends.thought_settings import thinking_facts, to_think
from pytest_llmlat.values.clock import ManualClock
from pytest_llmlat.values.errors import BadCatalogue
from pytest_llmlat.values.records import Request
from pytest_llmlat.values.thought_tags import THOUGHT_TAGS
from tests.unit.builders import a_deployment, a_model

if TYPE_CHECKING:
    from pytest_llmlat.values.entities import ModelSpec, Scalar

ASKED = Request(prompt="2 + 2?", chat=True, max_new_tokens=4, thinking_tokens=64)


def an_entry(**options: Scalar) -> ModelSpec:
    """Return an entry with these options."""
    return replace(a_model("mine"), options=tuple(options.items()))


def test_an_entry_that_says_nothing() -> None:
    """The task's budget stands, and all known tags are looked for."""
    asked = to_think(ASKED, an_entry(threads=2))

    assert (asked.thinking_tokens, asked.thought_tags) == (64, THOUGHT_TAGS)
    assert thinking_facts(an_entry(threads=2)) == ()


def test_an_entry_comes_before_the_task() -> None:
    """What it says is a fact of the model: another budget is another model."""
    entry = an_entry(thinking_tokens=0, thinking="<a> </a>", threads=2)

    asked = to_think(ASKED, entry)

    assert asked.thinking_tokens == 0
    assert [tags.closing for tags in asked.thought_tags] == ["</a>"]
    assert thinking_facts(entry) == (("thinking_tokens", 0), ("thinking", "<a> </a>"))


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"thinking": 3}, "thinking = 3: must be true, false or two tags"),
        ({"thinking": "a b c"}, "thinking = 'a b c': must be true, false or two"),
        (
            {"thinking_tokens": -1},
            "thinking_tokens = -1: must be a whole number of at least 0",
        ),
        ({"thinking_tokens": True}, "thinking_tokens = true: must be a whole number"),
        ({"system_as": "tool"}, "system_as = 'tool': must be one of system, user"),
    ],
)
def test_what_cannot_be_is_told_before_weights_are_loaded(
    options: dict[str, Scalar], told: str
) -> None:
    """By whatever backend: the entry is named, and what can be written."""
    with pytest.raises(BadCatalogue, match=f"model 'mine': option {told}"):
        open_backend(a_deployment(an_entry(**options)), ManualClock())
