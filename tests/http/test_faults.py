"""Every way in which a server can fail, and what the response says of it."""

from __future__ import annotations

import json
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.values.sampling import GREEDY, Sampling
from pytest_llmlat.values.timing import NS_PER_S
from tests.http.asking import CLOCK, QUESTION, answered, ask, error_of, url_of
from tests.http.loopback import (
    CLOSE,
    HANG,
    HELLO,
    RESET,
    answer,
    body,
    chunks,
    complaint,
    ended,
    event,
    head,
    said,
)

if TYPE_CHECKING:
    from pytest_llmlat.backends.completions.completions_server import Completions
    from tests.http.asking import Opener
    from tests.http.loopback import Loopback


def test_an_ordinary_answer(model: Completions) -> None:
    """Text, tokens by the server's count, and instants in their order."""
    start = CLOCK.now_ns()

    exchange = model.run(model.exchange(QUESTION, start))
    response = model.read(QUESTION, exchange)

    assert response.error is None
    assert response.generation is not None
    assert response.generation.text == "Hello you"
    assert response.generation.finish == "stop"
    assert response.generation.output_tokens == 3
    assert response.generation.prompt_tokens == 7
    assert response.generation.token_source == "usage"  # noqa: S105 - no password
    timing = response.timing
    assert timing.start_ns == start
    assert timing.sent_ns is not None
    assert start < timing.sent_ns < timing.stamps_ns[0] <= timing.end_ns
    assert sum(timing.stamp_tokens) == 2
    assert not exchange.failed


def test_what_is_asked(server: Loopback, model: Completions) -> None:
    """A greedy answer, streamed, with the server's own token counts."""
    answered(model, replace(QUESTION, stop=tuple("abcdef"), seed=5))

    head, _ = server.requests[-1]
    assert server.posted == [
        {
            "model": "tiny",
            "messages": [{"role": "user", "content": "What is 2 + 2?"}],
            "max_tokens": 64,
            "temperature": 0,
            "stream": True,
            "stream_options": {"include_usage": True},
            "stop": ["a", "b", "c", "d"],
            "seed": 5,
        }
    ]
    assert head.startswith("POST /v1/chat/completions HTTP/1.1\r\n")
    assert "\r\nAccept: text/event-stream" in head
    name = head.partition("\r\nX-Request-Id: ")[2].partition("\r\n")[0]
    assert str(uuid.UUID(name)) == name  # some servers take no other
    assert "Authorization" not in head


DRAWN = Sampling(temperature=0.8, top_p=0.95, seed=7)


def sampled(model: Completions) -> Sampling | None:
    """Ask for a drawn answer, and return what its generation says of it."""
    response = ask(model, replace(QUESTION, seed=7, sampling=DRAWN))
    assert response.generation is not None, response.error
    return response.generation.sampling


def test_what_is_asked_where_tokens_are_drawn(
    server: Loopback, model: Completions
) -> None:
    """The nucleus is sent even where it is whole: a server may have one of its own."""
    assert sampled(model) == DRAWN
    body = server.posted[-1]
    assert (body["temperature"], body["top_p"], body["seed"]) == (0.8, 0.95, 7)


@pytest.mark.parametrize(
    ("extra", "told"),
    [
        ({"temperature": 0.3}, replace(DRAWN, temperature=0.3)),
        ({"top_p": 0.5}, replace(DRAWN, top_p=0.5)),
        ({"seed": 1}, replace(DRAWN, seed=1)),
        ({"seed": None}, replace(DRAWN, seed=None)),
        ({"temperature": 0}, GREEDY),
        ({"temperature": None}, None),
        ({"temperature": "warm"}, None),
        ({"top_p": None}, None),
        ({"use_beam_search": True}, None),
        ({"best_of": 3}, None),
        ({"use_beam_search": False}, DRAWN),
    ],
)
def test_fields_of_the_entry_that_change_how_tokens_are_drawn_are_told(
    server: Loopback,
    open_at: Opener,
    extra: dict[str, object],
    told: Sampling | None,
) -> None:
    """What was really sent stands in the record, not what was to be."""
    model = open_at(url_of(server), extra_body=json.dumps(extra))

    assert sampled(model) == told


def test_greedy_is_claimed_only_where_it_was_asked_for(
    server: Loopback, open_at: Opener
) -> None:
    """An entry may have every answer drawn, whatever the task says."""
    model = open_at(url_of(server), extra_body='{"temperature": 1, "top_p": 1}')

    response = ask(model)

    assert response.generation is not None
    assert response.generation.sampling == Sampling(temperature=1.0, seed=0)


@pytest.mark.parametrize("name", ["temperature", "top_p"])
def test_a_server_that_takes_no_sampling_is_asked_without(
    server: Loopback, model: Completions, name: str
) -> None:
    """How it draws then is not known, and is not called greedy."""
    server.scripts = [[complaint("400 Bad Request", f"{name} is not known")], [HELLO]]

    assert sampled(model) is None
    assert name not in server.posted[-1]


def test_a_text_to_continue(server: Loopback, open_at: Opener) -> None:
    """A base model is asked by another path and answers in another field."""
    choice = {"index": 0, "text": " 4", "finish_reason": "length"}
    server.scripts = [[head() + chunks(body({"choices": [choice]}))]]
    model = open_at(url_of(server), chat=False)

    response = ask(model, replace(QUESTION, chat=False))

    assert not model.chat
    posts = [line for line, _ in server.requests if line.startswith("POST")]
    assert posts[0].startswith("POST /v1/completions ")
    assert server.posted[0]["prompt"] == "What is 2 + 2?"
    assert response.generation is not None
    assert (response.generation.text, response.generation.finish) == (" 4", "length")


def test_a_hang_before_the_first_byte(server: Loopback, open_at: Opener) -> None:
    """It is given up at the time limit, as a time-out and not as a failure."""
    server.scripts = [[HANG], [HELLO]]
    model = open_at(url_of(server), timeout_s=0.2)

    response = ask(model)

    assert response.timed_out
    assert error_of(response) == (
        f"{url_of(server)}: timed out after 0.2 s; no text had come"
    )
    assert response.timing.stamps_ns == ()
    assert response.timing.e2e_s >= 0.19
    assert response.transport is not None
    assert response.transport.status is None
    assert answered(model) == "Hello you"


def test_a_hang_in_mid_stream(server: Loopback, open_at: Opener) -> None:
    """What had come by then keeps its stamps."""
    begun = head() + chunks(event(said("a")), event(said("b")), last=False)
    server.scripts = [[begun, HANG]]

    response = ask(open_at(url_of(server), timeout_s=0.2))

    assert response.timed_out
    assert "timed out after 0.2 s; 2 pieces of text had come" in error_of(response)
    assert response.timing.stamps_ns
    assert response.timing.end_ns - response.timing.start_ns >= 0.19 * NS_PER_S


@pytest.mark.parametrize("how", [CLOSE, RESET])
@pytest.mark.parametrize(
    "framing",
    ["Transfer-Encoding: chunked", "Content-Length: 5000", "Connection: close"],
)
def test_cut_in_mid_stream(
    server: Loopback, model: Completions, how: str, framing: str
) -> None:
    """Half an answer is an error, whatever the framing; its stamps are kept."""
    datas = event(said("a")) + event(said("b"))
    coded = chunks(datas, last=False) if "chunked" in framing else datas
    server.scripts = [[head(framing=framing) + coded, how]]

    exchange = model.run(model.exchange(QUESTION, CLOCK.now_ns()))
    response = model.read(QUESTION, exchange)

    # Where only the end of the connection ends an answer, a clean one may be its end.
    assert exchange.failed == (how == RESET or "close" not in framing)
    assert "cut off" in error_of(response)
    assert not response.timed_out
    # A reset may overtake what was written before it.
    assert how == RESET or response.timing.stamps_ns
    assert len(server.posted) == 1


def test_no_end_mark_but_a_reason(server: Loopback, model: Completions) -> None:
    """Not every server says [DONE]; a reason to finish will do."""
    server.scripts = [[head() + chunks(body(said("a"), ended("length"), done=False))]]

    response = ask(model)

    assert response.generation is not None
    assert (response.generation.text, response.generation.finish) == ("a", "length")


def test_closed_by_the_server_at_the_end(server: Loopback, model: Completions) -> None:
    """Without a length the end of the connection is the end of the answer."""
    whole = head(framing="Connection: close") + body(said("a"), ended())
    server.scripts = [[whole, CLOSE]]

    assert answered(model) == "a"


def test_invalid_json_in_a_message(server: Loopback, model: Completions) -> None:
    """The message is shown, and the stamps before it are kept."""
    broken = event(said("a")) + b'data: {"choices": [}\n\n' + event(said("b"))
    server.scripts = [[head() + chunks(broken)]]

    response = ask(model)

    assert "is not JSON: '{\"choices\": [}'" in error_of(response)
    assert len(response.timing.stamps_ns) == 1


def test_lines_of_json_are_no_stream_of_ours(
    server: Loopback, model: Completions
) -> None:
    """Ollama's own form, as it is at /api: quoted, and where OpenAI's form is."""
    lines = [
        {"message": {"content": text}, "done": not text} for text in ("a", "b", "")
    ]
    text = "".join(json.dumps(line) + "\n" for line in lines)
    server.scripts = [[answer(text, kind="application/x-ndjson")]]

    told = error_of(ask(model))

    assert "a stream of JSON lines and not of OpenAI's events" in told
    assert '{"message": {"content": "a"}' in told
    assert "an address that ends in /v1" in told


@pytest.mark.parametrize("framed", [True, False])
def test_an_error_inside_of_a_stream(
    server: Loopback, model: Completions, *, framed: bool
) -> None:
    """What the server reports is said, even if it then breaks off."""
    broken = event(said("a")) + event({"error": {"message": "out of memory"}})
    server.scripts = [[head() + chunks(broken, last=framed), CLOSE]]

    response = ask(model)

    assert "reports an error in its answer: out of memory" in error_of(response)
    assert len(response.timing.stamps_ns) == 1


@pytest.mark.parametrize("reason", ["content_filter", "abort", "error"])
def test_an_answer_that_was_given_up(
    server: Loopback, model: Completions, reason: str
) -> None:
    """An end that the server calls none is an error, not a stop."""
    server.scripts = [[head() + chunks(body(said("a"), ended(reason)))]]

    assert f"gave the answer up: {reason}" in error_of(ask(model))


@pytest.mark.parametrize("status", ["200 OK", "404 Not Found"])
def test_a_web_page(server: Loopback, model: Completions, status: str) -> None:
    """Somebody's start page is no answer."""
    page = answer("<!doctype html><h1>Hi</h1>", status=status, kind="text/html")
    server.scripts = [[page]]

    error = error_of(ask(model))

    assert "a web page" in error
    assert "/v1" in error
    assert "<h1>" not in error


def test_no_http_at_all(server: Loopback, model: Completions) -> None:
    """Whatever listens there, it is named."""
    server.scripts = [[b"220 mail.example ESMTP\r\n"]]

    error = error_of(ask(model))

    assert "what came is not HTTP/1.1" in error
    assert "it begins b'220 mail.exa'" in error


def test_a_new_connection_that_answers_nothing(
    server: Loopback, model: Completions
) -> None:
    """The stale connection is replaced once; then it is the server's fault."""
    server.scripts = [[CLOSE]]

    response = ask(model)

    assert "closed the connection and answered nothing" in error_of(response)
    assert response.transport is not None
    assert response.transport.retried_for == ("stale",)


def test_a_slow_drip(server: Loopback, model: Completions) -> None:
    """Bytes that come one by one are the same answer."""
    server.scripts = [[HELLO[i : i + 1] for i in range(len(HELLO))]]

    response = ask(model)

    assert response.error is None
    assert sum(response.timing.stamp_tokens) == 2


def test_a_huge_token(server: Loopback, model: Completions) -> None:
    """Ten megabytes in one line are one piece of text."""
    text = "x" * 10_000_000
    server.scripts = [[head() + chunks(body(said(text), ended()))]]

    response = ask(model)

    assert response.generation is not None
    assert response.generation.text == text
    assert len(response.timing.stamps_ns) == 1


def test_an_answer_of_no_tokens(server: Loopback, model: Completions) -> None:
    """It is an answer, empty, and has no first token."""
    server.scripts = [[head() + chunks(body(ended()))]]

    response = ask(model)

    assert response.generation is not None
    assert response.generation.text == ""
    assert response.generation.output_tokens is None
    assert response.timing.ttft_s is None


def test_a_length_instead_of_chunks(server: Loopback, model: Completions) -> None:
    """A stream may be framed by its length."""
    events = body(said("a"), ended())
    server.scripts = [[answer(events, kind="text/event-stream")]]

    assert answered(model) == "a"
    assert answered(model) == "a"
    assert server.connections == 1


@pytest.mark.parametrize("stream", [True, False])
def test_an_answer_at_once(server: Loopback, open_at: Opener, *, stream: bool) -> None:
    """An answer that is no stream has no time to first token."""
    choice = {"message": {"content": "four"}, "finish_reason": "stop"}
    usage = {"completion_tokens": 2, "prompt_tokens": 9}
    whole = {"id": "c1", "choices": [choice], "usage": usage}
    server.scripts = [[answer(json.dumps(whole))]]

    response = ask(open_at(url_of(server), stream=stream))

    assert response.generation is not None
    assert response.generation.text == "four"
    assert response.generation.output_tokens == 2
    assert response.timing.stamps_ns == ()
    assert (response.timing.ttft_s, response.timing.tpot_s) == (None, None)
    assert response.timing.e2e_s > 0
    assert server.posted[0]["stream"] is stream
    assert ("stream_options" in server.posted[0]) is stream
