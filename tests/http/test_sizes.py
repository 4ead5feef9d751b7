"""An answer that has no end in size is given up; nothing takes the machine's memory."""

from __future__ import annotations

import gzip
import zlib
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.backends.completions.stream_reading import (
    read_stream,
    read_whole,
)
from pytest_llmlat.backends.completions.stream_reading import (
    said as words_of,
)
from pytest_llmlat.backends.transport.bodies import AnswerLimits, unpack
from pytest_llmlat.values.errors import BadCatalogue
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
