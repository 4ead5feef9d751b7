"""An answer that has no end in size is given up; nothing takes the machine's memory."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.backends.completions.server_words import said as words_of
from pytest_llmlat.backends.completions.stream_reading import (
    read_stream,
    read_whole,
)
from pytest_llmlat.backends.completions.thoughts import sort_text
from pytest_llmlat.backends.transport import bodies
from pytest_llmlat.backends.transport.bodies import AnswerLimits, unpack
from pytest_llmlat.backends.transport.connection import Attempt
from pytest_llmlat.backends.transport.events import lines
from pytest_llmlat.values.clock import ManualClock
from pytest_llmlat.values.errors import BadCatalogue
from pytest_llmlat.values.records import Request
from tests.http.asking import ask, error_of, url_of
from tests.http.loopback import body, chunks, ended, event, head, said

if TYPE_CHECKING:
    from tests.http.asking import Opener
    from tests.http.loopback import Loopback

MILLION = 1_000_000


def test_endless_events_are_given_up(server: Loopback, open_at: Opener) -> None:
    """With what allows more; the answer is an error and not a time-out."""
    pieces = [chunks(event(said("x" * 1000)), last=False)] * 3000
    server.scripts = [[head(), *pieces]]

    response = ask(open_at(url_of(server), max_body_bytes=MILLION))

    assert not response.timed_out
    assert "the body of the answer has more than 1,000,000 bytes" in error_of(response)
    assert "option max_body_bytes" in error_of(response)


def test_a_keep_alive_without_end_is_given_up(
    server: Loopback, open_at: Opener
) -> None:
    """Comments of a stream are bytes like others."""
    server.scripts = [[head(), *[chunks(b": ping\n\n" * 1000, last=False)] * 200]]

    response = ask(open_at(url_of(server), max_body_bytes=MILLION))

    assert "max_body_bytes" in error_of(response)


def test_an_answer_is_not_printed_with_what_came() -> None:
    """The loop prints the result of each task: a text of four times its size."""
    attempt = Attempt(data=bytearray(MILLION))
    attempt.stamps.extend([1] * 1000)
    attempt.sizes.extend([1000] * 1000)

    assert len(repr(attempt)) < 1000


@pytest.mark.parametrize("status", ["103 Early Hints", "200 OK"])
def test_a_head_without_end_is_given_up(
    server: Loopback, open_at: Opener, status: str
) -> None:
    """Be it one of many fields or many of few."""
    fields = b"X-Filler: " + b"y" * 1000 + b"\r\n"
    one = f"HTTP/1.1 {status}\r\n".encode() + fields * 10
    begun = [one + b"\r\n"] * 20 if status.startswith("103") else [one, fields * 100]
    server.scripts = [begun]

    response = ask(open_at(url_of(server)))

    assert "the head of the answer has more than 65,536 bytes" in error_of(response)
    assert "option max_head_bytes" in error_of(response)


@pytest.mark.parametrize("kind", ["gzip", "deflate"])
def test_a_bomb_is_not_unpacked(kind: str) -> None:
    """Ten megabytes of nothing are a few kilobytes on the way."""
    pack = gzip.compress if kind == "gzip" else zlib.compress
    bomb = pack(b"\x00" * 10 * MILLION)
    data = (
        f"HTTP/1.1 200 OK\r\nContent-Encoding: {kind}\r\n"
        f"Content-Length: {len(bomb)}\r\n\r\n"
    ).encode() + bomb

    found = unpack([1], [len(data)], data, AnswerLimits(body=MILLION))
    whole = unpack([1], [len(data)], data, AnswerLimits(body=10 * MILLION))

    assert found.trouble is not None
    assert "unpacked, the body of the answer has more than 1,000,000" in found.trouble
    assert sum(len(part) for _, part in found.parts) <= MILLION
    assert whole.trouble is None
    assert len(whole.body) == 10 * MILLION


def test_a_body_as_large_as_it_may_be_is_read(
    server: Loopback, open_at: Opener
) -> None:
    """A limit is a most, and not a first that is too much."""
    text = "x" * MILLION
    server.scripts = [[head() + chunks(body(said(text), ended()))]]

    response = ask(open_at(url_of(server), max_body_bytes=2 * MILLION))

    assert response.generation is not None
    assert response.generation.text == text


@pytest.mark.parametrize("value", [0, "much", True])
def test_a_limit_that_is_none_is_told(
    server: Loopback, open_at: Opener, value: float | str
) -> None:
    """Before anything is asked."""
    with pytest.raises(BadCatalogue, match=r"max_body_bytes = .* number of at least 1"):
        open_at(url_of(server), max_body_bytes=value)


def test_far_more_messages_than_tokens_are_not_read() -> None:
    """To read sixty megabytes of them would take longer than any time limit."""
    message = event(said("x"))

    reading = read_stream([(n, message) for n in range(10_050)], most_tokens=8)

    assert reading.unread
    assert reading.error == (
        "more than 10,032 messages came for at most 8 tokens, and the rest is not read"
    )
    assert len(reading.pieces) == 10_032
    assert not read_stream([(n, message) for n in range(9000)], most_tokens=8).unread


def test_comments_without_end_are_not_read() -> None:
    """The stream is then as one that was cut off."""
    reading = read_stream([(0, b": ping\n" * 100_000), (1, event(said("x")))], 8)

    assert (reading.texts, reading.done) == (0, False)


def test_a_large_object_is_not_read() -> None:
    """A list of lists takes twenty times the memory of its text."""
    reading = read_whole(b"[" + b"[]," * 3 * MILLION + b"0]")

    assert reading.error == "the answer has 9,000,003 bytes in one piece of JSON"
    assert words_of(b"n" * 9 * MILLION) == "n" * 10_000


def test_times_of_what_is_not_read_whole_are_those_of_its_end(
    server: Loopback, open_at: Opener
) -> None:
    """Those of its first part alone would make it faster than it was."""
    many = chunks(body(*[said("x")] * 10_300, ended(), done=True))
    server.scripts = [[head(), many]]

    response = ask(open_at(url_of(server)))

    assert "more than 10,256 messages came" in error_of(response)
    assert response.timing.stamps_ns == ()
    assert response.timing.e2e_s > 0


def test_chunks_that_arrive_together_are_one_part() -> None:
    """Ten million of a byte each would take a gigabyte, each as a part of its own."""
    data = head() + b"1\r\nx\r\n" * 1000 + b"0\r\n\r\n"

    answer = unpack([5, 7], [len(data) - 605, 605], data, AnswerLimits())

    assert [stamp for stamp, _ in answer.parts] == [5, 7]
    assert answer.body == b"x" * 1000


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    "many",
    [b"1\r\nx\r\n" * 2_000, b"0\r\n" + b"a:b\r\n" * 2_000],
    ids=["chunks", "fields behind the body"],
)
def test_more_chunks_than_are_read_are_told(
    monkeypatch: pytest.MonkeyPatch, many: bytes
) -> None:
    """Each takes its time, however short: ten million outlive any time limit."""
    monkeypatch.setattr(bodies, "MOST_PARTS", 1_000)
    data = CHUNKED + many + b"0\r\n\r\n"

    answer = unpack([1], [len(data)], data, AnswerLimits())

    assert answer.trouble == "the body of the answer has more than 1,000 chunks"
    assert len(answer.body) in (0, 1_000)
    assert not answer.whole


def test_more_packets_than_are_read_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """One after the other they are one body, up to so many."""
    monkeypatch.setattr(bodies, "MOST_PACKETS", 100)
    few, many = (gzip.compress(b"x") * count for count in (100, 102))

    found = [
        unpack([1], [len(data)], data, AnswerLimits())
        for body_ in (few, many)
        for data in (zipped(body_),)
    ]

    assert [(one.trouble, len(one.body)) for one in found] == [
        (None, 100),
        ("the answer has more than 100 packets", 0),
    ]


def zipped(body_: bytes) -> bytes:
    """Return an answer whose body is packed."""
    told = f"Content-Encoding: gzip\r\nContent-Length: {len(body_)}"
    return f"HTTP/1.1 200 OK\r\n{told}\r\n\r\n".encode() + body_


@pytest.mark.parametrize("size", [1, 5, 4095, 4096, 9000])
def test_a_packed_body_is_the_same_however_it_is_cut(size: int) -> None:
    """Packets of all lengths, one behind the other."""
    texts = [bytes([65 + n % 26]) * n * 37 for n in range(60)]
    data = zipped(b"".join(map(gzip.compress, texts)))
    sizes = [min(size, len(data) - at) for at in range(0, len(data), size)]

    answer = unpack(range(len(sizes)), sizes, data, AnswerLimits())

    assert (answer.trouble, answer.body) == (None, b"".join(texts))


def test_line_ends_alone_take_no_memory_each() -> None:
    """A part that is unpacked from a few kilobytes may be nothing else."""
    tracemalloc.start()
    try:
        count = sum(1 for _ in lines([(1, b"\n" * 3 * MILLION)]))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert count == 3 * MILLION
    assert peak < 10 * MILLION


def test_more_values_than_tokens_can_have_are_not_read() -> None:
    """Short lists take seconds and many times the memory of their text."""
    message = b'data: {"choices": [], "a": [' + b"[]," * 300_000 + b"0]}\n\n"

    reading = read_stream([(1, message)] * 9, most_tokens=8)

    assert reading.unread
    assert "more than 1,008,000 values came for at most 8 tokens" in (
        reading.error or ""
    )
    assert not read_stream([(1, message)], most_tokens=8).unread


def test_a_text_of_line_ends_is_searched_once_for_tags() -> None:
    """From each line on, all that follow would be looked at again."""
    text = "\n" * 200_000
    request = Request(prompt="a", chat=True, max_new_tokens=8)

    plain = sort_text(text, request, ManualClock())
    told = sort_text(f"a\n\n \t</think>{text}b", request, ManualClock())

    assert plain[:2] == (text, None)
    assert told[1] == "a"
