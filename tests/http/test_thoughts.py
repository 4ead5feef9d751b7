"""Thoughts of a model behind a server, in every shape in which they are sent."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pytest_llmlat.backends.completions.requests import conversation, payload
from pytest_llmlat.values.errors import BadCatalogue, Unsupported
from pytest_llmlat.values.thought_tags import tags_of
from tests.http.asking import QUESTION, answered, ask, read, url_of
from tests.http.loopback import (
    DONE,
    chunks,
    ended,
    event,
    head,
    said,
    stream,
    used,
)

if TYPE_CHECKING:
    from pytest_llmlat.values.records import Generation, Request, Response
    from tests.http.asking import Opener
    from tests.http.loopback import Loopback

PARTS = st.lists(st.text(alphabet="ab<>/think\n ", min_size=1, max_size=9), max_size=6)


def one_by_one(*messages: object, request: Request = QUESTION) -> Response:
    """Read a stream whose messages come 10 ns after each other."""
    pieces = [(1, head())] + [
        (10 * number, chunks(event(message), last=False))
        for number, message in enumerate(messages, start=1)
    ]
    return read([*pieces, (999, chunks(DONE))], request)


def generation_of(response: Response) -> Generation:
    """Return what was generated, which must be something."""
    assert response.error is None
    assert response.generation is not None
    return response.generation


def delta(**fields: object) -> dict[str, Any]:
    """Return a message of a stream."""
    return {"choices": [{"index": 0, "delta": fields}]}


def counted(tokens: int, thoughts: int | None) -> dict[str, Any]:
    """Return a message of usage that tells the tokens of thoughts."""
    details = {"completion_tokens_details": {"reasoning_tokens": thoughts}}
    message: dict[str, Any] = used(tokens)
    return {**message, "usage": {**message["usage"], **details}}


@pytest.mark.parametrize(
    "fields",
    [
        {"reasoning_content": "hm"},
        {"reasoning": "hm"},
        {"thinking": "hm"},
        {"reasoning_details": [{"type": "reasoning.text", "text": "hm"}]},
        {"reasoning_details": [{"type": "reasoning.summary", "summary": "hm"}]},
        {
            "content": [
                {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}
            ]
        },
        {"content": [{"type": "thinking", "thinking": "hm"}]},
        {"content": [{"type": "reasoning", "summary": [{"text": "hm"}]}]},
        {"content": [{"type": "text", "text": "hm", "thought": True}]},
        {"reasoning_text": "hm"},
        {"reasoning": {"content": "hm"}},
        {"reasoning_content": [{"type": "text", "text": "hm"}]},
        {"thinking_blocks": [{"type": "thinking", "thinking": "hm"}]},
        {"reasoning_content": "hm", "thinking_blocks": [{"thinking": "hm"}]},
    ],
    ids=[
        *("deepseek", "openrouter", "others", "details", "summary", "mistral"),
        *("anthropic", "openai", "gemini", "copilot", "object", "parts"),
        *("litellm", "twice"),
    ],
)
def test_thoughts_beside_the_content(fields: dict[str, object]) -> None:
    """Each server names them otherwise; they are stamped and kept apart."""
    response = one_by_one(delta(**fields), delta(**fields), said("a"), ended(), used(3))

    generation, timing = generation_of(response), response.timing

    assert (generation.text, generation.thoughts) == ("a", "hmhm")
    assert (timing.reasoning_ns, timing.thought_end_ns) == (10, 20)
    assert timing.stamps_ns == (30,)
    assert (generation.output_tokens, generation.thought_tokens) == (3, 2)


def test_thoughts_inside_the_content() -> None:
    """What stands between tags is no content: it has ttfr, and the answer ttft."""
    pieces = ["<th", "ink>", "h", "m", "</think>", "\n\n", "Par", "is"]

    response = one_by_one(*map(said, pieces), ended(), used(8))

    generation, timing = generation_of(response), response.timing
    assert (generation.text, generation.thoughts) == ("Paris", "hm")
    assert timing.reasoning_ns == 30
    assert (timing.stamps_ns, timing.stamp_tokens) == ((70, 80), (1, 1))
    assert (generation.output_tokens, generation.thought_tokens) == (8, 6)


@given(PARTS, st.lists(st.integers(0, 99), max_size=9))
@example(["a</think>"], [3])
def test_no_character_is_lost_or_doubled(parts: list[str], places: list[int]) -> None:
    """However it is cut, the same text is split into the same thought and answer."""
    text = f"<think>{''.join(parts)}</think>x{''.join(parts)}"
    borders = [0, *sorted({place % len(text) for place in places} - {0}), len(text)]
    pieces = [text[a:b] for a, b in pairwise(borders)]

    whole = generation_of(one_by_one(said(text), ended()))
    cut = generation_of(one_by_one(*map(said, pieces), ended()))

    assert (cut.text, cut.thoughts) == (whole.text, whole.thoughts)
    thought, _, answer = text.removeprefix("<think>").partition("</think>")
    assert (whole.text, whole.thoughts or "") == (answer.lstrip(), thought.strip())


def test_a_closing_tag_alone_tells_that_the_prompt_opened_the_thought() -> None:
    """Only at the start of a line: an answer may talk of the tag."""
    closed = one_by_one(said("hm"), said("\n</think>\n\n"), said("a"), ended())
    talk = one_by_one(said("Write `</think>` at the end."), ended())

    assert generation_of(closed).text == "a"
    assert generation_of(closed).thoughts == "hm"
    assert closed.timing.reasoning_ns == 10
    assert generation_of(talk).thoughts is None


def test_tokens_of_thoughts_as_the_server_tells_them() -> None:
    """Also where it does not show what it thought."""
    response = one_by_one(said("a"), said("b"), ended(), counted(9, 7))

    assert generation_of(response).thought_tokens == 7
    assert generation_of(response).thoughts is None
    assert response.timing.stamp_tokens == (1, 1)
    assert (
        generation_of(one_by_one(said("a"), ended(), counted(1, 0))).thought_tokens == 0
    )


def test_tokens_of_thoughts_that_nobody_told() -> None:
    """Messages of several tokens say nothing of either; none is guessed."""
    pieces = [said("<think>so and"), said(" so</think>Pa"), said("ris")]

    response = one_by_one(*pieces, ended(), used(9))

    assert generation_of(response).thought_tokens is None
    assert generation_of(response).text == "Paris"
    # One token a stamp is the least: more would make decoding look faster.
    assert response.timing.spread_tokens == 2


@pytest.mark.parametrize(
    "pieces",
    [
        [delta(reasoning_content="is it 31?")],
        [said("<think>is it "), said("31?")],
        [said("<think>")],
        [said(""), counted(64, 64)],
    ],
    ids=["beside", "inside", "begun", "unseen"],
)
def test_an_answer_cut_in_its_thoughts(pieces: list[dict[str, Any]]) -> None:
    """It has no first token, and is told from one that was cut in its answer."""
    response = one_by_one(*pieces, ended("length"))

    assert generation_of(response).cut_in_thought
    assert generation_of(response).text == ""
    assert response.timing.ttft_s is None
    answered = one_by_one(said("<think>a</think>It is"), ended("length"))
    assert not generation_of(answered).cut_in_thought


def test_an_answer_that_did_not_come_as_a_stream() -> None:
    """It has thoughts in the same shapes, and no stamps."""
    top = head().replace(b"text/event-stream", b"application/json")
    for message in (
        {"content": "a", "reasoning_content": "hm"},
        {"content": "<think>hm</think>\n\na"},
    ):
        told = {"choices": [{"message": message, "finish_reason": "stop"}]}
        response = read([(10, top + chunks(json.dumps(told).encode()))])

        assert generation_of(response).text == "a"
        assert generation_of(response).thoughts == "hm"
        assert response.timing.reasoning_ns is None


def test_a_stop_string_is_the_answers() -> None:
    """A thought goes past it, and a server that would stop there is not told it."""
    request = replace(QUESTION, stop=("\n",), thinking_tokens=64)
    response = one_by_one(
        said("<think>a\nb"), said("</think>\n"), said("c\nd"), ended(), request=request
    )
    named = replace(QUESTION, stop=("\n",), thought_tags=tags_of("<t> </t>"))

    assert generation_of(response).text == "c"
    for asked in (request, named):
        body = payload(asked, model="m", stream=True, without=frozenset())
        assert "stop" not in body
    plain = replace(request, thinking_tokens=None)
    assert payload(plain, model="m", stream=True, without=frozenset())["stop"] == ["\n"]


def test_stop_strings_are_no_longer_sent_to_a_server_that_thinks(
    server: Loopback, open_at: Opener
) -> None:
    """It would end thoughts at them: what the warm-up met is cut in thought."""
    server.scripts = [[stream(said("<think>\n"), ended("length"))]]
    model = open_at(url_of(server))
    request = replace(QUESTION, stop=("\n\n",))

    first, _ = ask(model, request), ask(model, request)

    assert generation_of(first).cut_in_thought
    sent = [body.get("stop") for body in server.posted if "messages" in body]
    assert sent == [["\n\n"], None]


def test_a_budget_is_told_as_the_entry_says(server: Loopback, open_at: Opener) -> None:
    """Its number stands where the entry has a place for it, and room is made for it."""
    model = open_at(
        url_of(server), thinking_body='{"reasoning": {"max_tokens": "$tokens"}}'
    )

    answered(model, replace(QUESTION, thinking_tokens=128))

    (sent,) = [body for body in server.posted if "messages" in body]
    assert sent["reasoning"] == {"max_tokens": 128}
    assert sent["max_tokens"] == QUESTION.max_new_tokens + 128


def test_a_budget_that_cannot_be_told_is_refused(
    server: Loopback, open_at: Opener
) -> None:
    """Servers differ: the message shows how an entry says it."""
    with pytest.raises(Unsupported, match="thinking_body"):
        open_at(url_of(server), thinking_tokens=64)
    # Of a task: the cell fails with the same words, and nothing is sent.
    with pytest.raises(Unsupported, match="thinking_body"):
        ask(open_at(url_of(server)), replace(QUESTION, thinking_tokens=64))
    assert server.posted == []
    with pytest.raises(BadCatalogue, match="tokens"):
        open_at(url_of(server), thinking_body='{"thinking_budget": 5}')


def test_no_thinking_is_told_to_the_template() -> None:
    """As the switches of a task or an entry are, which are stronger."""
    none = replace(QUESTION, thinking_tokens=0)
    both = replace(none, template=(("enable_thinking", True), ("language", "en")))

    def switches(request: Request) -> object:
        body = payload(request, model="m", stream=True, without=frozenset())
        return body.get("chat_template_kwargs")

    assert switches(QUESTION) is None
    assert switches(none) == {"enable_thinking": False}
    assert switches(both) == {"enable_thinking": True, "language": "en"}


def test_what_was_sent_beside_the_prompt() -> None:
    """The messages and the switches, as JSON; nothing where the prompt was all."""
    asked = replace(QUESTION, system="Be brief.", turns=(("1 + 1?", "2"),))

    told = json.loads(conversation(asked) or "")

    assert conversation(QUESTION) is None
    assert [message["role"] for message in told["messages"]] == [
        *("system", "user", "assistant", "user"),
    ]
