"""Options ranked by a server that repeats a prompt with its log-probabilities."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pytest_llmlat.backends.completions.echoed_likelihoods import EchoedPair, NoEcho
from pytest_llmlat.values.errors import Unsupported
from pytest_llmlat.values.records import Request
from tests.http.asking import ask, error_of, url_of
from tests.http.loopback import answer, complaint

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.http.asking import Opener
    from tests.http.loopback import Loopback

RANKED = Request(
    prompt="The sky is",
    chat=False,
    max_new_tokens=0,
    continuations=(" blue", " so red"),
)
START = (("The", None), (" sky", -3.0), (" is", -1.0))
BLUE = (*START, (" blue", -0.5), (".", -0.1))
RED = (*START, (" so", -2.0), (" red", -1.5), (".", -0.1))


def echo(tokens: Sequence[tuple[str, object]], **more: object) -> bytes:
    """Return the answer of a server that tells, with the token that it generated."""
    logprobs = {
        "tokens": [text for text, _ in tokens],
        "token_logprobs": [figure for _, figure in tokens],
    }
    text = "".join(text for text, _ in tokens)
    choice = {"text": text, "logprobs": logprobs, "finish_reason": "length"}
    usage = {"prompt_tokens": len(tokens) - 1, "completion_tokens": 1}
    return answer(json.dumps({"choices": [choice], "usage": usage, **more}))


def test_each_continuation_has_its_own_tokens_and_no_other(
    server: Loopback, open_at: Opener
) -> None:
    """Neither those of the prompt nor the one that is generated behind."""
    server.scripts = [[echo(BLUE)], [echo(RED)]]

    response = ask(open_at(url_of(server)), RANKED)

    assert response.error is None
    assert response.generation is not None
    found = response.generation.likelihoods
    assert [(each.logprob, each.tokens) for each in found] == [(-0.5, 1), (-3.5, 2)]
    assert response.generation.prompt_tokens == 3
    assert response.generation.output_tokens is None


def test_what_is_sent(server: Loopback, open_at: Opener) -> None:
    """A prompt to be repeated, to the address of completions, not streamed."""
    server.scripts = [[echo(BLUE)], [echo(RED)]]

    ask(open_at(url_of(server), extra_body='{"user": "us"}'), RANKED)

    assert [body["prompt"] for body in server.posted] == [
        "The sky is blue",
        "The sky is so red",
    ]
    for body in server.posted:
        assert (body["echo"], body["logprobs"], body["stream"]) == (True, 1, False)
        assert (body["model"], body["user"]) == ("tiny", "us")
    paths = [head.split()[1] for head, _ in server.requests if head[:4] == "POST"]
    assert paths == ["/v1/completions"] * 2


def test_it_takes_from_the_first_sending_to_the_last_answer(
    server: Loopback, open_at: Opener
) -> None:
    """No token of an answer has a stamp."""
    server.scripts = [[echo(BLUE)], [echo(RED)]]

    timing = ask(open_at(url_of(server)), RANKED).timing

    assert (timing.stamps_ns, timing.ttft_s, timing.tpot_s) == ((), None, None)
    assert timing.sent_ns is not None
    assert timing.start_ns <= timing.sent_ns < timing.end_ns
    assert timing.e2e_s == (timing.end_ns - timing.start_ns) / 1e9


def test_blanks_at_the_end_of_a_prompt_belong_to_the_continuation(
    server: Loopback, open_at: Opener
) -> None:
    """Tokens begin with the blank before a word."""
    server.scripts = [[echo(BLUE)]]
    request = Request(
        prompt="The sky is ", chat=False, max_new_tokens=0, continuations=("blue",)
    )

    response = ask(open_at(url_of(server)), request)

    assert response.generation is not None
    assert response.generation.likelihoods[0].logprob == -0.5


NO_FIGURES = answer(
    json.dumps({"choices": [{"text": " up", "finish_reason": "length"}], "usage": {}})
)
REFUSAL = complaint("400 Bad Request", "echo is not supported")
THURSDAY = " Thursday"
WEEK = "The days of the week are Monday, Tuesday, Wednesday,"
WRITTEN = echo([(THURSDAY, -1.6)])


@pytest.mark.parametrize(
    ("scripts", "told"),
    [
        ([NO_FIGURES], "no log-probabilities"),
        ([REFUSAL], "echo is not supported"),
        ([WRITTEN, NO_FIGURES], "no log-probabilities"),
        ([WRITTEN, REFUSAL], "echo is not supported"),
        ([WRITTEN, echo([("It", -1.0)])], "where the prompt does"),
        ([WRITTEN, echo([(f"{WEEK}{THURSDAY}", -1)])], "where the prompt does"),
        ([WRITTEN, echo([(WEEK, None), (" Thursdays", -1)])], "' Thursday' does"),
        ([WRITTEN, echo([(WEEK, None), (THURSDAY, None)])], "has no log-prob"),
        # Each token has the figure of the next.
        ([WRITTEN, echo([(WEEK, -1), (THURSDAY, -9.9), (",", -1)])], "-9.9.*-1.6"),
    ],
)
def test_a_server_that_does_not_tell_is_refused(
    server: Loopback, open_at: Opener, scripts: list[bytes], told: str
) -> None:
    """Before anything is measured, with what it lacks; a guess is no ranking."""
    server.scripts = [[each] for each in scripts]

    with pytest.raises(Unsupported, match=f"{told}.*echo and logprobs"):
        open_at(url_of(server)).check_ranking()


def test_a_server_that_tells_the_same_twice_is_taken(
    server: Loopback, open_at: Opener
) -> None:
    """Of the token that it generated, and in the echo of a prompt that ends in it."""
    server.scripts = [[WRITTEN], [echo([(WEEK, None), (THURSDAY, -1.61), (",", -1)])]]

    open_at(url_of(server)).check_ranking()

    first, second = server.posted
    assert (first["prompt"], first["echo"]) == (WEEK, False)
    assert (second["prompt"], second["echo"]) == (WEEK + THURSDAY, True)


def test_the_first_failure_ends_it(server: Loopback, open_at: Opener) -> None:
    """Half a ranking is none; the others are not asked about."""
    server.scripts = [[complaint("404 Not Found", "gone")], [echo(RED)]]

    response = ask(open_at(url_of(server)), RANKED)

    assert "gone" in error_of(response)
    assert len(server.posted) == 1


def test_a_full_context_is_told_as_one(server: Loopback, open_at: Opener) -> None:
    """As for an answer that is written."""
    words = "This model's maximum context length is 4 tokens"
    server.scripts = [[complaint("400 Bad Request", words)]]

    response = ask(open_at(url_of(server)), RANKED)

    assert response.generation is not None
    assert response.generation.finish == "context"
    assert response.generation.likelihoods == ()


PIECES = st.text(min_size=1, max_size=4)


@given(st.lists(PIECES, min_size=1), st.lists(PIECES, min_size=1), st.data())
def test_the_border_is_found_or_refused(
    before: list[str], behind: list[str], data: st.DataObject
) -> None:
    """Whatever the tokens, the figures are those of the continuation alone."""
    prompt, continuation = "".join(before), "".join(behind)
    assume(prompt.strip())
    figures = data.draw(
        st.lists(st.floats(-99, 0), min_size=len(behind), max_size=len(behind))
    )
    tokens = [
        *((text, -7.0) for text in before),
        *zip(behind, figures, strict=True),
        ("end", -7.0),
    ]
    pair = EchoedPair(prompt=prompt, continuation=continuation)

    found = pair.likelihood(echo(tokens).partition(b"\r\n\r\n")[2])

    assert found.tokens == len(behind)
    assert found.logprob == sum(figures)


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.text(), st.lists))
def test_any_other_answer_is_refused(content: object) -> None:
    """None is taken for an echo, and none breaks the reading."""
    pair = EchoedPair(prompt="a", continuation="b")
    choice = {"choices": [{"logprobs": {"tokens": content, "token_logprobs": content}}]}

    for answered in (content, {"choices": content}, choice):
        with pytest.raises(NoEcho):
            pair.likelihood(json.dumps(answered).encode())
