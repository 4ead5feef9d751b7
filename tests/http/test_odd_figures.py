"""Figures of servers that contradict themselves, and messages of unlike length."""

from __future__ import annotations

import json
from itertools import accumulate
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmlat.backends.completions.instants import by_instant
from tests.http.asking import ask, read, url_of
from tests.http.loopback import (
    DONE,
    Loopback,
    answer,
    chunks,
    ended,
    event,
    head,
    said,
    stream,
    used,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmlat.values.records import Response
    from pytest_llmlat.values.timing import Timing
    from tests.http.asking import Opener
    from tests.http.loopback import Script

MS = 1_000_000
WORDS = ("Rain", " falls", " on", " the", " old", " red", " roof", " again")


def streamed(*messages: tuple[int, object]) -> Response:
    """Read messages that came at the given milliseconds, the end with the last."""
    pieces = [(0, head())]
    pieces += [(at * MS, chunks(event(one), last=False)) for at, one in messages]
    return read([*pieces, (messages[-1][0] * MS, chunks(DONE))])


def timing_of(*texts: tuple[int, str], tokens: int) -> Timing:
    """Return the timing of texts and of a sum of tokens behind the last of them."""
    last = texts[-1][0]
    told = [(at, said(text)) for at, text in texts]
    return by_instant(streamed(*told, (last, ended()), (last, used(tokens))).timing)


def tokens_of(response: Response) -> int | None:
    """Return how many tokens an answer that counts has."""
    assert response.generation is not None, response.error
    return response.generation.output_tokens


def with_usage(text: str, tokens: int) -> dict[str, object]:
    """Return a message with some text and the server's figures."""
    return said(text, usage={"completion_tokens": tokens, "prompt_tokens": 7})


# Messages of unlike length.


def test_a_beginning_that_was_held_back_is_no_fast_decoding() -> None:
    """Six words in the first message, then two, each in its own."""
    first = "".join(WORDS[:6])

    timing = timing_of((10, first), (110, WORDS[6]), (210, WORDS[7]), tokens=8)

    assert timing.stamp_tokens == (6, 1, 1)
    assert timing.spread_tokens == 8
    assert timing.tpot_s == pytest.approx(0.1)


def test_nearly_all_of_an_answer_in_the_first_message() -> None:
    """A message has a token at the least, and is not taken for half of them."""
    timing = timing_of((10, "".join(WORDS) * 3), (110, " end"), tokens=25)

    assert timing.tpot_s is not None
    assert timing.tpot_s >= 0.05


def test_a_long_first_word_is_as_good_as_any_other() -> None:
    """Words have chance lengths: messages of about a token each are taken alike."""
    texts = ["Certainly", *WORDS, *WORDS, *WORDS]
    stamped = [(10 * place, text) for place, text in enumerate(texts, start=1)]

    timing = timing_of(*stamped, tokens=30)

    assert set(timing.stamp_tokens) == {1}
    assert timing.later_tokens == 30 * 24 / 25


def test_single_letters_may_be_tokens_of_their_own() -> None:
    """So nine tokens in three messages of three letters are believed."""
    timing = timing_of((10, " a b c"), (110, " d e f"), (210, " g h i"), tokens=9)

    assert timing.tpot_s == pytest.approx(0.2 / 6)


@given(
    st.lists(st.integers(1, 40), min_size=2, max_size=8),
    st.lists(st.booleans(), min_size=8, max_size=8),
)
def test_decoding_never_looks_faster_than_by_equal_messages(
    sizes: list[int], apart: Sequence[bool]
) -> None:
    """However text is put into messages and messages into reads."""
    instants = list(accumulate([10, *map(int, apart[: len(sizes) - 1])]))
    # No message begins with the one before: it would be all text so far.
    words = [f" {letter}o" for letter in "abcdefgh"]
    texts = [
        (at, word * size)
        for at, word, size in zip(instants, words, sizes, strict=False)
    ]

    timing = timing_of(*texts, tokens=min(sum(sizes), 64))

    later = sum(at != instants[0] for at in instants)
    tokens = timing.spread_tokens or sum(timing.stamp_tokens)
    assert timing.later_tokens <= tokens * later / len(sizes) + 1e-9
    assert timing.later_tokens >= (later if tokens >= len(sizes) else 0)


class CountingWords(Loopback):
    """A server that has a tokenizer, whose tokens are words."""

    def script_for(self, body: bytes) -> Script:
        """Count what is posted beside the API, and play the script else."""
        text = json.loads(body).get("input")
        if isinstance(text, str):
            return [answer(json.dumps({"count": len(text.split())}))]
        return super().script_for(body)


def test_a_server_that_counts_when_asked_counts_the_beginning_too(
    open_at: Opener,
) -> None:
    """What its tokenizer says of the first message is what that holds."""
    server = CountingWords()
    first = chunks(event(said("".join(WORDS[:6]))), last=False)
    rest = [event(said(WORDS[6])), event(said(WORDS[7])), event(ended()), DONE]
    server.scripts = [[head() + first, 0.05, chunks(*rest)]]
    try:
        timing = ask(open_at(url_of(server))).timing
    finally:
        server.stop()

    assert timing.stamp_tokens == (6, 2)
    assert timing.spread_tokens == 8


@pytest.mark.parametrize("beat", [" ", "\n", "\u200b"])
@pytest.mark.parametrize("tokens", [2, 3])
def test_blanks_that_keep_alive_are_no_first_token(beat: str, tokens: int) -> None:
    """Where the server does not count them; no letter is lost."""
    beats = [(at, said(beat)) for at in (10, 20, 30)]
    texts = [(200, said("four")), (300, said(" words"))]

    response = streamed(*beats, *texts, (300, ended()), (300, used(tokens)))

    assert response.timing.ttft_s == pytest.approx(0.2)
    assert response.timing.tpot_s == pytest.approx(0.1)
    assert response.generation is not None
    assert response.generation.text == 3 * beat + "four words"


def test_a_line_end_that_a_model_begins_with_is_a_token() -> None:
    """The server counts it."""
    texts = [(10, said("\n")), (20, said("four")), (30, said(" words"))]

    response = streamed(*texts, (40, ended()), (40, used(3)))

    assert response.timing.ttft_s == pytest.approx(0.01)


# Sums that contradict something else.


def test_two_sums_that_do_not_agree() -> None:
    """Which of them is right is not known, and a note says so."""
    texts = [(10, said("four")), (20, said(" words"))]

    response = streamed(*texts, (30, ended()), (30, used(2)), (30, used(4)))

    assert tokens_of(response) is None
    assert response.timing.tpot_s is None
    assert "two sums that do not agree" in str(response.note)


def test_a_sum_that_grows_by_the_end_alone() -> None:
    """The token that ends an answer may be counted only behind it."""
    texts = [(10, said("four")), (20, said(" words"))]
    end = {**ended(), "usage": {"completion_tokens": 2, "prompt_tokens": 7}}

    assert tokens_of(streamed(*texts, (30, end), (30, used(3)))) == 3


def test_hidden_tokens_before_the_text_are_no_contradiction() -> None:
    """A server that counts along counts its thoughts too."""
    thought = [(at, with_usage("", at)) for at in (5, 10, 15)]

    response = streamed(*thought, (16, with_usage("four", 16)), (17, ended()))

    assert tokens_of(response) == 16


def test_messages_that_tell_only_their_own_tokens() -> None:
    """One for each message is no sum: six pieces are not one token."""
    texts = ("p", "o", "s", "i", "ti", "ve")
    messages = [(at, with_usage(text, 1)) for at, text in enumerate(texts, start=1)]

    response = streamed(*messages, (9, ended()))

    assert tokens_of(response) is None
    assert "each message told its own" in str(response.note)


def test_a_sum_that_stands_in_each_message() -> None:
    """A kept answer's is known from the first message on."""
    response = streamed((10, with_usage("four", 2)), (20, with_usage(" words", 2)))

    assert tokens_of(response) == 2


def test_a_prompt_that_was_counted_with_the_answer() -> None:
    """The total is then the answer's."""
    response = streamed(
        (10, said("four")), (20, ended()), (20, used(9, total_tokens=9))
    )

    assert tokens_of(response) is None
    assert "those of the prompt" in str(response.note)


@pytest.mark.parametrize(
    "end",
    [
        {
            "choices": [
                {"index": 0, "delta": {}, "finish_reason": "stop", "usage": None}
            ]
        },
        {"choices": [], "x_groq": {"id": "req"}},
        {"choices": [], "usage": [2]},
    ],
)
def test_places_of_usage_without_any(end: dict[str, object]) -> None:
    """They are passed over."""
    response = streamed((10, said("four")), (20, ended()), (20, end))

    assert tokens_of(response) is None


FIGURES = {"completion_tokens": 1, "prompt_tokens": 7}


@pytest.mark.parametrize(
    "end",
    [
        {"choices": [{"index": 0, "delta": {}, "usage": FIGURES}]},
        {"choices": [], "x_groq": {"usage": FIGURES}},
        {"choices": [], "usage": {"output_tokens": 1, "input_tokens": 7}},
    ],
    ids=["Moonshot", "Groq", "newer names"],
)
def test_other_places_and_names_of_usage(end: dict[str, object]) -> None:
    """They are the same figures."""
    response = streamed((10, said("four")), (20, ended()), (20, end))

    assert tokens_of(response) == 1
    assert response.generation is not None
    assert response.generation.prompt_tokens == 7


def test_a_figure_that_is_believed_has_no_note() -> None:
    """There is nothing odd about it."""
    response = read([(10, stream(said("four"), ended(), used(1)))])

    assert response.note is None
