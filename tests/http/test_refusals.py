"""What a model says in the field that is made for declining."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmlat.backends.completions.message_parts import (
    MalformedMessage,
    refusal_of,
    text_of,
    thought_of,
)
from tests.http.asking import read
from tests.http.loopback import answer, ended, said, stream, used

if TYPE_CHECKING:
    from pytest_llmlat.values.records import Generation

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["type", "text", "thinking", "content", "refusal", "thought"]
            )
            | st.text(max_size=3),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


def declined(words: str | None) -> dict[str, object]:
    """Return a message of a stream with a piece of a refusal."""
    delta = {"content": None, "refusal": words}
    return {"choices": [{"index": 0, "delta": delta, "finish_reason": None}]}


def generation_of(data: bytes) -> Generation:
    """Read an answer that came at once and is no error."""
    response = read([(10, data)])
    assert response.error is None
    assert response.generation is not None
    assert response.timing.ttft_s is None
    return response.generation


def test_a_refusal_in_pieces() -> None:
    """The answer is empty, nothing is stamped, and the words are kept apart."""
    pieces = [declined("I can't "), declined("help."), ended(), used(4)]

    found = generation_of(stream(*pieces))

    assert (found.text, found.refusal, found.finish) == ("", "I can't help.", "stop")


@pytest.mark.parametrize(
    "message",
    [
        {"content": None, "refusal": "No."},
        {"content": [{"type": "refusal", "refusal": "No."}]},
    ],
)
def test_a_refusal_in_one_piece(message: dict[str, object]) -> None:
    """Beside the content or as a part of it."""
    choice = {"index": 0, "message": message, "finish_reason": "stop"}

    found = generation_of(answer(json.dumps({"choices": [choice]})))

    assert (found.text, found.refusal) == ("", "No.")


def test_an_answer_beside_a_refusal_is_an_answer() -> None:
    """Servers write ``"refusal": null``, and what was said counts."""
    response = read([(10, stream(declined(None), said("Yes"), ended(), used(1)))])

    assert response.generation is not None
    assert (response.generation.text, response.generation.refusal) == ("Yes", None)


@given(JSON_VALUES)
def test_any_value_is_read_or_refused_in_words(value: object) -> None:
    """What a message holds is text, or a complaint; nothing else ever comes of it."""
    message = {"content": value, "refusal": value, "reasoning": value}

    assert isinstance(thought_of(message), str)
    assert isinstance(refusal_of(message), str)
    with suppress(MalformedMessage):
        assert isinstance(text_of(value), str)
