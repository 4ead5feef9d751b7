"""How many tokens there were, by figures that may be wrong."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.http.asking import QUESTION, read
from tests.http.loopback import ended, said, stream, used

if TYPE_CHECKING:
    from pytest_llmlat.values.records import Generation, Response


def answer_of(*messages: object, texts: int = 4) -> tuple[Generation, Response]:
    """Read an answer of some pieces of text, followed by messages."""
    pieces = [said("word ") for _ in range(texts)]
    response = read([(10, stream(*pieces, ended(), *messages))])
    assert response.generation is not None
    return response.generation, response


@pytest.mark.parametrize("tokens", [4, 5])
def test_one_token_to_a_piece(tokens: int) -> None:
    """As many as pieces, or one more for the end, which has no text."""
    generation, response = answer_of(used(tokens))

    assert generation.output_tokens == tokens
    assert generation.prompt_tokens == 7
    assert generation.token_source == "usage"  # noqa: S105 - no password
    assert response.timing.stamp_tokens == (1, 1, 1, 1)
    assert response.timing.spread_tokens is None
    assert not response.timing.grouped


@pytest.mark.parametrize("tokens", [3, 6, 9])
def test_more_or_fewer_tokens_than_pieces(tokens: int) -> None:
    """Only the sum is known, and it is the sum that the speed is taken of."""
    generation, response = answer_of(used(tokens))

    assert generation.output_tokens == tokens
    assert response.timing.spread_tokens == tokens
    assert response.timing.grouped
    assert response.timing.later_tokens == tokens * 3 / 4


def test_no_figures() -> None:
    """What the server does not say is not known."""
    generation, response = answer_of()

    assert generation.output_tokens is None
    assert generation.prompt_tokens is None
    assert generation.token_source is None
    assert response.timing.stamp_tokens == (0, 0, 0, 0)
    assert response.timing.tpot_s is None


@pytest.mark.parametrize(
    "tokens", [-1, 0, 1_000_000, 66, "4", 4.0, True, None, [4], float("nan")]
)
def test_figures_that_cannot_be_right(tokens: object) -> None:
    """They go nowhere, and neither does the figure beside them."""
    generation, response = answer_of(used(tokens))

    assert generation.output_tokens is None
    assert generation.prompt_tokens is None
    assert generation.token_source is None
    assert response.timing.spread_tokens is None


def test_far_fewer_tokens_than_pieces() -> None:
    """A handful of tokens cannot have made forty pieces."""
    generation, response = answer_of(used(2), texts=40)

    assert generation.output_tokens is None
    assert response.timing.spread_tokens is None


@pytest.mark.parametrize("prompt", [0, -3, "7", None, True])
def test_a_prompt_of_no_tokens(prompt: object) -> None:
    """A prompt has tokens; the other figure may still be right."""
    generation, _ = answer_of(used(4, prompt))

    assert generation.prompt_tokens is None
    assert generation.output_tokens == 4


def test_more_tokens_than_were_asked_for() -> None:
    """A server that ignores the limit is believed as far as its pieces go."""
    request = replace(QUESTION, max_new_tokens=2)
    messages = [said("w") for _ in range(4)]

    response = read([(10, stream(*messages, ended(), used(4)))], request)

    assert response.generation is not None
    assert response.generation.output_tokens == 4


def test_tokens_that_cannot_all_be_behind_the_text() -> None:
    """Hidden tokens do not make the visible ones look faster."""
    pieces = [said("a"), said("b")]

    response = read([(10, stream(*pieces, ended(), used(60)))])

    assert response.generation is not None
    assert response.generation.output_tokens == 60
    assert response.timing.spread_tokens == 2
    assert response.timing.later_tokens == 1


def test_reasoning_tokens_are_not_behind_the_text() -> None:
    """What the server counts as reasoning is taken off before spreading."""
    details = {"completion_tokens_details": {"reasoning_tokens": 20}}

    generation, response = answer_of(used(28, **details))

    assert generation.output_tokens == 28
    assert response.timing.spread_tokens == 8


@pytest.mark.parametrize(("tokens", "spread"), [(7, None), (8, None), (20, 4)])
def test_reasoning_that_is_not_counted_apart(tokens: int, spread: int | None) -> None:
    """One token to a message, or else no more to a piece of text than one."""
    thought = {"choices": [{"index": 0, "delta": {"reasoning": "hm"}}]}
    messages = [thought] * 3 + [said("word ")] * 4

    response = read([(10, stream(*messages, ended(), used(tokens)))])

    assert response.generation is not None
    assert response.generation.output_tokens == tokens
    assert response.timing.spread_tokens == spread
    assert response.timing.stamp_tokens == (1, 1, 1, 1)


def along(text: str, tokens: int) -> dict[str, object]:
    """Return a message of a server that counts along."""
    usage = {"completion_tokens": tokens, "prompt_tokens": 7}
    return said(text, usage=usage)


def test_a_server_that_counts_along() -> None:
    """Its figures are exact for each piece, half characters included."""
    messages = [along("", 0), along("a", 1), along("", 2), along("bc", 4), ended()]

    response = read([(10, stream(*messages, used(5)))])

    assert response.timing.stamp_tokens == (1, 3)
    assert response.timing.spread_tokens is None
    assert response.generation is not None
    assert response.generation.output_tokens == 5


def test_a_server_that_counts_along_without_a_sum() -> None:
    """Its last figure is the sum."""
    response = read([(10, stream(along("a", 2), along("b", 3), ended()))])

    assert response.timing.stamp_tokens == (2, 1)
    assert response.generation is not None
    assert response.generation.output_tokens == 3
    assert response.generation.prompt_tokens == 7


@pytest.mark.parametrize("counts", [(3, 1), (0, 4), (4, 4), (-4, 4)])
def test_figures_along_the_way_that_cannot_be_right(counts: tuple[int, int]) -> None:
    """They are passed over; the sum is what is left."""
    texts = ("a word", " or two")
    messages = [along(text, count) for text, count in zip(texts, counts, strict=True)]
    messages += [ended(), used(4)]

    response = read([(10, stream(*messages))])

    assert response.timing.stamp_tokens == (1, 1)
    assert response.timing.spread_tokens == 4


def test_a_stop_string_in_an_answer_of_which_only_the_sum_is_known() -> None:
    """How many tokens came before it is not known."""
    request = replace(QUESTION, stop=("Q",))
    messages = [said("one two"), said("Q"), said("three"), ended(), used(6)]

    response = read([(10, stream(*messages))], request)

    assert response.generation is not None
    assert response.generation.text == "one two"
    assert response.generation.output_tokens is None
    assert response.timing.spread_tokens == 2


@given(
    st.lists(st.integers(0, 3), max_size=8),
    st.none() | st.integers(-5, 100),
)
def test_no_figure_makes_decoding_look_faster(sizes: list[int], tokens: int) -> None:
    """However many tokens are claimed, no more are counted than the text can hold."""
    messages = [said("x" * size) for size in sizes]

    response = read([(10, stream(*messages, ended(), used(tokens)))])

    assert response.generation is not None
    stamps = len(response.timing.stamps_ns)
    assert response.timing.later_tokens <= max(stamps, sum(sizes) + 8)
    told = response.generation.output_tokens
    assert told is None or told == tokens
