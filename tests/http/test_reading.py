"""Streams, read however they were cut, with the instants at which they came."""

from __future__ import annotations

import gzip
import json
import zlib
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pytest_llmlat.backends.transport.events import lines
from tests.http.asking import QUESTION, error_of, read
from tests.http.loopback import (
    DONE,
    body,
    chunks,
    ended,
    event,
    head,
    said,
    stream,
    used,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_llmlat.values.records import Generation, Response

SHORT = stream(said("é"), said("😀!"), ended("length"))
PLACES = st.lists(st.integers(0, len(SHORT)), max_size=8)


def cut(data: bytes, places: Iterable[int]) -> list[tuple[int, bytes]]:
    """Cut bytes into pieces that come at 10, 20, 30 and so on."""
    borders = [0, *sorted(set(places) - {0, len(data)}), len(data)]
    pieces = [data[a:b] for a, b in pairwise(borders)]
    return [(10 * number, piece) for number, piece in enumerate(pieces, start=1)]


def at_once(*messages: object) -> Response:
    """Read a stream that came in one piece."""
    return read([(10, stream(*messages))])


def generation_of(response: Response) -> Generation:
    """Return what was generated, which must be something."""
    assert response.error is None
    assert response.generation is not None
    return response.generation


@given(PLACES)
def test_where_a_stream_is_cut_does_not_matter(places: list[int]) -> None:
    """The same bytes in other pieces are the same text in as many tokens."""
    response = read(cut(SHORT, places))

    assert generation_of(response).text == "é😀!"
    assert generation_of(response).finish == "length"
    assert len(response.timing.stamps_ns) == 2


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize("kind", ["text/event-stream", ""])
def test_every_single_cut(end: bytes, kind: str) -> None:
    """At every byte, with every kind of line end, told or not that it is a stream."""
    events = body(said("é"), said("😀!"), ended()).replace(b"\n", end)
    top = head(framing=f"Content-Length: {len(events)}")
    data = top.replace(b"text/event-stream", kind.encode()) + events
    texts = {generation_of(read(cut(data, [place]))).text for place in range(len(data))}
    counts = {
        len(read(cut(data, [place])).timing.stamps_ns) for place in range(len(data))
    }

    assert texts == {"é😀!"}
    assert counts == {2}


def test_byte_by_byte() -> None:
    """A token's instant is that of the byte which completed its line."""
    response = read([(place, SHORT[place : place + 1]) for place in range(len(SHORT))])

    first = SHORT.index(b"\n", SHORT.index(b"data:"))
    second = SHORT.index(b"\n", SHORT.index(b"data:", first))
    assert response.timing.stamps_ns == (first, second)


@given(st.binary(max_size=300), PLACES)
@example(b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", [9])
@example(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\nnonsense", [])
def test_arbitrary_bytes_never_raise(data: bytes, places: list[int]) -> None:
    """Whatever comes, it is an error."""
    assert read(cut(data, places), complete=False).error


@given(st.binary(max_size=200), PLACES)
@example(b'data: {"choices": [' + b"[" * 100, [])
@example(b"data: " + b"[" * 100_000, [])
@example(b"data: [1]\n\ndata: [DONE]", [])
def test_arbitrary_bodies_never_raise(data: bytes, places: list[int]) -> None:
    """Whatever a stream holds, it is an error or an answer."""
    response = read(cut(head() + chunks(data), places))

    assert (response.error is None) != (response.generation is None)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(
                ["choices", "delta", "content", "usage", "message", "error", "id"]
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=6,
)


@given(message=VALUES, delta=VALUES, whole=st.booleans())
def test_arbitrary_messages_never_raise(
    message: object, delta: object, *, whole: bool
) -> None:
    """JSON of any shape is an error or an answer, as a stream or in one."""
    choice = {"index": 0, "delta": delta, "message": delta, "finish_reason": delta}
    for shape in (
        message,
        {"choices": [choice]},
        {"choices": message},
        {"usage": message},
    ):
        data = stream(shape)
        if whole:
            text = json.dumps(shape).encode()
            data = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (
                len(text),
                text,
            )

        response = read([(10, data)])

        assert (response.error is None) != (response.generation is None)


@given(st.lists(st.text(max_size=4), max_size=6), PLACES)
def test_no_text_is_lost(texts: list[str], places: list[int]) -> None:
    """The answer is all of the pieces; empty ones hold no stamp."""
    response = read(cut(stream(*map(said, texts), ended()), places))

    assert generation_of(response).text == "".join(texts)
    assert len(response.timing.stamps_ns) == sum(map(bool, texts))


@given(
    st.lists(st.sampled_from([b"a", b"\r", b"\n", b"\r\n", b""]), max_size=8),
    st.lists(st.integers(0, 16), max_size=5),
)
def test_lines_are_the_same_however_they_are_cut(
    parts: list[bytes], places: list[int]
) -> None:
    """A line end in two halves is one line end."""
    data = b"".join(parts)

    assert [line for _, line in lines(cut(data, places))] == [
        line for _, line in lines([(0, data)] if data else [])
    ]


def test_what_is_no_token() -> None:
    """Roles, empty content, comments, names and usage hold no stamp."""
    role = {"choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}}]}
    null = {"choices": [{"index": 0, "delta": {"content": None}}]}
    pieces = [
        (10, head()),
        (20, chunks(event(role), b": keep-alive\n\n", last=False)),
        (30, chunks(event(null), b"event: ping\ndata: {}\n\n", last=False)),
        (
            40,
            chunks(b"event: message\nid: 7\nretry: 3\n" + event(said("a")), last=False),
        ),
        (50, chunks(event(ended()), event({"choices": [], "usage": None}), last=False)),
        (60, chunks(DONE)),
    ]

    response = read(pieces)

    assert response.timing.stamps_ns == (40,)
    assert response.timing.ttft_s == 40e-9
    assert generation_of(response).text == "a"


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning"])
def test_reasoning_has_a_stamp_of_its_own(field: str) -> None:
    """It is no content, and its first token's instant is kept."""
    thought = {"choices": [{"index": 0, "delta": {field: "hm", "content": None}}]}
    pieces = [
        (10, head()),
        (20, chunks(event(thought), last=False)),
        (30, chunks(event(thought), last=False)),
        (40, chunks(event(said("a")), event(ended()), DONE)),
    ]

    response = read(pieces)

    assert response.timing.reasoning_ns == 20
    assert response.timing.stamps_ns == (40,)
    assert generation_of(response).text == "a"


@pytest.mark.parametrize("packing", ["gzip", "deflate"])
def test_a_packed_stream(packing: str) -> None:
    """It is unpacked as it came, so that each token keeps its instant."""
    first, second = event(said("a")), event(said("b")) + event(ended()) + DONE
    packer = zlib.compressobj(wbits=31 if packing == "gzip" else 15)
    one = packer.compress(first) + packer.flush(zlib.Z_SYNC_FLUSH)
    two = packer.compress(second) + packer.flush()
    top = head(f"Content-Encoding: {packing}")
    pieces = [(10, top), (20, chunks(one, last=False)), (30, chunks(two))]

    assert read(pieces).timing.stamps_ns == (20, 30)
    assert generation_of(read(pieces)).text == "ab"


def test_several_packets_are_one_stream() -> None:
    """A packer may begin anew with each piece."""
    packets = [gzip.compress(event(m)) for m in (said("a"), said("b"), ended())]

    response = read([(10, head("Content-Encoding: gzip") + chunks(b"".join(packets)))])

    assert generation_of(response).text == "ab"


def test_a_packing_that_was_not_asked_for() -> None:
    """It is named."""
    response = read([(10, head("Content-Encoding: br") + chunks(b"xyz"))])

    assert "packed as 'br'" in error_of(response)


def test_characters_in_two_halves() -> None:
    """Half a character holds no stamp; a half that stays alone is shown as such."""
    halves = [
        f'{{"choices":[{{"delta":{{"content":"{half}"}}}}]}}'
        for half in (r"a\ud83d", r"\ude00", r"\ud83d", "b")
    ]
    parts = [b"data: %b\n\n" % half.encode() for half in halves]
    pieces = [(10, head())] + [
        (20 + number, chunks(part, last=False)) for number, part in enumerate(parts)
    ]

    response = read([*pieces, (90, chunks(event(ended()), DONE))])

    assert generation_of(response).text == "a😀\ufffdb"
    assert response.timing.stamps_ns == (20, 21, 23)


def test_events_without_blank_lines() -> None:
    """A server that forgets them is understood, each message for itself."""
    text = body(said("a"), said("b"), ended(), used(2)).replace(b"\n\n", b"\n")

    response = read([(10, head() + chunks(text))])

    assert generation_of(response).text == "ab"
    assert response.timing.stamp_tokens == (1, 1)


def test_a_message_of_several_lines() -> None:
    """JSON that is spread over lines of data is one message."""
    text = json.dumps(said("a"), indent=1).replace("\n", "\ndata: ")

    response = read(
        [(10, head() + chunks(b"data: " + text.encode() + b"\n\n", event(ended())))]
    )

    assert generation_of(response).text == "a"


def test_the_last_event_need_not_be_ended() -> None:
    """A stream may stop right behind its end mark."""
    text = event(said("a")) + event(ended()) + b"data: [DONE]"

    assert generation_of(read([(10, head() + chunks(text))])).text == "a"


def test_all_that_matters_had_come_before_the_limit() -> None:
    """A server that hangs behind its end mark has answered."""
    whole = chunks(event(said("a")), event(ended()), DONE, last=False)

    response = read([(10, head() + whole)], complete=False, timed_out=True)

    assert generation_of(response).text == "a"
    assert not response.timed_out


def test_an_answer_that_was_interrupted_is_none() -> None:
    """One that ends with neither a reason nor its usage has been cut off."""
    response = read([(10, stream(said("The"), said(" rain")))])

    assert response.generation is None
    assert "neither a finish_reason nor its usage" in (response.error or "")
    assert len(response.timing.stamps_ns) == 2


def test_a_stop_string_that_the_server_left_in() -> None:
    """The answer ends before it, and what came after it counts for nothing."""
    request = replace(QUESTION, stop=("\nQ",))
    texts = ["yes", "\n", "Q", ":", " no"]
    pieces = [(10, head())] + [
        (20 + n, chunks(event(said(text)), last=False)) for n, text in enumerate(texts)
    ]
    used = {"choices": [], "usage": {"completion_tokens": 5, "prompt_tokens": 7}}

    response = read(
        [*pieces, (99, chunks(event(ended("length")), event(used), DONE))], request
    )

    assert generation_of(response).text == "yes"
    assert generation_of(response).finish == "stop"
    assert response.timing.stamps_ns == (20, 21, 22)
    assert generation_of(response).output_tokens == 3


@pytest.mark.parametrize(
    "message",
    [
        {"choices": "x"},
        {"choices": [3]},
        {"choices": [{"delta": "x"}]},
        {"choices": [{"delta": {"content": 3}}]},
        [],
        "x",
    ],
)
def test_a_message_of_another_shape(message: object) -> None:
    """It is an error, not an empty token."""
    assert error_of(at_once(said("a"), message, ended()))


def test_other_choices_are_not_mixed_in() -> None:
    """Only the first choice was asked for."""
    other = {"choices": [{"index": 1, "delta": {"content": "no"}}]}

    assert generation_of(at_once(said("a"), other, ended())).text == "a"


def test_parts_of_a_content() -> None:
    """Content may be a list of parts; the text of them is the answer."""
    parts = [{"type": "text", "text": "a"}, {"type": "image"}, {"text": "b"}]
    message = {"choices": [{"index": 0, "delta": {"content": parts}}]}

    assert generation_of(at_once(message, ended())).text == "ab"
